"""A result table is read whole and sorted, in whatever shape a cluster's Arrow writer sends it."""

import datetime as dt
import io
from collections.abc import Mapping, Sequence

import pyarrow as pa
import pytest

from signalq_billing.adapters.ytsaurus.arrow import arrow_table
from signalq_billing.adapters.ytsaurus.result import SCHEMA, Result, checked_result, parks
from signalq_billing.domain.activity import BadRows, DeviceActivity, ParkActivity
from signalq_billing.domain.period import Period
from signalq_billing.errors import SourceInvalid, SourceUnavailable

DAY = Period("daily", dt.date(2026, 11, 2), dt.date(2026, 11, 3), "UTC")
END_OF_STREAM = b"\xff\xff\xff\xff\0\0\0\0"
BINARY, UINT64 = pa.binary(), pa.uint64()
NUMBERS = ("rows_read", "rows_considered", "newest_us", "lines")

Row = Mapping[str, object]


def line(park_id: str, device_id: str, day_seconds: str = "60") -> Row:
    return {
        "park_id": park_id,
        "device_id": device_id,
        "day_seconds": day_seconds,
        **dict.fromkeys(NUMBERS, 0),
        "bad_rows": "",
    }


def statistics(lines: int, bad_rows: str = "") -> Row:
    numbers = {"rows_read": 10, "rows_considered": 8, "newest_us": 5, "lines": lines}
    return {"park_id": "", "device_id": "", "day_seconds": "", **numbers, "bad_rows": bad_rows}


def stream(
    rows: Sequence[Row], text: pa.DataType = BINARY, number: pa.DataType = UINT64, turned: bool = False
) -> bytes:
    """One Arrow stream of these rows; `turned` reverses its columns and adds one that is not ours."""
    fields = [pa.field(name, number if name in NUMBERS else text) for name in statistics(0)]
    if turned:
        fields = [pa.field("extra", pa.int8()), *reversed(fields)]
    columns = [pa.array([row.get(field.name) for row in rows], plain(field.type)).cast(field.type) for field in fields]
    out = io.BytesIO()
    with pa.ipc.new_stream(out, pa.schema(fields)) as writer:
        writer.write_table(pa.Table.from_arrays(columns, schema=pa.schema(fields)))
    return out.getvalue()


def plain(kind: pa.DataType) -> pa.DataType:
    return kind.value_type if pa.types.is_dictionary(kind) else kind


def read(content: bytes) -> Result:
    return checked_result([arrow_table(content, SCHEMA, "//result")], "//result", io.BytesIO())


ROWS = [line("b", "x"), statistics(4), line("a", "y", "1"), line("b", "B"), line("a", "\U0001f697")]
READ = [
    ParkActivity("a", (DeviceActivity("y", (1,)), DeviceActivity("\U0001f697", (60,)))),
    ParkActivity("b", (DeviceActivity("B", (60,)), DeviceActivity("x", (60,)))),
]


@pytest.mark.parametrize(
    "text",
    [
        pa.binary(),
        pa.string(),
        pa.large_binary(),
        pa.large_string(),
        pa.dictionary(pa.uint32(), pa.binary()),
        pa.dictionary(pa.int8(), pa.string()),
    ],
    ids=str,
)
@pytest.mark.parametrize("number", [pa.uint64(), pa.int64()], ids=str)
def test_text_comes_in_any_arrow_type(text: pa.DataType, number: pa.DataType) -> None:
    assert list(parks(read(stream(ROWS, text, number)), "//result", DAY)) == READ


def test_streams_follow_one_another_with_schemas_of_their_own() -> None:
    dictionary = pa.dictionary(pa.uint32(), pa.string())
    parts = [
        stream(ROWS[:1]),
        END_OF_STREAM,
        stream(ROWS[1:3], dictionary, turned=True),
        stream([]),
        stream(ROWS[3:], pa.string()),
    ]
    assert list(parks(read(b"".join(parts)), "//result", DAY)) == READ


@pytest.mark.parametrize(
    "content", [b"", END_OF_STREAM, END_OF_STREAM * 2, stream([])], ids=["nothing", "end", "ends", "schema"]
)
def test_an_empty_table_is_no_result(content: bytes) -> None:
    with pytest.raises(SourceUnavailable, match="row of statistics did not come"):
        read(content)


def test_statistics_are_read_from_their_row() -> None:
    shown = "7061726B:-::31:FF"
    found = read(stream([statistics(0, f"1 3 {shown} {shown}\n7 1 -:61:62:30:- 61:61:62:30:-")])).statistics
    assert (found.rows_read, found.newest_us, found.lines) == (10, 5, 0)
    expected = {"park_id": "park", "device_id": None, "status": "", "status_at": "1", "event_id": "\\xff"}
    assert found.bad_rows.by_reason == {"status_at_missing": 3, "not_utf8": 1}
    assert found.bad_rows.considered == 8
    assert found.bad_rows.examples[0] == {"reason": "status_at_missing", **expected}
    assert [example["reason"] for example in found.bad_rows.examples] == ["status_at_missing", "not_utf8", "not_utf8"]
    assert read(stream([statistics(0)])).statistics.bad_rows == BadRows({}, 8, ())


@pytest.mark.parametrize("rows", [ROWS[:-1], [*ROWS, line("c", "z")]])
def test_lines_that_are_missing_or_too_many_are_noticed(rows: Sequence[Row]) -> None:
    with pytest.raises(SourceUnavailable, match="lines came"):
        read(stream(rows))


def test_lines_without_their_statistics_are_no_result() -> None:
    with pytest.raises(SourceUnavailable, match="row of statistics did not come"):
        read(stream([row for row in ROWS if row["park_id"]]))


@pytest.mark.parametrize("cut", [1, 7, 100, 400])
def test_a_stream_that_is_cut_is_noticed(cut: int) -> None:
    with pytest.raises(SourceUnavailable, match="reading //result"):
        read(stream(ROWS)[:-cut])


def test_a_table_of_another_version_is_refused() -> None:
    out = io.BytesIO()
    table = pa.table({"park_id": pa.array([b"a"], pa.binary())})
    with pa.ipc.new_stream(out, table.schema) as writer:
        writer.write_table(table)
    with pytest.raises(SourceInvalid, match="without bad_rows, day_seconds"):
        read(out.getvalue())


@pytest.mark.parametrize("day_seconds", ["", "1,2", "-1", "86401", "x"])
def test_seconds_that_are_not_of_the_period_are_refused(day_seconds: str) -> None:
    found = read(stream([statistics(1), line("a", "b", day_seconds)]))
    with pytest.raises(SourceInvalid, match="was not computed for daily 2026-11-02"):
        list(parks(found, "//result", DAY))
