"""The sample's history in YTsaurus: a static table with a schema, written whole with the real client."""

import datetime as dt
from collections.abc import Iterable, Iterator
from typing import Any

from signalq_billing.devstack.sample.life import StatusEvent
from signalq_billing.domain.source import Source

MARK = "signalq_billing_sample"  # an attribute: until when the history reaches; a table without it is not ours
_VERSION = "2"


def reaches(client: Any, source: Source) -> dt.datetime | None:  # noqa: ANN401 - the client has no types
    """How far the sample history there reaches; None if there is none, or one of an older make.

    Raises PermissionError for a table that somebody else wrote.
    """
    if not client.exists(source.table):
        return None
    if not client.exists(f"{source.table}/@{MARK}"):
        raise PermissionError(f"{source.table} holds data that is not the sample's")
    version, _, until = str(client.get(f"{source.table}/@{MARK}")).partition(" ")
    return dt.datetime.fromisoformat(until) if version == _VERSION else None


def write(client: Any, source: Source, rows: Iterable[StatusEvent], until: dt.datetime) -> None:  # noqa: ANN401
    """Replace the table by these rows, in one transaction: readers see all of the old or all of the new."""
    from yt.wrapper import YsonFormat

    with client.Transaction():
        client.create("table", source.table, recursive=True, force=True, attributes={"schema": _schema(source)})
        client.write_table(source.table, _records(source, rows), format=YsonFormat(format="binary"))
        client.set(f"{source.table}/@{MARK}", f"{_VERSION} {until.isoformat()}")


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
