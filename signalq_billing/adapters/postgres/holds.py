"""Holding payouts: with a reason, what was held, and when somebody has to look (SPEC section 11)."""

import datetime as dt
from collections.abc import Sequence

from sqlalchemy import Connection, select, union, update

from signalq_billing.adapters.postgres.history import Entry, LockedParks, lock_parks
from signalq_billing.adapters.postgres.reading import with_orders
from signalq_billing.adapters.postgres.tables import StoredRow, history, is_any, payout, payout_order
from signalq_billing.domain.progress import PaymentProgress, PayoutProgress
from signalq_billing.errors import Refused, UsageError

EXPIRES_AFTER = dt.timedelta(days=1)


def hold(connection: Connection, payout_id: int, reason: str, actor: str) -> None:
    """Hold a payout. One whose orders are all created stays as it is, for there is nothing left to hold.

    Raises UsageError for a payout there is not.
    """
    found = select(payout).where(payout.c.id == payout_id)
    row = connection.execute(found).one_or_none()
    if row is None:
        raise UsageError(f"there is no payout {payout_id}")
    parks = lock_parks(connection, [row.park_id])
    # Read again under the lock: it may have been replaced, taken back or created meanwhile.
    row = connection.execute(found.with_for_update()).one_or_none()
    if row is None:
        raise UsageError(f"payout {payout_id} was taken back")
    if _open_orders(connection, payout_id):
        put_on_hold(parks, row, reason, actor)


def held(connection: Connection) -> list[PayoutProgress]:
    """Held payouts with an order that is not created, those first that have been waiting longest for somebody.

    Found by their open orders, which have indexes of their own, however many payouts were held and paid before.
    """
    open_orders = [
        select(payout_order.c.payout_id).where(payout_order.c.payment_progress == progress)
        for progress in (PaymentProgress.NOT_CREATED, PaymentProgress.IN_PROGRESS)
    ]
    wanted = (
        select(payout)
        .where(payout.c.id.in_(union(*open_orders)), payout.c.hold_reason.is_not(None), payout.c.retired_at.is_(None))
        .order_by(payout.c.hold_expires_at, payout.c.id)
    )
    return with_orders(connection, connection.execute(wanted).all())


def release(connection: Connection, payout_id: int, by: str, note: str, digest: str | None = None) -> bool:
    """Let a held payout go, in the name of `by`; False if it is not held. What is released is approved as it stands:
    no guard but the kill switch holds it again until it is computed anew. Raises UsageError for one there is not, and
    Refused if it is not what `digest` stands for any more.
    """
    found = select(payout).where(payout.c.id == payout_id)
    row = connection.execute(found).one_or_none()
    if row is None:
        raise UsageError(f"there is no payout {payout_id}")
    parks = lock_parks(connection, [row.park_id])
    row = connection.execute(found.with_for_update()).one_or_none()
    if row is None or row.hold_reason is None:
        return False
    if digest is not None and row.digest != digest:
        raise Refused(
            f"park {row.park_id}, {row.cadence} {row.period_name}: computed anew since it was looked at, it pays "
            f"{row.total} {row.currency} now. Nothing was released; look at it again and release what it is now"
        )
    released = {
        "hold_reason": None,
        "hold_payload_hash": row.digest,
        "held_at": None,
        "hold_expires_at": None,
        "released_at": parks.now,
        "released_by": by,
        "release_note": note,
        "updated_at": parks.now,
    }
    connection.execute(update(payout).where(payout.c.id == row.id).values(released))
    data = {"digest": row.digest, "total": format(row.total, "f"), "held_for": row.hold_reason}
    parks.append(Entry(row.park_id, by, "released", note, row.id, data=data))
    return True


def put_on_hold(parks: LockedParks, row: StoredRow, reason: str, actor: str) -> None:
    """Hold a payout whose park is locked; held for the same reason already, nothing changes."""
    if row.hold_reason == reason:
        return
    held = {
        "hold_reason": reason,
        "hold_payload_hash": row.digest,
        "held_at": parks.now,
        "hold_expires_at": parks.now + EXPIRES_AFTER,
        "released_at": None,
        "released_by": None,
        "release_note": None,
        "updated_at": parks.now,
    }
    parks.connection.execute(update(payout).where(payout.c.id == row.id).values(held))
    data = {"digest": row.digest, "total": format(row.total, "f"), "before": row.hold_reason}
    parks.append(Entry(row.park_id, actor, "held", reason, row.id, data=data))


def _open_orders(connection: Connection, payout_id: int) -> bool:
    unfinished = payout_order.c.payment_progress != PaymentProgress.CREATED
    found = select(payout_order.c.id).where(payout_order.c.payout_id == payout_id, unfinished).limit(1)
    return connection.scalar(found) is not None


def held_by(connection: Connection, payout_ids: Sequence[int]) -> dict[int, str]:
    """By payout, who put it on hold last."""
    wanted = (
        select(history.c.payout_id, history.c.actor)
        .where(is_any(history.c.payout_id, payout_ids), history.c.action == "held")
        .order_by(history.c.payout_id, history.c.seq)
    )
    return {row.payout_id: row.actor for row in connection.execute(wanted)}
