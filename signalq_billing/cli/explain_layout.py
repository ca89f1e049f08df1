"""The shapes an explanation is printed in: headings, a label with a figure at the right edge, times and durations."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from textwrap import wrap

from signalq_billing.domain.period import Period, zone

WIDTH = 80
_FIGURES = 16


def visible(line: str) -> str:
    """A line in which nothing steers a terminal: ids may be any UTF-8."""
    return "".join(char if char.isprintable() else char.encode("unicode_escape").decode() for char in line)


def heading(text: str) -> list[str]:
    text = visible(text)
    return ["", text, "-" * min(len(text), WIDTH)]


def paragraph(text: str, indent: str = "") -> list[str]:
    """Text broken at spaces; a single word longer than a line stays whole, so that it can be copied."""
    return wrap(visible(text), WIDTH, initial_indent=indent, subsequent_indent=indent, break_long_words=False,
                break_on_hyphens=False)  # fmt: skip


def row(label: str, figure: str, indent: str = "  ") -> list[str]:
    """A label with a figure at the right edge; a long label takes more lines, the figure stands on its last."""
    room = WIDTH - len(indent) - _FIGURES - 1
    lines = [indent + line for line in wrap(visible(label), room, break_on_hyphens=False)] or [indent]
    lines[-1] = f"{lines[-1]:<{WIDTH - _FIGURES}}{figure:>{_FIGURES}}"
    return lines


def pairs(found: Iterator[tuple[str, str]] | list[tuple[str, str]], width: int = 14) -> list[str]:
    """Names with their values beside them; a value too long for one line goes on below itself."""
    lines: list[str] = []
    for name, value in found:
        first = f"  {name:<{width}}"
        found_lines = wrap(
            visible(value),
            WIDTH,
            initial_indent=first,
            subsequent_indent=" " * len(first),
            break_long_words=False,
            break_on_hyphens=False,
        )
        lines += found_lines or [first.rstrip()]
    return lines


def instant(at: dt.datetime, period: Period) -> str:
    """An instant on the clocks of the period's zone, to the second."""
    return f"{at.astimezone(zone(period.timezone)):%Y-%m-%d %H:%M:%S}"


def clock(at: dt.datetime, period: Period, end_of: dt.datetime | None = None) -> str:
    """The time of day on the clocks of the period's zone, to the second; the end of a day is 24:00:00."""
    if end_of is not None and at == end_of:
        return "24:00:00"
    return f"{at.astimezone(zone(period.timezone)):%H:%M:%S}"


def duration(microseconds: int) -> str:
    """Hours, minutes and seconds: 5:12:33; what is beyond whole seconds only where there is any."""
    seconds, micros = divmod(microseconds, 1_000_000)
    minutes, second = divmod(seconds, 60)
    text = f"{minutes // 60}:{minutes % 60:02}:{second:02}"
    return f"{text}.{micros:06}" if micros else text


def plural(count: int, noun: str) -> str:
    return f"{count} {noun}{'' if count == 1 else 's'}"
