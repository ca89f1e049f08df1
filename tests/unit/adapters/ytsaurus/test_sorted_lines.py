"""Lines are in bytewise order by park and device, whatever pieces of the table they came in."""

import io
import tempfile
from random import Random

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from signalq_billing.adapters.ytsaurus.result import SCHEMA, checked_result, parks
from signalq_billing.adapters.ytsaurus.sorted_lines import SCHEMA as LINES
from signalq_billing.adapters.ytsaurus.sorted_lines import Line, SortedLines
from signalq_billing.errors import SourceInvalid, SourceUnavailable
from tests.unit.adapters.ytsaurus.test_result import DAY, line, statistics

NAMES = st.sampled_from([b"", b"a", b"b", b"B", b"\xc3\xa9", b"\xff", b"a\0", b"aa"])


def table(lines: list[Line]) -> pa.Table:
    columns = zip(*lines, strict=True) if lines else [[], [], []]
    return pa.table([pa.array(column, pa.large_binary()) for column in columns], schema=LINES)


@settings(deadline=None, max_examples=200)
@given(lines=st.lists(st.tuples(NAMES, NAMES, st.binary(max_size=3)), unique_by=lambda each: each[:2]), data=st.data())
def test_any_pieces_are_read_in_order(lines: list[Line], data: st.DataObject) -> None:
    kept = SortedLines(io.BytesIO())
    left = lines
    while left:
        size = data.draw(st.integers(1, len(left)))
        kept.add(table(left[:size]))
        left = left[size:]
    assert list(kept) == sorted(lines)
    assert list(kept) == sorted(lines), "they can be read again"
    assert len(kept) == len(lines)


@pytest.mark.parametrize("shuffled", [False, True])
def test_many_lines_are_read_in_order_from_a_file(shuffled: bool) -> None:
    lines = [(b"park-%03d" % (n // 100), b"device-%05d" % n, b"1,2,3") for n in range(20_000)]
    parts = Random(7).sample(lines, len(lines)) if shuffled else lines
    with tempfile.TemporaryFile() as file:
        kept = SortedLines(file)
        for first in range(0, len(parts), 3_000):
            kept.add(table(parts[first : first + 3_000]))
        assert list(kept) == lines


def test_a_park_whose_lines_are_in_several_pieces_is_one_park() -> None:
    rows = [line("b", "x"), line("a", "z"), statistics(4), line("b", "w"), line("a", "y")]
    parts = [pa.Table.from_pylist([as_bytes(row)], schema=SCHEMA) for row in rows]
    found = checked_result(parts, "//result", io.BytesIO())
    devices = {park.park_id: [each.device_id for each in park.devices] for park in parks(found, "//result", DAY)}
    assert devices == {"a": ["y", "z"], "b": ["w", "x"]}


def test_a_device_with_two_lines_in_one_park_is_refused() -> None:
    rows = [line("a", "x"), line("a", "x", "61"), statistics(2)]
    found = checked_result(
        [pa.Table.from_pylist([as_bytes(row) for row in rows], schema=SCHEMA)], "//result", io.BytesIO()
    )
    with pytest.raises(SourceInvalid, match="two lines for device x of park a"):
        list(parks(found, "//result", DAY))


class Full(io.BytesIO):
    """A disk without room."""

    def write(self, _: object) -> int:
        raise OSError(28, "No space left on device")


def test_a_disk_without_room_says_where() -> None:
    part = pa.Table.from_pylist([as_bytes(line("a", "x")), as_bytes(statistics(1))], schema=SCHEMA)
    with pytest.raises(SourceUnavailable, match=f"cannot be kept in {tempfile.gettempdir()}: .*No space left"):
        checked_result([part], "//result", Full())


def as_bytes(row: object) -> dict[str, object]:
    assert isinstance(row, dict)
    return {name: value.encode() if isinstance(value, str) else value for name, value in row.items()}
