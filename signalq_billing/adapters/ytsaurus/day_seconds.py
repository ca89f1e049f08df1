"""Seconds per day out of the texts of a result table: thousands of lines at once, one by one only where one is wrong
or a day of the period is a short one."""

import struct
from collections.abc import Iterable, Sequence
from operator import le

import pyarrow as pa
import pyarrow.compute as pc

DaySeconds = tuple[int, ...]


class NotOfPeriod(ValueError):
    """A line's text that does not give each day its seconds; it is the message."""


def day_seconds(texts: pa.Array, longest: Sequence[int]) -> Iterable[DaySeconds]:
    """The seconds of each line's days, none more than `longest` says of that day. Raises NotOfPeriod."""
    found = _at_once(texts, longest)
    return [_of_one(text, longest) for text in texts.to_pylist()] if found is None else found


def _at_once(texts: pa.Array, longest: Sequence[int]) -> Iterable[DaySeconds] | None:
    """None unless all lines are right whichever of the days is the shortest."""
    split = pc.split_pattern(texts, ",")
    days = pc.min_max(pc.list_value_length(split)).as_py()
    if texts.null_count or days != {"min": len(longest), "max": len(longest)}:
        return None
    try:
        digits = split.flatten().cast(pa.large_string())
        if not pc.all(pc.ascii_is_decimal(digits)).as_py():
            return None
        seconds = digits.cast(pa.int32())
    except pa.ArrowInvalid:
        return None
    if pc.max(seconds).as_py() > min(longest):
        return None
    return struct.iter_unpack(f"={len(longest)}i", memoryview(seconds.buffers()[1])[: seconds.nbytes])


def _of_one(text: bytes, longest: Sequence[int]) -> DaySeconds:
    parts = text.split(b",")
    seconds = tuple(map(int, parts)) if all(map(bytes.isdigit, parts)) else ()
    if len(seconds) != len(longest) or not all(map(le, seconds, longest)):
        raise NotOfPeriod(text.decode(errors="backslashreplace"))
    return seconds
