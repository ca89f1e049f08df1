"""A register read back from a file: the cells that marking goes by, understood; everything else is left alone."""

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import TypeVar

from signalq_billing.adapters.registers.columns import LINE_COLUMNS, ORDER_COLUMNS, PARK_COLUMNS
from signalq_billing.adapters.registers.sheets import NOT_READ, Sheet, sheets
from signalq_billing.adapters.registers.values import RawCell, amount_of, date_of, doc_id_of, number_of, text_of
from signalq_billing.domain.money import minor_digits, money_text
from signalq_billing.domain.register_file import FiledRow, FiledTotal, RegisterFile, RowKind, RowProblem
from signalq_billing.errors import RegisterUnreadable, UsageError

T = TypeVar("T")
_KNOWN = {"row", *(column.name for columns in (LINE_COLUMNS, ORDER_COLUMNS, PARK_COLUMNS) for column in columns)}
_IDS = {"park_id", "device_id"}
_MOST_PROBLEMS = 100


def read_register(path: Path) -> RegisterFile:
    """The register in a CSV, XLSX or JSON file. Raises RegisterUnreadable with every row that makes no sense."""
    try:
        content = path.read_bytes()
    except OSError as error:
        raise RegisterUnreadable(f"{path} cannot be read: {error.strerror or error}") from error
    return parse_register(content, path.name)


def parse_register(content: bytes, name: str) -> RegisterFile:
    """The register in these bytes, of a file of that name."""
    said: list[str] = []
    try:
        reading = _Reading()
        for sheet in sheets(content, name, said):
            said += [f"column {column!r} is not used" for column in sheet.names if column not in _KNOWN]
            reading.read(sheet)
    except RegisterUnreadable as error:
        raise RegisterUnreadable(f"{name}: {error}") from error
    if reading.problems:
        problems = list(dict.fromkeys([*reading.problems, *reading.misplaced]))  # a missing column is told once
        shown = problems[:_MOST_PROBLEMS]
        more = len(problems) - len(shown)
        head = f"{name} cannot be understood, nothing was done with it:"
        raise RegisterUnreadable(head, [*shown, f"and {more} more"] if more else shown)
    said = list(dict.fromkeys(said))
    digest = hashlib.sha256(content).hexdigest()
    return RegisterFile(name, digest, tuple(reading.rows), tuple(reading.totals), tuple(said), tuple(reading.misplaced))


@dataclass(slots=True)
class _Reading:
    """What was read so far."""

    rows: list[FiledRow] = field(default_factory=list)
    totals: list[FiledTotal] = field(default_factory=list)
    problems: list[RowProblem] = field(default_factory=list)
    misplaced: list[RowProblem] = field(default_factory=list)

    def read(self, sheet: Sheet) -> None:
        for where, cells in sheet.rows:
            row = _Row(where, cells, sheet)
            if sheet.of == NOT_READ:
                self._misplaced(row, "outside of lines and orders")
                continue
            made = _filed(row, RowKind(sheet.of))
            self.problems += row.problems
            if isinstance(made, FiledTotal):
                self._misplaced(row, "on a total row")
                self.totals.append(made)
            elif made is not None:
                self.rows.append(made)

    def _misplaced(self, row: "_Row", on: str) -> None:
        """A doc_id is never passed over: whoever wrote it believes that this is paid, and it would be paid again."""
        cell = row.cells.get("doc_id")
        if not _is_empty(cell, "doc_id"):
            said = repr(cell.strip()) if isinstance(cell, str) else str(cell)  # also one that makes no sense
            message = f"doc_id {said} stands {on}: write it on a line of the order (or on the sheet Orders)"
            self.misplaced.append(RowProblem(row.where, None, "", message))


