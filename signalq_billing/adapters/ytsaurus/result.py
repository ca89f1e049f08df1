"""Result tables read back as Arrow: whole, checked to be complete, sorted, one park at a time."""

import io
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import groupby
from typing import TypeVar

import pyarrow as pa
import pyarrow.compute as pc
from yt.wrapper import YtClient

from signalq_billing.adapters.ytsaurus.failures import translated
from signalq_billing.domain.activity import BAD_ROW_REASONS, BadRows, DeviceActivity, ParkActivity
from signalq_billing.domain.period import Period
from signalq_billing.errors import SourceInvalid, SourceUnavailable

SCHEMA = pa.schema(
    [
        ("park_id", pa.large_binary()),
        ("device_id", pa.large_binary()),
        ("day_seconds", pa.large_binary()),
        ("rows_read", pa.uint64()),
        ("rows_considered", pa.uint64()),
        ("newest_us", pa.uint64()),
        ("lines", pa.uint64()),
        ("bad_rows", pa.large_binary()),
    ]
)
ATTEMPTS = 4
Found = TypeVar("Found")
END_OF_STREAM = b"\xff\xff\xff\xff\0\0\0\0"
EXAMPLE_FIELDS = ("park_id", "device_id", "status", "status_at", "event_id")


@dataclass(frozen=True, slots=True)
class Statistics:
    """What the scan says about itself. `newest_us` is the newest good `status_at` in microseconds, 0 if there is none;
    `lines` is how many lines the result table must have."""

    rows_read: int
    newest_us: int
    lines: int
    bad_rows: BadRows


@dataclass(frozen=True, slots=True)
class Result:
    """A result table in memory: its statistics, and its lines sorted bytewise by park and device."""

    statistics: Statistics
    lines: pa.Table


def read_result(client: YtClient, path: str) -> Result:
    """Read all of a result table. Raises SourceUnavailable if it keeps coming incomplete, SourceInvalid if it is gone
    or is not one of ours."""
    return read_whole(client, path, checked_result, "extract the period again")


def read_whole(client: YtClient, path: str, checked: Callable[[bytes, str], Found], remedy: str) -> Found:
    """A table's Arrow bytes as what `checked` makes of them; what it calls SourceUnavailable is read again, a few
    times. Raises SourceUnavailable, or SourceInvalid if the table is gone: `remedy` says what to do then."""
    for attempt in range(1, ATTEMPTS + 1):
        try:
            return checked(_read_once(client, path, remedy), path)
        except SourceUnavailable:
            if attempt == ATTEMPTS:
                raise
            time.sleep(0.3 * 2**attempt)
    raise AssertionError("unreachable")


def parks(result: Result, path: str, period: Period) -> Iterator[ParkActivity]:
    """The lines as values, one park after another. Raises SourceInvalid for lines that do not fit `period`."""
    lengths = [
        int((end - begin).total_seconds()) for begin, end in zip(period.midnights, period.midnights[1:], strict=False)
    ]
    rows = (
        (park.as_py(), device.as_py(), days.as_py())
        for batch in result.lines.to_batches(max_chunksize=65_536)
        for park, device, days in zip(
            *(batch.column(name) for name in ("park_id", "device_id", "day_seconds")), strict=True
        )
    )
    for park_id, lines in groupby(rows, key=lambda row: row[0]):
        devices = tuple(
            DeviceActivity(device_id.decode(), _day_seconds(days, lengths, path, period))
            for _, device_id, days in lines
        )
        yield ParkActivity(park_id.decode(), devices)


def _day_seconds(text: bytes, lengths: list[int], path: str, period: Period) -> tuple[int, ...]:
    parts = text.split(b",")
    seconds = tuple(int(part) if part.isdigit() else -1 for part in parts)
    if len(parts) != len(lengths) or not all(0 <= each <= most for each, most in zip(seconds, lengths, strict=True)):
        raise SourceInvalid(f"{path} was not computed for {period}: {text.decode()} are not the seconds of its days")
    return seconds


