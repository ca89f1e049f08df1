"""The shapes an explanation is printed in: headings, paragraphs, a label with a figure at the right edge."""

from __future__ import annotations

from collections.abc import Iterator
from textwrap import wrap

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
