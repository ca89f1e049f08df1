"""A register as CSV: UTF-8, a comma between cells, one table of lines with the sums below, marked in column `row`."""

import csv
import io
from collections.abc import Iterable

from signalq_billing.adapters.registers.columns import TOTAL, Cell, Money, lines_table
from signalq_billing.domain.register import Register

# Programs for tables take a cell that begins so for a formula, or for the apostrophe that says it is none.
_TAKEN_FOR_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "'", "＝", "＋", "－", "＠")


def csv_bytes(register: Register) -> bytes:
    """The file; equal registers give equal bytes."""
    table = lines_table(register, park_totals=True)
    written = io.StringIO()
    writer = csv.writer(written, lineterminator="\r\n")
    writer.writerow(["row", *(column.name for column in table.columns)])
    writer.writerows([table.kind, *_texts(row)] for row in table.rows)
    writer.writerows([TOTAL, *_texts(row)] for row in table.totals)
    return written.getvalue().encode()


def _texts(row: Iterable[Cell]) -> list[str]:
    return [
        cell.text
        if isinstance(cell, Money)
        else guarded(cell)
        if isinstance(cell, str)
        else ""
        if cell is None
        else str(cell)
        for cell in row
    ]


def guarded(text: str) -> str:
    """`text` with an apostrophe before it if it might be taken for a formula; `unguarded` takes it away."""
    return f"'{text}" if text.startswith(_TAKEN_FOR_FORMULA) else text


def unguarded(text: str) -> str:
    """What `guarded` was given. An apostrophe that guards nothing is part of the text."""
    return text[1:] if text.startswith("'") and text[1:].startswith(_TAKEN_FOR_FORMULA) else text