def _read_once(client: YtClient, path: str, remedy: str) -> bytes:
    with translated(f"reading {path}", f"the result table is gone; {remedy}"):
        stream = client.read_table(path, format="arrow", raw=True, enable_read_parallel=False)
        try:
            return bytes(stream.read())
        finally:
            stream.close()


def checked_result(content: bytes, path: str) -> Result:
    """A result table's Arrow bytes, sorted and proven complete. Raises SourceUnavailable, SourceInvalid."""
    table = arrow_table(content, SCHEMA, path)
    scan = pc.equal(table["park_id"], pa.scalar(b"", pa.large_binary()))
    statistics = _statistics(table.filter(scan), path)
    lines = table.filter(pc.invert(scan)).select(["park_id", "device_id", "day_seconds"])
    if lines.num_rows != statistics.lines:
        raise SourceUnavailable(f"reading {path}: {lines.num_rows} of {statistics.lines} lines came")
    return Result(statistics, lines.sort_by([("park_id", "ascending"), ("device_id", "ascending")]))


def arrow_table(content: bytes, schema: pa.Schema, path: str) -> pa.Table:
    """All streams of an answer as one table of these columns and types, whatever order, encoding and string type each
    came in. Raises SourceInvalid for a column that is missing, SourceUnavailable for a cut stream."""
    try:
        return pa.concat_tables(_streams(content, schema)).combine_chunks()
    except (pa.ArrowException, OSError) as error:
        raise SourceUnavailable(f"reading {path}: the Arrow stream is broken: {error}") from error


def _streams(content: bytes, schema: pa.Schema) -> Iterator[pa.Table]:
    yield pa.Table.from_batches([], schema=schema)
    buffer = io.BytesIO(content)
    while buffer.tell() < len(content):
        # An empty table is sent as nothing at all, as the end of a stream alone, or as a stream without columns.
        if content.startswith(END_OF_STREAM, buffer.tell()):
            buffer.seek(len(END_OF_STREAM), io.SEEK_CUR)
            continue
        part = pa.ipc.open_stream(buffer).read_all()
        if part.num_columns == 0:
            continue
        missing = set(schema.names) - set(part.column_names)
        if missing:
            raise SourceInvalid(f"a result table without {', '.join(sorted(missing))} was not written by this version")
        yield pa.Table.from_arrays([_plain(part[field.name], field.type) for field in schema], schema=schema)


def _plain(column: pa.ChunkedArray, wanted: pa.DataType) -> pa.ChunkedArray:
    if pa.types.is_dictionary(column.type):
        column = column.cast(column.type.value_type)
    return column.cast(wanted)


def _statistics(scan: pa.Table, path: str) -> Statistics:
    if scan.num_rows > 1:
        raise SourceInvalid(f"{path} has {scan.num_rows} rows of statistics: it was not written by this version")
    if scan.num_rows == 0:
        return Statistics(rows_read=0, newest_us=0, lines=0, bad_rows=BadRows())
    row = scan.to_pylist()[0]
    return Statistics(
        row["rows_read"], row["newest_us"], row["lines"], _bad_rows(row["bad_rows"], row["rows_considered"])
    )


def _bad_rows(text: bytes, considered: int) -> BadRows:
    by_reason: dict[str, int] = {}
    examples: list[dict[str, str | None]] = []
    for line in text.decode().splitlines():
        number, count, *shown = line.split(" ")
        reason = BAD_ROW_REASONS[int(number) - 1]
        by_reason[reason] = int(count)
        examples.extend(bad_row_example(reason, each) for each in dict.fromkeys(shown))
    return BadRows(by_reason, considered, tuple(examples))


def bad_row_example(reason: str, shown: str) -> dict[str, str | None]:
    """A bad row as a statement shows it: None for a null; bytes that are no UTF-8 are shown as escapes."""
    values = (
        None if each == "-" else bytes.fromhex(each).decode(errors="backslashreplace") for each in shown.split(":")
    )
    return {"reason": reason, **dict(zip(EXAMPLE_FIELDS, values, strict=False))}
