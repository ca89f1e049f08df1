"""From stored payouts to the register of a period, whose sums are held against each other before anybody pays by it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator
from decimal import Decimal
from fractions import Fraction

from signalq_billing.domain.money import minor_digits
from signalq_billing.domain.progress import OrderProgress, PaymentProgress, PayoutProgress
from signalq_billing.domain.record import PayoutRecord
from signalq_billing.domain.register import Register, RegisterLine, RegisterOrder, RegisterPark, exact, total_of
from signalq_billing.errors import RegisterUnbalanced

_UNIT_PLACES = 6
DO_NOT_PAY = "DO NOT PAY"
NOT_HELD = "not held: a run may send it at any time; export with --hold before paying by hand"


def make_register(cadence: str, period: dt.date, records: Iterable[PayoutRecord]) -> Register:
    """The register of these payouts, which come sorted by park and are let go one by one; retired ones are left out,
    for a later revision stands for them.

    Raises RegisterUnbalanced if lines, payouts and orders do not add up to the same.
    """
    problems: list[str] = []
    lines: list[RegisterLine] = []
    orders: list[RegisterOrder] = []
    parks: list[RegisterPark] = []
    for record in records:
        if record.retired_at is None:
            problems += _disagreements(record)
            lines += _lines(record)
            orders += _orders(record)
            parks.append(_park(record))
    if problems:
        raise RegisterUnbalanced(
            f"the database disagrees with itself about {cadence} {period}, no register was made:\n"
            + "\n".join(f"  {problem}" for problem in problems)
        )
    return Register(cadence, period, lines=tuple(lines), orders=tuple(orders), parks=tuple(parks))


def _disagreements(record: PayoutRecord) -> Iterator[str]:
    """What of the payout does not add up, in words."""
    payout = record.progress
    who = f"park {payout.park_id}, revision {payout.revision}"
    lines = _sum(line.amount for line in record.lines)
    if lines != payout.total:
        yield f"{who}: its lines sum to {_told(lines, payout)}, the payout is {_told(payout.total, payout)}"
    orders = _sum(order.amount for order in payout.orders)
    if orders != payout.due:
        carried = f" and carries {_told(payout.carried, payout)}" if payout.carried else ""
        yield f"{who}: its orders sum to {_told(orders, payout)}, the payout is {_told(payout.total, payout)}{carried}"
    by_device = {line.device_id: line.amount for line in record.lines}
    for order in payout.orders:
        paid = lines if order.device_id is None else Fraction(by_device.get(order.device_id, 0))
        if paid + Fraction(order.carried) != order.amount:
            yield f"{who}, order {order.external_ref}: {_told(order.amount, payout)} for lines of {_told(paid, payout)}"


def _sum(amounts: Iterable[Decimal]) -> Fraction:
    return sum((Fraction(amount) for amount in amounts), Fraction(0))


def _told(amount: Fraction | Decimal, payout: PayoutProgress) -> str:
    digits = minor_digits(payout.currency)
    return f"{format(Decimal(round(Fraction(amount) * 10**digits)).scaleb(-digits), 'f')} {payout.currency}"


def _lines(record: PayoutRecord) -> Iterator[RegisterLine]:
    payout, terms = record.progress, record.origin.config.terms
    orders = {order.device_id: order for order in payout.orders}
    unit = terms.charge.unit if terms else None
    for line in record.lines:
        order = orders.get(line.device_id, orders.get(None)) if line.amount else None
        yield RegisterLine(
            park_id=payout.park_id,
            cadence=payout.cadence,
            period=payout.period_name,
            revision=payout.revision,
            device_id=line.device_id,
            active_days=line.active_days,
            active_seconds=line.active_seconds,
            unit=unit,
            units=_units_text(line.units, unit),
            currency=payout.currency,
            amount=exact(line.amount, payout.currency),
            reason=line.reason,
            payment_progress=order.payment_progress if order else None,
            external_ref=order.external_ref if order else None,
            order_amount=exact(order.amount, payout.currency) if order else None,
            doc_id=order.doc_id if order else None,
            hold_reason=payout.hold_reason,
        )


def _units_text(units: Fraction, unit: str | None) -> str:
    """As a preview shows them: whole ones as they are, hours and other parts to six places."""
    if units.denominator == 1 and unit != "active_hour":
        return str(units.numerator)
    return format(Decimal(round(units * 10**_UNIT_PLACES)).scaleb(-_UNIT_PLACES), "f")


def _orders(record: PayoutRecord) -> Iterator[RegisterOrder]:
    payout = record.progress
    for order in payout.orders:
        yield RegisterOrder(
            external_ref=order.external_ref,
            park_id=payout.park_id,
            cadence=payout.cadence,
            period=payout.period_name,
            revision=payout.revision,
            device_id=order.device_id,
            currency=payout.currency,
            amount=exact(order.amount, payout.currency),
            carried=exact(order.carried, payout.currency),
            payment_progress=order.payment_progress,
            doc_id=order.doc_id,
            note=_note(payout, order),
        )


def _note(payout: PayoutProgress, order: OrderProgress) -> str:
    """What somebody about to pay the order by hand should know."""
    if order.payment_progress is PaymentProgress.CREATED:
        return ""
    if order.payment_progress is PaymentProgress.IN_PROGRESS:
        warning = f"{DO_NOT_PAY} YET: it may have been sent; run `signalq-billing reconcile` and export again"
    elif order.ambiguous:
        warning = f"{DO_NOT_PAY} UNASKED: it was sent once and got no clear answer; `mark-created --dry-run` asks"
    else:
        warning = "" if payout.hold_reason else NOT_HELD
    held = f"held: {payout.hold_reason}" if payout.hold_reason else ""
    return "; ".join(filter(None, (warning, held)))


def _park(record: PayoutRecord) -> RegisterPark:
    payout = record.progress
    return RegisterPark(
        park_id=payout.park_id,
        cadence=payout.cadence,
        period=payout.period_name,
        last_day=record.period.end_date - dt.timedelta(days=1),
        timezone=record.period.timezone,
        revision=payout.revision,
        currency=payout.currency,
        amount=total_of((line.amount for line in record.lines), payout.currency),
        carried=exact(payout.carried, payout.currency),
        devices=len(record.lines),
        paid_devices=sum(1 for line in record.lines if line.amount),
        payment_progress=payout.payment_progress if payout.orders else None,
        reason=payout.reason,
        hold_reason=payout.hold_reason,
    )
