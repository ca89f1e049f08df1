"""The sheets of an XLSX workbook that people give back, cell by cell, with formulas that have no value told apart."""

from __future__ import annotations

import io
import re
import warnings
import zipfile
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, cast

from openpyxl import load_workbook
from openpyxl.cell.cell import TYPE_FORMULA

from signalq_billing.adapters.registers.values import RawCell, Uncomputed
from signalq_billing.adapters.registers.xlsx_text import unescaped
from signalq_billing.errors import RegisterUnreadable

if TYPE_CHECKING:
    from openpyxl.worksheet._read_only import ReadOnlyWorksheet
    from openpyxl.worksheet.worksheet import Worksheet

Rows = list[list[RawCell]]
_FORMULA = re.compile(rb"<([\w.-]+:)?f[\s/>]")


def tables(content: bytes) -> dict[str, Rows]:
    """The cells of every sheet by its title. Raises RegisterUnreadable for what is no workbook."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of what else a workbook may have in it, and we do not read
            found = _values(content)
            if _has_formulas(content):
                _tell_uncomputed(content, found)
    except Exception as error:  # whatever a damaged file leads to
        raise RegisterUnreadable(
            f"it is not an XLSX file that can be read ({error}): open it, and save it as .xlsx anew"
        ) from error
    return found


def _values(content: bytes) -> dict[str, Rows]:
    workbook = load_workbook(io.BytesIO(content), read_only=True, data_only=True)
    return {sheet.title: list(_texts(_whole(sheet).iter_rows(values_only=True))) for sheet in workbook.worksheets}


def _whole(sheet: Worksheet) -> Worksheet:
    """The sheet with all its cells, also where it says of itself that it is smaller."""
    cast("ReadOnlyWorksheet", sheet).reset_dimensions()
    return sheet


def _texts(rows: Iterator[Sequence[object]]) -> Iterator[list[RawCell]]:
    for row in rows:
        yield [unescaped(cell) if isinstance(cell, str) else cell for cell in row]  # type: ignore[misc]


def _has_formulas(content: bytes) -> bool:
    """Whether any part has a formula. Asked first, for reading a large workbook once more takes long."""
    with zipfile.ZipFile(io.BytesIO(content)) as parts:
        for name in parts.namelist():
            part = parts.read(name)
            if _FORMULA.search(part) or part.startswith((b"\xff\xfe", b"\xfe\xff")):
                return True
    return False


def _tell_uncomputed(content: bytes, found: dict[str, Rows]) -> None:
    """Put Uncomputed where a formula stands and the program that wrote it kept no value."""
    workbook = load_workbook(io.BytesIO(content), read_only=True)
    for sheet in workbook.worksheets:
        for row, cells in zip(found[sheet.title], _whole(sheet).iter_rows(), strict=True):
            for column, cell in enumerate(cells):
                if cell.data_type == TYPE_FORMULA and row[column] is None:
                    row[column] = Uncomputed()
