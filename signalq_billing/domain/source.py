"""Where status_history lies and how it is to be read: source.yaml as a value (SPEC sections 3 and 10)."""

import datetime as dt
import re
from dataclasses import dataclass, field
from fractions import Fraction
from functools import cached_property

from signalq_billing.domain.period import local_midnight, zone

MAX_WATERMARK = "max"
_PARTS = {"%Y": r"(?P<Y>\d{4})", "%m": r"(?P<m>\d{2})", "%d": r"(?P<d>\d{2})", "%%": "%"}
_ONE_DAY, _INSTANT = dt.timedelta(days=1), dt.timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class SourceColumns:
    """The columns of status_history under the names they have there; `event_id` None where there is none."""

    park_id: str = "park_id"
    device_id: str = "device_id"
    status: str = "status"
    status_at: str = "status_at"
    event_id: str | None = None


@dataclass(frozen=True)
class DailyTables:
    """A status_history that is a directory with a table per day, named like `name`: %Y, %m and %d are the day's.

    A table holds the rows of its day in `timezone`, and maybe rows of up to `days_around` days before and after it.
    """

    directory: str
    name: str = "%Y-%m-%d"
    timezone: str = "UTC"
    days_around: int = 1

    def __str__(self) -> str:
        return f"{self.directory}/{self.name}"

    def path(self, day: dt.date) -> str:
        """Where the table of `day` lies."""
        values = {"%Y": f"{day.year:04}", "%m": f"{day.month:02}", "%d": f"{day.day:02}", "%%": "%"}
        return f"{self.directory}/{re.sub('%.', lambda part: values[part[0]], self.name)}"

    def day(self, name: str) -> dt.date | None:
        """The day that a table of this name holds; None for what is none of the daily tables."""
        found = self._pattern.fullmatch(name)
        try:
            return dt.date(*(int(found[part]) for part in "Ymd")) if found else None
        except ValueError:
            return None

    def begins(self, day: dt.date) -> dt.datetime:
        """The instant from which on rows belong into the table of `day`."""
        return local_midnight(day, self.timezone)

    def days(self, start: dt.datetime, end: dt.datetime, around: int = 0) -> list[dt.date]:
        """The days of the tables for the instants from `start` up to `end`, and `around` more on either side."""
        tz = zone(self.timezone)
        first = start.astimezone(tz).date() - around * _ONE_DAY
        last = (end - _INSTANT).astimezone(tz).date() + around * _ONE_DAY
        return [first + number * _ONE_DAY for number in range((last - first).days + 1)]

    @cached_property
    def _pattern(self) -> re.Pattern[str]:
        parts = re.split("(%.)", self.name)
        return re.compile("".join(_PARTS.get(part, re.escape(part)) for part in parts), re.ASCII | re.DOTALL)


def check_daily_name(name: str) -> None:
    """Raises ValueError, which completes "it ...", for a name of daily tables that does not tell one day from all."""
    found = re.findall("%.?", name, re.DOTALL)
    if "/" in name or sorted(part for part in found if part != "%%") != ["%Y", "%d", "%m"]:
        raise ValueError("must be a name with %Y, %m and %d in it, once each, and no slash, such as %Y-%m-%d")


@dataclass(frozen=True, slots=True)
class Source:
    """One status_history and what surrounds it.

    `table` is the path of one table, or a directory of daily ones; `watermark` "max" (of status_at) or the path of an
    attribute. `result_directory` is where result tables go, `clique` the CHYT clique that computes them.
    `bad_row_share` above 1 never stops a run. `spill_above_bytes` is how much memory each instance of the clique may
    fill with the devices' events before it goes on on disk, which is slower; None for what the clique is set to.
    `device_buckets`: devices are extracted in so many turns, each of which takes that part of the memory and a scan.
    """

    table: str | DailyTables
    result_directory: str
    columns: SourceColumns = field(default_factory=SourceColumns)
    watermark: str = MAX_WATERMARK
    lookback_days: int = 30
    replica_lag_allowance: dt.timedelta = dt.timedelta(minutes=15)
    bad_row_share: Fraction = Fraction(1, 1000)
    clique: str = "ch_public"
    spill_above_bytes: int | None = None
    device_buckets: int = 1
