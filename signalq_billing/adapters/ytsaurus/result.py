"""Result tables read back: proven complete, in bytewise order, one park at a time, whatever their size."""

import tempfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import chain, groupby, pairwise
from operator import itemgetter
from typing import IO

import pyarrow as pa
import pyarrow.compute as pc
from yt.wrapper import YtClient

from signalq_billing.adapters.ytsaurus.day_seconds import DaySeconds, NotOfPeriod, day_seconds
from signalq_billing.adapters.ytsaurus.slices import slices
from signalq_billing.adapters.ytsaurus.sorted_lines import SCHEMA as LINES
from signalq_billing.adapters.ytsaurus.sorted_lines import SortedLines
from signalq_billing.domain.activity import BAD_ROW_REASONS, BadRows, DeviceActivity, ParkActivity
from signalq_billing.domain.period import Period
from signalq_billing.errors import SourceInvalid, SourceUnavailable

SCHEMA = pa.schema(
    [
        *LINES,
        ("rows_read", pa.uint64()),
        ("rows_considered", pa.uint64()),
        ("newest_us", pa.uint64()),
        ("lines", pa.uint64()),
        ("bad_rows", pa.large_binary()),
    ]
)
# pyarrow imports pandas, where that is installed, to make an empty table or a scalar in any other way.
_NOTHING = pa.Table.from_batches([], schema=SCHEMA)
BYTES_AT_ONCE = 2 << 20
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
    """A result table that is here completely: its statistics, and its lines sorted bytewise by park and device."""

    statistics: Statistics
    lines: SortedLines


def read_statistics(client: YtClient, path: str, period: Period) -> Statistics:
    """What the scan says about itself, held against the number of rows that are there; no more is read than that takes.

    Raises SourceUnavailable if the table is not complete, SourceInvalid if it is gone or is not one of ours.
    """
    found = slices(client, path)
    # In a sorted table they come first; a clique that wrote in pieces may have put them anywhere.
    first = [found.between(0, min(2, found.rows), SCHEMA)] if found.rows else []
    scans = (part.filter(pc.invert(_is_line(part))) for part in chain(first, found.of(_rows_at_once(period), SCHEMA)))
    scan = next((each for each in scans if each.num_rows), _NOTHING)
    statistics = _statistics(scan, path)
    _check_complete(found.rows - scan.num_rows, statistics, path)
    return statistics


@contextmanager
def opened(client: YtClient, path: str, period: Period) -> Iterator[Result]:
    """All of a result table, on this machine's disk if it is not small.

    Raises SourceUnavailable if it is not complete, SourceInvalid if it is gone or is not one of ours.
    """
    found = slices(client, path)
    with tempfile.SpooledTemporaryFile(max_size=BYTES_AT_ONCE) as file:
        yield checked_result(found.of(_rows_at_once(period), SCHEMA), path, file)


def checked_result(parts: Iterable[pa.Table], path: str, file: IO[bytes]) -> Result:
    """The parts of a result table together, sorted and proven complete; their lines are kept in `file`.

    Raises SourceUnavailable, SourceInvalid.
    """
    scans, lines = [_NOTHING], SortedLines(file)
    for part in parts:
        is_line = _is_line(part)
        scans.append(part.filter(pc.invert(is_line)))
        try:
            lines.add(part.filter(is_line).select(LINES.names))
        except OSError as error:
            where = tempfile.gettempdir()
            raise SourceUnavailable(f"reading {path}: its lines cannot be kept in {where}: {error}") from error
    statistics = _statistics(pa.concat_tables(scans), path)
    _check_complete(len(lines), statistics, path)
    return Result(statistics, lines)


def parks(result: Result, path: str, period: Period) -> Iterator[ParkActivity]:
    """The lines as values, one park after another. Raises SourceInvalid for lines that do not fit `period`."""
    longest = [int((end - begin).total_seconds()) for begin, end in pairwise(period.midnights)]

    def days(texts: pa.Array) -> Iterable[DaySeconds]:
        try:
            return day_seconds(texts, longest)
        except NotOfPeriod as error:
            raise SourceInvalid(
                f"{path} was not computed for {period}: {error} are not the seconds of its days"
            ) from None

    for park_id, lines in groupby(result.lines.read(days), key=itemgetter(0)):
        devices = tuple(DeviceActivity(device_id.decode(), seconds) for _, device_id, seconds in lines)
        _check_once(park_id, devices, path)
        yield ParkActivity(park_id.decode(), devices)


def _check_once(park_id: bytes, devices: Sequence[DeviceActivity], path: str) -> None:
    """What is sorted has equal ids side by side; paying a device twice would be worse than not at all."""
    for before, after in pairwise(devices):
        if before.device_id == after.device_id:
            park = park_id.decode()
            raise SourceInvalid(f"{path} has two lines for device {after.device_id} of park {park}: extract anew")


def _rows_at_once(period: Period) -> int:
    """Rows that take about BYTES_AT_ONCE: ids, and up to six digits' worth for each day."""
    return max(BYTES_AT_ONCE // (64 + 6 * len(period.days)), 1)


def _is_line(part: pa.Table) -> pa.ChunkedArray:
    """Which rows are of a park: the scan's own is of none."""
    return pc.binary_length(part["park_id"]).cast(pa.bool_())


def _check_complete(lines: int, statistics: Statistics, path: str) -> None:
    if lines != statistics.lines:
        raise SourceUnavailable(f"reading {path}: {lines} of {statistics.lines} lines came")


def _statistics(scan: pa.Table, path: str) -> Statistics:
    if scan.num_rows > 1:
        raise SourceInvalid(f"{path} has {scan.num_rows} rows of statistics: it was not written by this version")
    if scan.num_rows == 0:
        raise SourceUnavailable(
            f"reading {path}: its row of statistics did not come; if that stays so, it was emptied: extract anew"
        )
    row = scan.to_pylist()[0]
    return Statistics(
        row["rows_read"], row["newest_us"], row["lines"], _bad_rows(row["bad_rows"], row["rows_considered"])
    )


def _bad_rows(text: bytes, considered: int) -> BadRows:
    """Each bucket of devices may tell of the same reason; of all that is shown the least and the greatest stay."""
    by_reason: dict[str, int] = {}
    shown: dict[str, list[str]] = {}
    for line in text.decode().splitlines():
        number, count, *examples = line.split(" ")
        reason = BAD_ROW_REASONS[int(number) - 1]
        by_reason[reason] = by_reason.get(reason, 0) + int(count)
        shown.setdefault(reason, []).extend(examples)
    extremes = [(reason, each) for reason, all_ in shown.items() for each in dict.fromkeys((min(all_), max(all_)))]
    return BadRows(by_reason, considered, tuple(bad_row_example(reason, each) for reason, each in extremes))


def bad_row_example(reason: str, shown: str) -> dict[str, str | None]:
    """A bad row as a statement shows it: None for a null; bytes that are no UTF-8 are shown as escapes."""
    values = (
        None if each == "-" else bytes.fromhex(each).decode(errors="backslashreplace") for each in shown.split(":")
    )
    return {"reason": reason, **dict(zip(EXAMPLE_FIELDS, values, strict=False))}
