"""A register that comes back, held against what is stored: to the kopeck, field by field, all problems at once."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from signalq_billing.domain.marking import Mark, StoredOrder
from signalq_billing.domain.money import money_text
from signalq_billing.domain.progress import PaymentProgress
from signalq_billing.domain.register_file import FiledRow, RegisterFile, RowKind, RowProblem, doc_ids


@dataclass(frozen=True, slots=True)
class Matched:
    """What a file asks for: orders to mark, orders that are created under that document already, external_refs that
    it gives no doc_id for, and everything that keeps it from being taken."""

    marks: tuple[Mark, ...]
    unchanged: tuple[Mark, ...]
    left: tuple[str, ...]
    problems: tuple[RowProblem, ...]


def match(file: RegisterFile, stored: Sequence[StoredOrder]) -> Matched:
    """Hold the rows of every order with a doc_id against the order as it is stored."""
    orders = {order.external_ref: order for order in stored}
    marks: list[Mark] = []
    unchanged: list[Mark] = []
    left: list[str] = []
    problems = file.contradictions()
    for external_ref, rows in file.by_order().items():
        docs, order = doc_ids(rows), orders.get(external_ref)
        if not docs:
            left.append(external_ref)
            continue
        if order is None:
            problems.append(RowProblem(rows[0].where, external_ref, "external_ref", "no such order is stored"))
            continue
        problems += _differences(order, rows, whole=file.has_lines)
        problems += _in_the_way(order, docs[0], rows[0].where)
        done = order.payment_progress is PaymentProgress.CREATED
        (unchanged if done else marks).append(Mark(order, docs[0]))
    return Matched(tuple(marks), tuple(unchanged), tuple(left), tuple(problems))


def _differences(order: StoredOrder, rows: Sequence[FiledRow], *, whole: bool) -> Iterator[RowProblem]:
    """Every field of the order's rows that is not as stored; `whole`: all lines of the order have to be there."""
    lines = [row for row in rows if row.kind is RowKind.LINE]
    for row in rows:
        for field, said, is_ in _compared(order, row):
            if said != is_:
                message = f"the file says {_text(said, row)}, stored is {_text(is_, row)}"
                yield RowProblem(row.where, order.external_ref, field, message)
    if whole:
        there = {row.device_id for row in lines}
        for device_id in (device_id for device_id in order.lines if device_id not in there):
            amount = money_text(order.lines[device_id], order.currency)
            message = f"the line of device {device_id!r} over {amount} {order.currency} is not in the file"
            yield RowProblem(rows[0].where, order.external_ref, "device_id", message)


def _compared(order: StoredOrder, row: FiledRow) -> Iterator[tuple[str, object, object]]:
    """(field, what the file says, what is stored)."""
    yield "park_id", row.park_id, order.park_id
    yield "cadence", row.cadence, order.cadence
    yield "period", row.period, order.period
    yield "revision", row.revision, order.revision
    yield "currency", row.currency, order.currency
    if row.kind is RowKind.ORDER:
        yield "device_id", row.device_id, order.device_id
        yield "amount", row.amount, order.amount
        return
    if row.order_amount is not None:
        yield "order_amount", row.order_amount, order.amount
    stored = order.lines.get(row.device_id or "")
    if stored is not None:
        yield "amount", row.amount, stored
    else:
        yield "device_id", row.device_id, order.lines


def _text(value: object, row: FiledRow) -> str:
    """The value in words; texts in quotes, for what differs may be a space."""
    if value is None:
        return "nothing"
    if isinstance(value, Decimal):
        return f"{value} {row.currency}"
    if isinstance(value, Mapping):
        first = ", ".join(repr(each) for each in list(value)[:3])
        return f"{first} and {len(value) - 3} more" if len(value) > 3 else first
    return repr(value) if isinstance(value, str) else str(value)


def _in_the_way(order: StoredOrder, doc_id: str, where: str) -> Iterator[RowProblem]:
    """Why the order as it stands may not be marked, whatever billing-orders says."""
    if order.retired:
        yield RowProblem(where, order.external_ref, "", "its key is retired: a later revision stands for it")
    elif order.payment_progress is PaymentProgress.CREATED and order.doc_id != doc_id:
        message = (
            f"it is created already as {order.doc_id}, the file says {doc_id}: was it paid twice? Find out which "
            f"payment stands, and take the doc_id out of the file"
        )
        yield RowProblem(where, order.external_ref, "doc_id", message)
    elif order.leased:
        message = "a worker is sending it at this moment: run the command again when `status` shows what came of it"
        yield RowProblem(where, order.external_ref, "payment_progress", message)
