"""What device.sql found out about one device: read back as Arrow, checked to be complete, in order."""

from collections.abc import Iterator
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc
from yt.wrapper import YtClient

from signalq_billing.adapters.ytsaurus.arrow import arrow_table, read_whole
from signalq_billing.adapters.ytsaurus.result import bad_row_example
from signalq_billing.adapters.ytsaurus.statement import instant
from signalq_billing.domain.activity import BAD_ROW_REASONS, BadRows
from signalq_billing.domain.device_history import DeviceHistory, Event, Sightings
from signalq_billing.errors import SourceUnavailable

SCHEMA = pa.schema(
    [
        ("kind", pa.large_binary()),
        ("park_id", pa.large_binary()),
        ("status", pa.large_binary()),
        ("first_us", pa.uint64()),
        ("last_us", pa.uint64()),
        ("row_count", pa.uint64()),
        ("example", pa.large_binary()),
        ("other_example", pa.large_binary()),
    ]
)
ORDER = [("first_us", "ascending"), ("park_id", "ascending"), ("status", "ascending")]


@dataclass(frozen=True, slots=True)
class Found:
    """A result table of device.sql in memory: events, what is before and after them, and the groups of bad rows."""

    groups: pa.Table

    def history(self, device_id: str, lookback_days: int) -> DeviceHistory:
        """As values."""
        return DeviceHistory(
            device_id,
            lookback_days,
            events=tuple(self._events()),
            lookback=tuple(self._sightings(b"lookback")),
            before=tuple(self._sightings(b"before")),
            after=tuple(self._sightings(b"after")),
            bad_rows=self._bad_rows(),
            rows_read=_sum(self.groups["row_count"]),
        )

    def _of(self, kind: bytes) -> pa.Table:
        return self.groups.filter(pc.equal(self.groups["kind"], pa.scalar(kind, pa.large_binary())))

    def _rows(self, kind: bytes) -> int:
        return _sum(self._of(kind)["row_count"])

    def _events(self) -> Iterator[Event]:
        events = self._of(b"event").sort_by(ORDER)
        columns = [events[name].to_pylist() for name in ("first_us", "row_count")]
        texts = [_texts(events[name]) for name in ("park_id", "status")]
        for at, rows, park_id, status in zip(*columns, *texts, strict=True):
            yield Event(instant(at), park_id, status, rows - 1)

    def _sightings(self, kind: bytes) -> Iterator[Sightings]:
        for row in self._of(kind).sort_by([("park_id", "ascending")]).to_pylist():
            yield Sightings(
                park_id=row["park_id"].decode(),
                first=instant(row["first_us"]),
                last=instant(row["last_us"]),
                last_status=row["status"].decode(),
                rows=row["row_count"],
            )

    def _bad_rows(self) -> BadRows:
        by_reason: dict[str, int] = {}
        examples: list[dict[str, str | None]] = []
        for number, reason in enumerate(BAD_ROW_REASONS, start=1):
            for row in self._of(b"%d" % number).to_pylist():
                by_reason[reason] = row["row_count"]
                shown = dict.fromkeys((row["example"].decode(), row["other_example"].decode()))
                examples.extend(bad_row_example(reason, each) for each in shown)
        considered = sum(by_reason.values()) + self._rows(b"event") + self._rows(b"lookback")
        return BadRows(by_reason, considered, tuple(examples))


def read_history(client: YtClient, path: str) -> Found:
    """Read all of device.sql's result table. Raises SourceUnavailable if it keeps coming incomplete, SourceInvalid if
    it is gone or is not one of ours."""
    return read_whole(client, path, checked_history, "ask again")


def checked_history(content: bytes, path: str) -> Found:
    """A result table's Arrow bytes, proven complete. Raises SourceUnavailable, SourceInvalid."""
    table = arrow_table(content, SCHEMA, path)
    summary = pc.equal(table["kind"], pa.scalar(b"", pa.large_binary()))
    counted = table.filter(summary)["row_count"].to_pylist()
    groups = table.filter(pc.invert(summary))
    if counted != [groups.num_rows]:
        raise SourceUnavailable(f"reading {path}: {groups.num_rows} groups of rows came instead of {counted}")
    return Found(groups)


def _sum(column: pa.ChunkedArray) -> int:
    return int(pc.sum(column).as_py() or 0)


def _texts(column: pa.ChunkedArray) -> list[str]:
    """The column as text; equal values are one object, for there are few among very many rows."""
    known = column.combine_chunks().dictionary_encode()
    values = [value.decode() for value in known.dictionary.to_pylist()]
    return [values[index] for index in known.indices.to_pylist()]
