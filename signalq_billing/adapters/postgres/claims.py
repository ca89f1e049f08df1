"""Claim, take over, record: how an order moves, each step a transaction of its own (SPEC section 7).

A fencing number grows with every claim; only the holder of the current one may record what came of it.
"""

import datetime as dt
import hashlib
from dataclasses import dataclass

from sqlalchemy import ColumnElement, Connection, insert, literal, select, update

from signalq_billing.adapters.postgres.history import Entry, LockedParks, lock_parks
from signalq_billing.adapters.postgres.holds import put_on_hold
from signalq_billing.adapters.postgres.outcomes import Meaning, meaning_of
from signalq_billing.adapters.postgres.tables import (
    DEVICE_HASH,
    StoredRow,
    order_attempt,
    payout,
    payout_line,
    payout_order,
)
from signalq_billing.domain.order import NotFound, Outcome, payload_hash
from signalq_billing.domain.progress import Claim, ClaimRefusal, PaymentProgress
from signalq_billing.errors import IdempotencyConflict

_PAY, _ASK = "pay", "ask"


@dataclass(frozen=True, slots=True)
class _Locked:
    """An order and its payout, both ours until the transaction ends."""

    connection: Connection
    parks: LockedParks
    order: StoredRow
    payout: StoredRow

    @property
    def now(self) -> dt.datetime:
        return self.parks.now


def claim(connection: Connection, order_id: int, worker: str, lease: dt.timedelta) -> Claim | ClaimRefusal:
    """Make an order `in_progress` to send it, and freeze its payout. The claim counts from the commit on."""
    locked = _lock(connection, order_id)
    if locked is None:
        return ClaimRefusal.UNKNOWN_ORDER
    if refusal := _refusal(locked):
        return refusal
    _freeze(locked)
    _set_line_progress(locked, PaymentProgress.IN_PROGRESS)
    return _take(locked, worker, lease, _PAY)


def claim_stale(connection: Connection, order_id: int, worker: str, lease: dt.timedelta) -> Claim | ClaimRefusal:
    """Take over an `in_progress` order whose lease has run out, to ask about it. Held ones too: asking pays nobody."""
    locked = _lock(connection, order_id)
    if locked is None:
        return ClaimRefusal.UNKNOWN_ORDER
    if locked.order.payment_progress is PaymentProgress.CREATED:
        return ClaimRefusal.CREATED
    if locked.payout.retired_at is not None:
        return ClaimRefusal.RETIRED
    if locked.order.payment_progress is not PaymentProgress.IN_PROGRESS or locked.order.claimed_until > locked.now:
        return ClaimRefusal.NOT_STALE
    return _take(locked, worker, lease, _ASK)


def _lock(connection: Connection, order_id: int) -> _Locked | None:
    park_id = connection.scalar(
        select(payout.c.park_id).join(payout_order, payout_order.c.payout_id == payout.c.id).where(_is(order_id))
    )
    if park_id is None:
        return None
    parks = lock_parks(connection, [park_id])
    order = connection.execute(select(payout_order).where(_is(order_id)).with_for_update()).one_or_none()
    if order is None:
        return None
    of_order = select(payout).where(payout.c.id == order.payout_id).with_for_update()
    return _Locked(connection, parks, order, connection.execute(of_order).one())


def _is(order_id: int) -> ColumnElement[bool]:
    return payout_order.c.id == order_id


def _refusal(locked: _Locked) -> ClaimRefusal | None:
    if locked.order.payment_progress is PaymentProgress.CREATED:
        return ClaimRefusal.CREATED
    if locked.payout.retired_at is not None:
        return ClaimRefusal.RETIRED
    if locked.order.payment_progress is PaymentProgress.IN_PROGRESS:
        return ClaimRefusal.IN_PROGRESS
    return ClaimRefusal.HELD if locked.payout.hold_reason is not None else None


def _freeze(locked: _Locked) -> None:
    """From here on the payload may have been sent, and its config version counts as paid with."""
    if locked.payout.frozen_at is None:
        this = update(payout).where(payout.c.id == locked.payout.id)
        locked.connection.execute(this.values(frozen_at=locked.now, updated_at=locked.now))


