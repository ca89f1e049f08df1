"""A register as XLSX for people: sheets Lines, Orders and Parks, with sums at the bottom of each. Ids are text whatever
they look like; amounts are numbers as long as a spreadsheet holds them exactly."""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import TYPE_CHECKING, cast

from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.styles import Alignment, Border, Font, PatternFill, Side
from openpyxl.utils import get_column_letter

from signalq_billing.adapters.registers.columns import (
    TOTAL,
    Cell,
    Column,
    Money,
    Table,
    lines_table,
    orders_table,
    parks_table,
)
from signalq_billing.adapters.registers.xlsx_text import MOST_CHARACTERS, escaped
from signalq_billing.domain.register import Register
from signalq_billing.errors import UsageError

if TYPE_CHECKING:
    from openpyxl.cell.cell import Cell as SheetCell
    from openpyxl.worksheet.worksheet import Worksheet

MOST_ROWS = 1_048_576
_EXACT_DIGITS = 15
_TO_FILL_IN = {"doc_id"}
_CUT = {"hold_reason", "note", "reason"}
_BOLD, _SHADE = Font(bold=True), PatternFill("solid", fgColor="FFE7EDF3")
_FILL_IN = PatternFill("solid", fgColor="FFFFF6D6")
_ABOVE = Border(top=Side(style="thin"))


def xlsx_bytes(register: Register) -> bytes:
    """The file. Raises UsageError for what a sheet cannot hold: too many rows, or an id that is too long."""
    tables = (lines_table(register), orders_table(register), parks_table(register))
    sizes = (len(register.lines), len(register.orders), len(register.parks))
    workbook = Workbook(write_only=True)
    workbook.properties.creator = "signalq-billing"
    workbook.properties.title = f"{register.cadence} {register.period}"
    for table, size in zip(tables, sizes, strict=True):
        if size + len(table.totals) + 1 > MOST_ROWS:
            raise UsageError(
                f"{size:,} {table.kind}s do not fit into one sheet of XLSX ({MOST_ROWS:,} rows): "
                f"export as csv or json, or some parks at a time with --park"
            )
        _write(cast("Worksheet", workbook.create_sheet(table.title)), table, size)
    written = io.BytesIO()
    workbook.save(written)
    return written.getvalue()


def _write(sheet: Worksheet, table: Table, size: int) -> None:
    names = ["row", *(column.name for column in table.columns)]
    sheet.freeze_panes = "C2"
    sheet.auto_filter.ref = f"A1:{get_column_letter(len(names))}{size + 1}"
    for number, width in enumerate([7, *(column.width for column in table.columns)], start=1):
        sheet.column_dimensions[get_column_letter(number)].width = width
    sheet.page_setup.orientation = "landscape"
    sheet.print_title_rows = "1:1"
    sheet.append([_heading(sheet, name) for name in names])
    for row in table.rows:
        sheet.append(list(_row(sheet, table.kind, row, table.columns)))
    for row in table.totals:
        sheet.append([_as_total(cell) for cell in _row(sheet, TOTAL, row, table.columns)])


def _heading(sheet: Worksheet, name: str) -> SheetCell:
    cell = _text(sheet, name)
    cell.font, cell.fill = _BOLD, _FILL_IN if name in _TO_FILL_IN else _SHADE
    cell.alignment = Alignment(vertical="center")
    return cell


def _as_total(cell: SheetCell) -> SheetCell:
    cell.font, cell.border = _BOLD, _ABOVE
    return cell


def _row(sheet: Worksheet, kind: str, row: Sequence[Cell], columns: Sequence[Column]) -> Iterator[SheetCell]:
    yield _text(sheet, kind)
    for cell, column in zip(row, columns, strict=True):
        if isinstance(cell, Money):
            yield _money(sheet, cell)
        elif isinstance(cell, int):
            yield _made(sheet, cell)
        elif column.name == "units" and cell is not None and _held_exactly(cell):
            yield _made(sheet, Decimal(cell))
        else:
            made = _text(sheet, _fitting(cell or "", column))
            if column.name in _TO_FILL_IN and kind != TOTAL:
                made.fill = _FILL_IN
            yield made


def _made(sheet: Worksheet, value: str | int | Decimal | None) -> SheetCell:
    return WriteOnlyCell(sheet, value)  # type: ignore[arg-type] # it writes a Decimal as it is, whatever its stubs say


def _text(sheet: Worksheet, text: str) -> SheetCell:
    """A cell of text, for ever: no formula, no number, no date, also when somebody edits it."""
    cell = _made(sheet, escaped(text) or None)
    cell.data_type = "s" if text else "n"  # a text cell without a text is not what the format knows as empty
    cell.number_format = "@"
    return cell


def _money(sheet: Worksheet, money: Money) -> SheetCell:
    if not _held_exactly(money.text):
        cell = _text(sheet, money.text)
        cell.alignment = Alignment(horizontal="right")
        return cell
    cell = _made(sheet, Decimal(money.text))
    cell.number_format = f"#,##0.{'0' * money.digits}" if money.digits else "#,##0"
    return cell


def _held_exactly(number: str) -> bool:
    """Whether a double, which is what a spreadsheet has, gives back every digit."""
    return len(number.replace(".", "").lstrip("-0")) <= _EXACT_DIGITS


def _fitting(text: str, column: Column) -> str:
    """`text`, cut where it only explains. Raises UsageError for an id that a cell cannot hold."""
    if len(escaped(text)) <= MOST_CHARACTERS:
        return text
    if column.name in _CUT:
        return f"{text[: MOST_CHARACTERS // 8]} ..."
    raise UsageError(
        f"{column.name} {text[:40]!r}... has {len(text):,} characters, more than a cell of XLSX holds "
        f"({MOST_CHARACTERS:,}): export as csv or json"
    )