@dataclass(slots=True)
class _Row:
    """One row on its way to a value; what is wrong with its cells is collected."""

    where: str
    cells: Mapping[str, RawCell]
    sheet: Sheet
    problems: list[RowProblem] = field(default_factory=list)

    def get(self, column: str, understand: Callable[[RawCell], T], *, required: bool = False) -> T | None:
        """What the cell means; None, and a problem if it is `required` or makes no sense."""
        cell = self.cells.get(column)
        if _is_empty(cell, column):
            if required:
                missing = RowProblem(self.sheet.place, None, column, "is not a column of this table: put it back")
                empty = RowProblem(self.where, None, column, "is empty")
                self.problems.append(empty if column in self.sheet.names else missing)
            return None
        try:
            return understand(cell)
        except ValueError as error:
            self.problems.append(RowProblem(self.where, None, column, str(error)))
            return None

    def amount(self, column: str, currency: str | None, *, required: bool = False) -> Decimal | None:
        found = self.get(
            column, lambda cell: amount_of(cell, decimal_comma=self.sheet.decimal_comma), required=required
        )
        if found is None or currency is None:
            return None
        try:
            return Decimal(money_text(found, currency))
        except ValueError:
            message = f"{found} has more digits than {currency} has ({minor_digits(currency)})"
            self.problems.append(RowProblem(self.where, None, column, message))
        return None


def _is_empty(cell: RawCell, column: str) -> bool:
    """Nothing, or what looks like nothing; an id of spaces is an id."""
    return cell is None or cell == "" or (isinstance(cell, str) and column not in _IDS and not cell.strip())


def _filed(row: _Row, of: RowKind) -> FiledRow | FiledTotal | None:
    said = row.get("row", text_of)
    if "row" not in row.sheet.names and _looks_like_a_sum(row):
        message = "is not a column of this table, so sums cannot be told from lines: put it back, or take the sums out"
        row.problems.append(RowProblem(row.sheet.place, None, "row", message))
        return None
    try:
        kind = RowKind(said.strip().lower()) if said else of
    except ValueError:
        row.problems.append(RowProblem(row.where, None, "row", f"{said!r} is none of line, order and total"))
        return None
    return _total(row, of) if kind is RowKind.TOTAL else _row(row, kind)


def _looks_like_a_sum(row: _Row) -> bool:
    """Whether nothing is in those columns that are empty in sums alone."""
    return all(name in row.sheet.names and _is_empty(row.cells.get(name), name) for name in ("cadence", "period"))


def _total(row: _Row, of: RowKind) -> FiledTotal | None:
    currency = row.get("currency", _currency, required=True)
    amount = row.amount("amount", currency, required=True)
    park_id, revision = row.get("park_id", text_of), row.get("revision", number_of)
    progress = row.get("payment_progress", text_of)
    row.get("doc_id", doc_id_of)
    if currency is None or amount is None:
        return None
    return FiledTotal(row.where, of, currency, amount, park_id, revision, progress)


def _row(row: _Row, kind: RowKind) -> FiledRow | None:
    currency = row.get("currency", _currency, required=True)
    amount = row.amount("amount", currency, required=True)
    order_amount = row.amount("order_amount", currency)
    park_id, cadence = row.get("park_id", text_of, required=True), row.get("cadence", text_of, required=True)
    period, revision = row.get("period", date_of, required=True), row.get("revision", number_of, required=True)
    device_id = row.get("device_id", text_of, required=kind is RowKind.LINE)
    external_ref, doc_id = row.get("external_ref", text_of), row.get("doc_id", doc_id_of)
    progress = row.get("payment_progress", text_of)
    if park_id is None or cadence is None or period is None or revision is None or currency is None or amount is None:
        return None
    return FiledRow(
        *(row.where, kind, park_id, cadence, period, revision, device_id, currency, amount),
        *(external_ref, doc_id, order_amount, progress),
    )


def _currency(cell: RawCell) -> str:
    text = text_of(cell).strip()
    try:
        minor_digits(text)
    except UsageError as error:
        raise ValueError(str(error)) from error
    return text
