"""Retiring a rejected payout's keys for ever, so that a later revision can stand for it (SPEC section 7)."""

from collections.abc import Sequence

from sqlalchemy import func, or_, select, update

from signalq_billing.adapters.postgres.history import Entry, LockedParks
from signalq_billing.adapters.postgres.tables import StoredRow, is_any, order_attempt, payout, payout_order
from signalq_billing.domain.adjustment import Retirement
from signalq_billing.domain.progress import PaymentProgress
from signalq_billing.errors import Refused


def retire(parks: LockedParks, retirement: Retirement) -> int:
    """Retire a payout of a locked park; returns its revision. Its hold ends with it.

    Raises Refused, and changes nothing, if it is not what it was when billing-orders was asked about its orders.
    """
    connection = parks.connection
    row = connection.execute(select(payout).where(payout.c.id == retirement.payout_id).with_for_update()).one_or_none()
    orders = connection.execute(
        select(payout_order).where(payout_order.c.payout_id == retirement.payout_id).order_by(payout_order.c.id)
    ).all()
    if row is None or row.retired_at is not None or _moved(parks, orders, retirement):
        raise Refused(
            f"payout {retirement.payout_id} changed while billing-orders was asked about its orders: nothing was "
            f"retired. Look at `status` and run the command again"
        )
    ended = {"hold_reason": None, "hold_payload_hash": None, "held_at": None, "hold_expires_at": None}
    this = update(payout).where(payout.c.id == row.id)
    connection.execute(this.values(retired_at=parks.now, updated_at=parks.now, **ended))
    parks.append(_entry(row, orders, retirement))
    return int(row.revision)


def _moved(parks: LockedParks, orders: Sequence[StoredRow], retirement: Retirement) -> bool:
    """Whether an order was claimed, created or answered since, or may have been sent without a definite answer."""
    if tuple((order.id, order.fencing) for order in orders) != retirement.fencings:
        return True
    if any(order.payment_progress is not PaymentProgress.NOT_CREATED or order.ambiguous for order in orders):
        return True
    attempt = order_attempt.c
    unsure = select(func.count()).where(is_any(attempt.order_id, [order.id for order in orders]))
    unsure = unsure.where(or_(attempt.definite.is_(None), attempt.definite.is_(False)))
    return bool(parks.connection.scalar(unsure))


def _entry(row: StoredRow, orders: Sequence[StoredRow], retirement: Retirement) -> Entry:
    data = {
        "cadence": row.cadence,
        "period": str(row.period_name),
        "revision": row.revision,
        "currency": row.currency,
        "total": format(row.total, "f"),
        "carried": format(row.carried, "f"),
        "held_for": row.hold_reason,
        "external_refs": [order.external_ref for order in orders],
    }
    return Entry(row.park_id, retirement.by, "retired", retirement.note, row.id, data=data)
