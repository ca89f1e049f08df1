"""A register as XLSX for people: sheets Lines, Orders and Parks, with sums at the bottom of each. Ids are text whatever
they look like; amounts are numbers as long as a spreadsheet holds them exactly."""

from __future__ import annotations

import io
from collections.abc import Sequence
from decimal import Decimal
from typing import TYPE_CHECKING, cast

from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.styles import Alignment, Border, Font, PatternFill, Side
from openpyxl.utils import get_column_letter

from signalq_billing.adapters.registers.columns import (
    MONEY,
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
_MARK_WIDTH = 7
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
    for number, width in enumerate([_MARK_WIDTH, *(column.width for column in table.columns)], start=1):
        sheet.column_dimensions[get_column_letter(number)].width = width
    sheet.page_setup.orientation = "landscape"
    sheet.print_title_rows = "1:1"
    sheet.append([_heading(sheet, name) for name in names])
    plain, bold = _Pens(sheet, table.columns), _Pens(sheet, table.columns, total=True)
    for row in table.rows:
        sheet.append(plain.row(table.kind, row))
    for row in table.totals:
        sheet.append(bold.row(TOTAL, row))


def _heading(sheet: Worksheet, name: str) -> SheetCell:
    cell = _styled(sheet, "@")
    cell.value, cell.font, cell.fill = name, _BOLD, _FILL_IN if name in _TO_FILL_IN else _SHADE
    return cell


def _styled(sheet: Worksheet, number_format: str) -> SheetCell:
    cell = WriteOnlyCell(sheet)
    cell.number_format = number_format
    return cell


class _Pens:
    """Writes rows with one cell per column and look, used again for every row: looks are what takes the time."""

    def __init__(self, sheet: Worksheet, columns: Sequence[Column], *, total: bool = False) -> None:
        self._sheet, self._columns, self._total = sheet, columns, total
        self._cells: dict[tuple[str, str], SheetCell] = {}

    def row(self, mark: str, row: Sequence[Cell]) -> list[SheetCell]:
        """The cells of one row; they are good until the next one."""
        return [self._text("row", mark), *(self._cell(*pair) for pair in zip(self._columns, row, strict=True))]

    def _cell(self, column: Column, value: Cell) -> SheetCell:
        if isinstance(value, int):
            return self._number(column.name, "0", value)
        if isinstance(value, Money) and _held_exactly(value.text):
            look = f"#,##0.{'0' * value.digits}" if value.digits else "#,##0"
            return self._number(column.name, look, Decimal(value.text))
        if isinstance(value, Money):
            return self._text(column.name, value.text)
        if column.name == "units" and value and _held_exactly(value):
            return self._number(column.name, "General", Decimal(value))
        return self._text(column.name, _fitting(value or "", column))

    def _number(self, name: str, look: str, value: int | Decimal) -> SheetCell:
        cell = self._pen(name, look)
        cell.value = value
        return cell

    def _text(self, name: str, text: str) -> SheetCell:
        """A cell of text, for ever: no formula, no number, no date, also when somebody edits it."""
        cell = self._pen(name, "@")
        cell.value = escaped(text) or None
        cell.data_type = "s" if text else "n"  # a text cell without a text is not what the format knows as empty
        return cell

    def _pen(self, name: str, look: str) -> SheetCell:
        if (name, look) not in self._cells:
            cell = self._cells[name, look] = _styled(self._sheet, look)
            if self._total:
                cell.font, cell.border = _BOLD, _ABOVE
            elif name in _TO_FILL_IN:
                cell.fill = _FILL_IN
            if name in MONEY:
                cell.alignment = Alignment(horizontal="right")
        return self._cells[name, look]


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
