"""Keyword factories for stored payouts and their registers: name only what a test is about."""

import datetime as dt
from collections.abc import Mapping
from decimal import Decimal
from fractions import Fraction

from signalq_billing.domain.activity import BadRows
from signalq_billing.domain.config import OrderPer
from signalq_billing.domain.money import from_minor
from signalq_billing.domain.order import external_ref
from signalq_billing.domain.payout import PayoutLine
from signalq_billing.domain.progress import OrderProgress, PaymentProgress, PayoutProgress
from signalq_billing.domain.record import Origin, PayoutRecord
from signalq_billing.domain.register import Register
from signalq_billing.services.registering import make_register
from tests.unit.domain.builders import config, period

NOON = dt.datetime(2026, 11, 23, 12, tzinfo=dt.UTC)


def line(device_id: str, amount: Decimal, units: Fraction = Fraction(3)) -> PayoutLine:
    return PayoutLine(device_id, 120_000, 3, units, amount, None if amount else "below_min_active_days")


def order(
    park_id: str,
    amount: Decimal,
    device_id: str | None = None,
    *,
    progress: PaymentProgress = PaymentProgress.NOT_CREATED,
    revision: int = 1,
    ambiguous: bool = False,
) -> OrderProgress:
    return OrderProgress(
        order_id=1,
        external_ref=external_ref(park_id, period(), revision, device_id),
        device_id=device_id,
        amount=amount,
        payment_progress=progress,
        attempts=0,
        doc_id="doc-1" if progress is PaymentProgress.CREATED else None,
        last_error=None,
        claimed_until=NOON if progress is PaymentProgress.IN_PROGRESS else None,
        retry_at=None,
        ambiguous=ambiguous,
    )


def record(
    park_id: str = "park-1",
    minors: Mapping[str, int] | None = None,
    *,
    currency: str = "RUB",
    order_per: OrderPer = OrderPer.PARK,
    progress: PaymentProgress = PaymentProgress.NOT_CREATED,
    revision: int = 1,
    hold_reason: str | None = None,
    retired: bool = False,
    ambiguous: bool = False,
    units: Fraction = Fraction(3),
    unit: str = "active_day",
) -> PayoutRecord:
    """A stored payout of so many minor units per device, with the orders that pay it."""
    minors = {"cam-1": 3000, "cam-2": 5000} if minors is None else minors
    lines = [line(device, from_minor(minors[device], currency), units) for device in sorted(minors, key=str.encode)]
    total = from_minor(sum(minors.values()), currency)
    devices = [None] if order_per is OrderPer.PARK else [each.device_id for each in lines]
    amounts = {None: total, **{each.device_id: each.amount for each in lines}}
    orders = [
        order(park_id, amounts[device], device, progress=progress, revision=revision, ambiguous=ambiguous)
        for device in devices
        if amounts[device]
    ]
    payout = PayoutProgress(
        payout_id=1,
        park_id=park_id,
        cadence=period().cadence,
        period_name=period().name,
        revision=revision,
        currency=currency,
        total=total,
        devices=len(lines),
        reason=None if total else "no_activity",
        hold_reason=hold_reason,
        orders=orders,
    )
    made_by = config(park_id=park_id, currency=currency, order_per=order_per, unit=unit)
    origin = Origin(made_by, NOON, "ann", 1, NOON, 10, BadRows(), "1", NOON, "d" * 64, "a" * 64, "0.1.0", NOON)
    return PayoutRecord(payout, period(), tuple(lines), origin, retired_at=NOON if retired else None)


def register(*records: PayoutRecord) -> Register:
    return make_register(period().cadence, period().name, records or [record()])
