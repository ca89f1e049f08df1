"""The columns of a register's tables, under the names that CSV, XLSX and JSON share, and what stands in them."""

import datetime as dt
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from operator import attrgetter

from signalq_billing.domain.money import minor_digits, money_text
from signalq_billing.domain.progress import PaymentProgress
from signalq_billing.domain.register import Register, RegisterTotal

LINE, ORDER, PARK, TOTAL = "line", "order", "park", "total"


@dataclass(frozen=True, slots=True)
class Money:
    """An amount as written: exactly its currency's minor digits."""

    text: str
    digits: int


Cell = str | int | Money | None


@dataclass(frozen=True, slots=True)
class Column:
    """One column: its name, how wide a person needs it, and what of a line, order or park stands in it."""

    name: str
    width: int
    of: Callable[[object], object]


@dataclass(frozen=True, slots=True)
class Table:
    """A table ready to be written: `rows` of `kind`, then `totals`. Every row has a cell per column."""

    title: str
    kind: str
    columns: tuple[Column, ...]
    rows: Iterable[Sequence[Cell]]
    totals: Sequence[Sequence[Cell]]


def _columns(**widths: int) -> tuple[Column, ...]:
    return tuple(Column(name, width, attrgetter(name)) for name, width in widths.items())


LINE_COLUMNS = _columns(
    park_id=22, cadence=14, period=12, revision=9, device_id=24, active_days=12, active_seconds=15, unit=14, units=12,
    currency=10, amount=14, reason=24, payment_progress=18, external_ref=44, order_amount=14, doc_id=24, hold_reason=40,
)  # fmt: skip
ORDER_COLUMNS = _columns(
    park_id=22, cadence=14, period=12, revision=9, device_id=24, currency=10, amount=14, carried=14,
    payment_progress=18, external_ref=44, doc_id=24, note=60,
)  # fmt: skip
PARK_COLUMNS = _columns(
    park_id=22, cadence=14, period=12, last_day=12, timezone=18, revision=9, devices=10, paid_devices=13, currency=10,
    amount=14, carried=14, reason=24, payment_progress=18, hold_reason=40,
)  # fmt: skip
MONEY = {"amount", "carried", "order_amount"}


def lines_table(register: Register, *, park_totals: bool = False) -> Table:
    """The lines and their sums; with `park_totals` also one sum per park and currency, for a file of one table."""
    sums = [*(_of_parks(register) if park_totals else ()), *_of_currencies(register.totals)]
    rows = (_cells(line, LINE_COLUMNS) for line in register.lines)
    return Table("Lines", LINE, LINE_COLUMNS, rows, _placed(sums, LINE_COLUMNS))


def orders_table(register: Register) -> Table:
    """The orders, which are what to pay, and their sums."""
    rows = (_cells(order, ORDER_COLUMNS) for order in register.orders)
    return Table("Orders", ORDER, ORDER_COLUMNS, rows, _placed(_of_currencies(register.order_totals), ORDER_COLUMNS))


def parks_table(register: Register) -> Table:
    """The payouts as wholes, and the sum of each currency."""
    rows = (_cells(park, PARK_COLUMNS) for park in register.parks)
    sums = [sum_ for sum_ in _of_currencies(register.totals) if sum_["payment_progress"] is None]
    return Table("Parks", PARK, PARK_COLUMNS, rows, _placed(sums, PARK_COLUMNS))


def _cells(of: object, columns: Sequence[Column]) -> list[Cell]:
    currency: str = of.currency  # type: ignore[attr-defined]
    return [_cell(column.of(of), currency if column.name in MONEY else "") for column in columns]


def _cell(value: object, currency: str) -> Cell:
    if isinstance(value, Decimal):
        return Money(money_text(value, currency), minor_digits(currency))
    if isinstance(value, PaymentProgress):
        return value.value
    if isinstance(value, dt.date):
        return value.isoformat()
    assert value is None or isinstance(value, str | int)
    return value


def _of_currencies(totals: Sequence[RegisterTotal]) -> list[dict[str, Cell]]:
    return [
        {
            "currency": total.currency,
            "payment_progress": total.payment_progress.value if total.payment_progress else None,
            "amount": _cell(total.amount, total.currency),
        }
        for total in totals
    ]


def _of_parks(register: Register) -> list[dict[str, Cell]]:
    return [
        {
            "park_id": park.park_id,
            "revision": park.revision,
            "currency": park.currency,
            "amount": _cell(park.amount, park.currency),
        }
        for park in register.parks
    ]


def _placed(sums: Iterable[dict[str, Cell]], columns: Sequence[Column]) -> list[list[Cell]]:
    return [[sum_.get(column.name) for column in columns] for sum_ in sums]


def documents(table: Table) -> list[dict[str, str | int | None]]:
    """The rows as JSON objects: money and units are decimal strings."""
    names = [column.name for column in table.columns]
    return [
        {name: cell.text if isinstance(cell, Money) else cell for name, cell in zip(names, row, strict=True)}
        for row in table.rows
    ]
