"""A status_history of daily tables: which of them a period needs, whether all of those are there, and which state of
them there is. A table that is missing is never taken for a day on which nothing happened."""

import datetime as dt
import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from yt.wrapper import YtClient

from signalq_billing.adapters.ytsaurus.failures import translated
from signalq_billing.adapters.ytsaurus.table import check_schema, state_named
from signalq_billing.domain.period import Period
from signalq_billing.domain.source import DailyTables, Source
from signalq_billing.errors import ActivityIncomplete, SourceInvalid

_ATTRIBUTES = ["type", "id", "content_revision", "revision", "schema"]
_NAMED = 5


@dataclass(frozen=True, slots=True)
class Directory:
    """What one look at the directory showed: the attributes of its daily tables, oldest day first."""

    source: Source
    daily: DailyTables
    tables: Mapping[dt.date, Mapping[str, Any]]

    def checked(self, days: Sequence[dt.date]) -> list[str]:
        """The paths of these days' tables. Raises SourceInvalid for one that is not as source.yaml says, or whose
        `status_at` is of another type than that of the others."""
        instants: dict[str, str] = {}
        for day in days:
            path = self.daily.path(day)
            types = check_schema(self.tables[day].get("schema") or (), path, self.source)
            instants.setdefault(types.get(self.source.columns.status_at, ""), path)
        if len(instants) > 1:
            told = ", ".join(f"{kind or 'without a schema'} in {path}" for kind, path in instants.items())
            raise SourceInvalid(
                f"{self.source.columns.status_at!r} has different types in the tables to be read together: {told}; "
                "make them one type"
            )
        return [self.daily.path(day) for day in days]

    def around(self, period: Period) -> list[dt.date]:
        """The days there are tables of that can hold a row of the period or its lookback."""
        return [day for day in self._wanted(period) if day in self.tables]

    def check_whole(self, period: Period, watermark: dt.datetime | None) -> None:
        """Returns if no table is missing that can hold a row of the period or its lookback.

        None is expected before the oldest one there is, unless it is of the period itself, nor of days after the
        period that begin after the watermark. Raises ActivityIncomplete if those that are missing are newer than all
        there are, for they may yet come; SourceInvalid else.
        """
        own = self.daily.days(period.start, period.end)
        oldest, newest = min(self.tables), max(self.tables)
        missing = [
            day
            for day in self._wanted(period)
            if day not in self.tables
            and (day in own or day >= oldest)
            and (day <= own[-1] or (watermark is not None and self.daily.begins(day) <= watermark))
        ]
        gaps = [day for day in missing if day < newest]
        if gaps:
            raise SourceInvalid(
                f"{self._named(gaps)} of {self.daily} {_are(gaps)} missing, which {period} and its lookback need: "
                "what is missing was not idle. Restore it; for a day on which no camera sent anything make an empty one"
            )
        if missing:
            raise ActivityIncomplete(
                f"{self._named(missing)} of {self.daily} {_are(missing)} not there yet, which {period} needs. "
                "Nobody is paid until then"
            )

    def newest_first(self) -> Iterator[list[dt.date]]:
        """Days in which to look for the newest row: as many as can hold it if the newest table has a row at all, then
        ever more older ones."""
        days = list(self.tables)
        step = 1 + 2 * self.daily.days_around
        while days:
            yield days[-step:]
            days = days[:-step]
            step *= 4

    def state(self, days: Sequence[dt.date]) -> str:
        """A name for the present state of these days' tables; it tells one that is gone, too."""
        if not days:
            return ""
        digest = hashlib.sha256()
        for day in days:
            digest.update(f"{day} {state_named(self.tables.get(day, {}))}\n".encode())
        return f"{days[0]}/{days[-1]}:{digest.hexdigest()[:16]}"

    def _wanted(self, period: Period) -> list[dt.date]:
        start = period.start - dt.timedelta(days=self.source.lookback_days)
        return self.daily.days(start, period.end, self.daily.days_around)

    def _named(self, days: Sequence[dt.date]) -> str:
        names = [self.daily.path(day).rpartition("/")[2] for day in days[:_NAMED]]
        more = f" and {len(days) - _NAMED} more" if len(days) > _NAMED else ""
        return f"the table{'s' if len(days) > 1 else ''} {', '.join(names)}{more}"


def look(client: YtClient, source: Source, daily: DailyTables) -> Directory:
    """Look at the directory, at one moment. Raises SourceInvalid if it is not there or has no table named as `name`
    says, SourceUnavailable."""
    doing = f"looking at {daily.directory}"
    with translated(doing, "there is no such directory; correct `table.directory` in source.yaml"):
        listed = list(client.list(daily.directory, attributes=_ATTRIBUTES))
        named = {day: node for node in listed if (day := daily.day(str(node))) is not None}
        tables = {day: _attributes(client, daily.path(day), named[day].attributes) for day in sorted(named)}
    if not tables:
        raise SourceInvalid(
            f"{daily.directory} has no table named like {daily.name}; correct `table` in source.yaml"
            + (f" (there are: {', '.join(sorted(map(str, listed))[:_NAMED])})" if listed else "")
        )
    return Directory(source, daily, tables)


def _attributes(client: YtClient, path: str, attributes: Mapping[str, Any]) -> Mapping[str, Any]:
    """Those of the table itself where the directory has only a link to it."""
    if attributes.get("type") == "link":
        attributes = {name: client.get(f"{path}/@{name}") for name in ("type", "id", "revision", "schema")}
    if attributes.get("type", "table") != "table":
        raise SourceInvalid(f"{path} is a {attributes['type']}, not a table; correct `table` in source.yaml")
    return attributes


def _are(days: Sequence[dt.date]) -> str:
    return "are" if len(days) > 1 else "is"
