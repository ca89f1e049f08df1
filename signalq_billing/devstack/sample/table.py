"""The sample's history in YTsaurus: a static table, or one per day, written whole with the real client."""

import datetime as dt
from collections.abc import Iterable, Iterator
from typing import Any

from signalq_billing.devstack.sample.life import StatusEvent
from signalq_billing.domain.period import zone
from signalq_billing.domain.source import DailyTables, Source

MARK = "signalq_billing_sample"  # an attribute: until when the history reaches; a table without it is not ours
_VERSION = "2"
_LONGEST = dt.timedelta(days=400)  # rows with an absurd time must not make a table for every day since


def reaches(client: Any, source: Source) -> dt.datetime | None:  # noqa: ANN401 - the client has no types
    """How far the sample history there reaches; None if there is none, or one of an older make.

    Raises PermissionError for a table that somebody else wrote.
    """
    place = _place(source)
    if not client.exists(place):
        return None
    if not client.exists(f"{place}/@{MARK}"):
        raise PermissionError(f"{place} holds data that is not the sample's")
    version, _, until = str(client.get(f"{place}/@{MARK}")).partition(" ")
    return dt.datetime.fromisoformat(until) if version == _VERSION else None


def write(client: Any, source: Source, rows: Iterable[StatusEvent], until: dt.datetime) -> None:  # noqa: ANN401
    """Replace the history by these rows, in one transaction: readers see all of the old or all of the new."""
    with client.Transaction():
        if isinstance(source.table, str):
            _write_table(client, source, source.table, rows)
        else:
            client.create("map_node", source.table.directory, recursive=True, force=True)
            for day, of_day in _by_day(source.table, rows, until).items():
                _write_table(client, source, source.table.path(day), of_day)
        client.set(f"{_place(source)}/@{MARK}", f"{_VERSION} {until.isoformat()}")


def _write_table(client: Any, source: Source, path: str, rows: Iterable[StatusEvent]) -> None:  # noqa: ANN401
    from yt.wrapper import YsonFormat

    client.create("table", path, recursive=True, force=True, attributes={"schema": _schema(source)})
    client.write_table(path, _records(source, rows), format=YsonFormat(format="binary"))


def _by_day(daily: DailyTables, rows: Iterable[StatusEvent], until: dt.datetime) -> dict[dt.date, list[StatusEvent]]:
    """Every day up to `until` has a table; a row whose time is of no such day is in the last one."""
    last = until.astimezone(zone(daily.timezone)).date()
    found: dict[dt.date, list[StatusEvent]] = {}
    for row in rows:
        day = last if row.status_at is None else _day(daily, row.status_at)
        found.setdefault(day if last - _LONGEST <= day <= last else last, []).append(row)
    first = min(found, default=last)
    return {day: found.get(day, []) for day in (first + dt.timedelta(n) for n in range((last - first).days + 1))}


def _day(daily: DailyTables, micros: int) -> dt.date:
    try:
        at = dt.datetime(1970, 1, 1, tzinfo=dt.UTC) + dt.timedelta(microseconds=micros)
    except OverflowError:
        return dt.date.max
    return at.astimezone(zone(daily.timezone)).date()


def _place(source: Source) -> str:
    return source.table if isinstance(source.table, str) else source.table.directory


def _schema(source: Source) -> list[dict[str, object]]:
    columns = source.columns
    types = dict.fromkeys((columns.park_id, columns.device_id, columns.status), "string")
    types[columns.status_at] = "timestamp"
    if columns.event_id:
        types[columns.event_id] = "string"
    return [{"name": name, "type": kind, "required": False} for name, kind in types.items()]


def _records(source: Source, rows: Iterable[StatusEvent]) -> Iterator[dict[str, object]]:
    from yt.yson import YsonUint64

    names = source.columns
    for row in rows:
        record: dict[str, object] = {
            names.park_id: row.park_id,
            names.device_id: row.device_id,
            names.status: row.status,
            names.status_at: None if row.status_at is None else YsonUint64(row.status_at),
        }
        if names.event_id:
            record[names.event_id] = row.event_id
        yield record