def _take(locked: _Locked, worker: str, lease: dt.timedelta, purpose: str) -> Claim:
    """Write the claim with the next fencing number. Raises IdempotencyConflict if the stored payload was tampered
    with."""
    order, pays = locked.order, purpose == _PAY
    if payload_hash(order.payload) != order.payload_hash:
        raise IdempotencyConflict(f"order {order.external_ref}: its stored payload is not the one it was formed with")
    values = {
        "payment_progress": PaymentProgress.IN_PROGRESS,
        "fencing": order.fencing + 1,
        "claimed_until": locked.now + lease,
        "claimed_by": worker,
        "attempts": order.attempts + pays,
        "retry_at": None,
        # Whoever held the claim before may have sent the order and told nobody.
        "ambiguous": order.ambiguous or not pays,
        "updated_at": locked.now,
    }
    locked.connection.execute(update(payout_order).where(_is(order.id)).values(values))
    attempt = {"order_id": order.id, "fencing": order.fencing + 1, "purpose": purpose, "worker": worker}
    locked.connection.execute(insert(order_attempt).values(claimed_at=locked.now, **attempt))
    data = {**_told(order), "fencing": order.fencing + 1, "claimed_until": (locked.now + lease).isoformat()}
    action = "claimed" if pays else "taken_over"
    locked.parks.append(Entry(locked.payout.park_id, worker, action, "", order.payout_id, order.id, data))
    return Claim(
        order_id=order.id,
        payout_id=order.payout_id,
        park_id=locked.payout.park_id,
        external_ref=order.external_ref,
        fencing=order.fencing + 1,
        claimed_until=locked.now + lease,
        body=order.payload,
        payload_hash=order.payload_hash,
        amount=order.amount,
        currency=order.currency,
    )


def _told(order: StoredRow) -> dict[str, object]:
    return {
        "external_ref": order.external_ref,
        "amount": format(order.amount, "f"),
        "carried": format(order.carried, "f"),
        "currency": order.currency,
        "payload_hash": order.payload_hash,
    }


def record(connection: Connection, claim: Claim, outcome: Outcome | NotFound, actor: str) -> bool:
    """Record what came of a claim; False, and nothing but history, if the claim is not the current one any more."""
    meaning = meaning_of(outcome)
    locked = _lock(connection, claim.order_id)
    if locked is None:
        return False
    _answer_attempt(locked, claim, meaning)
    order = locked.order
    told = {**_told(order), "fencing": claim.fencing, "outcome": meaning.outcome, "definite": meaning.definite}
    if meaning.doc_id is not None:
        told["doc_id"] = meaning.doc_id
    current = order.payment_progress is PaymentProgress.IN_PROGRESS and order.fencing == claim.fencing
    action = meaning.outcome if current else "fenced"
    entry = Entry(locked.payout.park_id, actor, action, meaning.message, order.payout_id, order.id, told)
    locked.parks.append(entry)
    if current:
        _settle(locked, meaning)
        if meaning.hold_reason is not None:
            put_on_hold(locked.parks, locked.payout, meaning.hold_reason, actor)
    return current


def _answer_attempt(locked: _Locked, claim: Claim, meaning: Meaning) -> None:
    attempt = order_attempt.c
    answered = (
        update(order_attempt)
        .where(attempt.order_id == claim.order_id, attempt.fencing == claim.fencing, attempt.recorded_at.is_(None))
        .values(recorded_at=locked.now, outcome=meaning.outcome, definite=meaning.definite, detail=meaning.message)
    )
    locked.connection.execute(answered)


def _settle(locked: _Locked, meaning: Meaning) -> None:
    under_way = meaning.progress is PaymentProgress.IN_PROGRESS
    values = {
        "payment_progress": meaning.progress,
        "claimed_until": locked.now if under_way else None,  # its lease ends here: it may be asked about at once
        "doc_id": meaning.doc_id,
        "last_outcome": meaning.outcome,
        "last_error": meaning.last_error(before=locked.order.last_error),
        "retry_at": None if meaning.retry_after is None else locked.now + meaning.retry_after,
        "ambiguous": locked.order.ambiguous or not meaning.definite,
        "updated_at": locked.now,
    }
    locked.connection.execute(update(payout_order).where(_is(locked.order.id)).values(values))
    _set_line_progress(locked, meaning.progress)


def _set_line_progress(locked: _Locked, progress: PaymentProgress) -> None:
    """The lines an order pays are as far as the order is."""
    paid = update(payout_line).where(payout_line.c.payout_id == locked.order.payout_id, payout_line.c.amount != 0)
    if (device_id := locked.order.device_id) is not None:
        paid = paid.where(literal(hashlib.sha256(device_id.encode()).digest()) == DEVICE_HASH)
    changed = paid.where(payout_line.c.payment_progress != progress)
    locked.connection.execute(changed.values(payment_progress=progress, updated_at=locked.now))
