"""Claim, take over, record: how an order moves, each step a transaction of its own (SPEC section 7).

A fencing number grows with every claim; only the holder of the current one may record what came of it.
"""

import datetime as dt
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from psycopg.rows import namedtuple_row
from sqlalchemy import Connection, select

from signalq_billing.adapters.postgres import order_steps
from signalq_billing.adapters.postgres.history import FIRST_PREV_HASH, Entry, LockedParks
from signalq_billing.adapters.postgres.holds import put_on_hold
from signalq_billing.adapters.postgres.outcomes import Meaning, meaning_of
from signalq_billing.adapters.postgres.stored_text import escape, escape_document, unescape
from signalq_billing.adapters.postgres.tables import payout
from signalq_billing.adapters.postgres.transaction import driver_of
from signalq_billing.domain.order import NotFound, Outcome, payload_hash
from signalq_billing.domain.progress import Claim, ClaimRefusal, PaymentProgress
from signalq_billing.errors import IdempotencyConflict

_PAY, _ASK = "pay", "ask"


@dataclass(slots=True)
class _Locked:
    """An order with its payout and the end of its park's chain, all ours until the transaction ends."""

    connection: Connection
    order: Any  # what order_steps.LOCK selects, as stored
    park_id: str
    parks: LockedParks

    @property
    def progress(self) -> PaymentProgress:
        return PaymentProgress(self.order.payment_progress)

    @property
    def now(self) -> dt.datetime:
        return self.parks.now

    @property
    def device_hash(self) -> bytes | None:
        """What stands for the device of an order per device; None where the order is the whole park's."""
        if self.order.device_id is None:
            return None
        return hashlib.sha256(unescape(self.order.device_id).encode()).digest()

    def write(self, statement: str, entry: Entry, values: Mapping[str, object]) -> None:
        """Execute a statement of order_steps, which also appends `entry` to the history."""
        linked = self.parks.link(entry)
        told = {name: escape(each) if isinstance(each, str) else each for name, each in linked.items()}
        told["data"] = json.dumps(escape_document(linked["data"]), ensure_ascii=False)
        driver_of(self.connection).execute(statement, {**told, "now": self.now, **values})


def claim(connection: Connection, order_id: int, worker: str, lease: dt.timedelta) -> Claim | ClaimRefusal:
    """Make an order `in_progress` to send it, and freeze its payout. The claim counts from the commit on."""
    locked = _lock(connection, order_id)
    if locked is None:
        return ClaimRefusal.UNKNOWN_ORDER
    return _refusal(locked) or _take(locked, worker, lease, _PAY)


def claim_stale(connection: Connection, order_id: int, worker: str, lease: dt.timedelta) -> Claim | ClaimRefusal:
    """Take over an `in_progress` order whose lease has run out, to ask about it. Held ones too: asking pays nobody."""
    locked = _lock(connection, order_id)
    if locked is None:
        return ClaimRefusal.UNKNOWN_ORDER
    if locked.progress is PaymentProgress.CREATED:
        return ClaimRefusal.CREATED
    if locked.order.retired_at is not None:
        return ClaimRefusal.RETIRED
    if locked.progress is not PaymentProgress.IN_PROGRESS or locked.order.claimed_until > locked.now:
        return ClaimRefusal.NOT_STALE
    return _take(locked, worker, lease, _ASK)


def _lock(connection: Connection, order_id: int) -> _Locked | None:
    """None for an order there is not."""
    row = _locked_row(connection, order_id)
    if row is None:
        # Either there is no such order, or the chain of its park has no beginning yet.
        driver_of(connection).execute(order_steps.BEGIN_CHAIN, {"order_id": order_id, "hash": FIRST_PREV_HASH})
        row = _locked_row(connection, order_id)
    if row is None:
        return None
    park_id = unescape(row.park_id)
    return _Locked(connection, row, park_id, LockedParks(connection, row.now, {park_id: (row.seq, row.hash)}))


def _locked_row(connection: Connection, order_id: int) -> Any:  # noqa: ANN401 - what LOCK selects, by name, as stored
    with driver_of(connection).cursor(row_factory=namedtuple_row) as cursor:
        return cursor.execute(order_steps.LOCK, {"order_id": order_id}).fetchone()


def _refusal(locked: _Locked) -> ClaimRefusal | None:
    if locked.progress is PaymentProgress.CREATED:
        return ClaimRefusal.CREATED
    if locked.order.retired_at is not None:
        return ClaimRefusal.RETIRED
    if locked.progress is PaymentProgress.IN_PROGRESS:
        return ClaimRefusal.IN_PROGRESS
    return ClaimRefusal.HELD if locked.order.hold_reason is not None else None


def _take(locked: _Locked, worker: str, lease: dt.timedelta, purpose: str) -> Claim:
    """Write the claim with the next fencing number; one to pay freezes the payout, for from here on its payload may
    have been sent, and its config version counts as paid with.

    Raises IdempotencyConflict if the stored payload was tampered with.
    """
    order, pays = locked.order, purpose == _PAY
    body, ref, until = bytes(order.payload), unescape(order.external_ref), locked.now + lease
    if payload_hash(body) != order.payload_hash:
        raise IdempotencyConflict(f"order {ref}: its stored payload is not the one it was formed with")
    values = {
        "progress": PaymentProgress.IN_PROGRESS.value,
        "device_hash": locked.device_hash,
        "fencing": order.fencing + 1,
        "claimed_until": until,
        "worker": escape(worker),
        "attempts": order.attempts + pays,
        # Whoever held the claim before may have sent the order and told nobody.
        "ambiguous": order.ambiguous or not pays,
        "purpose": purpose,
    }
    data = {**_told(order), "fencing": order.fencing + 1, "claimed_until": until.isoformat()}
    entry = Entry(locked.park_id, worker, "claimed" if pays else "taken_over", "", order.payout_id, order.id, data)
    to_pay = order_steps.CLAIM if order.device_id is None else order_steps.CLAIM_OF_DEVICE
    locked.write(to_pay if pays else order_steps.TAKE_OVER, entry, values)
    return Claim(
        order_id=order.id,
        payout_id=order.payout_id,
        park_id=locked.park_id,
        external_ref=ref,
        fencing=order.fencing + 1,
        claimed_until=until,
        body=body,
        payload_hash=order.payload_hash,
        amount=order.amount,
        currency=unescape(order.currency),
    )


def _told(order: Any) -> dict[str, object]:  # noqa: ANN401 - what LOCK selects
    return {
        "external_ref": unescape(order.external_ref),
        "amount": format(order.amount, "f"),
        "carried": format(order.carried, "f"),
        "currency": unescape(order.currency),
        "payload_hash": order.payload_hash,
    }


def record(connection: Connection, claim: Claim, outcome: Outcome | NotFound, actor: str) -> bool:
    """Record what came of a claim; False, and nothing but history, if the claim is not the current one any more."""
    meaning = meaning_of(outcome)
    locked = _lock(connection, claim.order_id)
    if locked is None:
        return False
    order = locked.order
    told = {**_told(order), "fencing": claim.fencing, "outcome": meaning.outcome, "definite": meaning.definite}
    if meaning.doc_id is not None:
        told["doc_id"] = meaning.doc_id
    current = locked.progress is PaymentProgress.IN_PROGRESS and order.fencing == claim.fencing
    action = meaning.outcome if current else "fenced"
    entry = Entry(locked.park_id, actor, action, meaning.message, order.payout_id, order.id, told)
    answer = {
        "fencing": claim.fencing,
        "outcome": meaning.outcome,
        "definite": meaning.definite,
        "detail": escape(meaning.message),
    }
    if not current:
        locked.write(order_steps.RECORD_TOO_LATE, entry, answer)
        return False
    settling = order_steps.RECORD if order.device_id is None else order_steps.RECORD_OF_DEVICE
    locked.write(settling, entry, answer | _settled(locked, meaning))
    if meaning.hold_reason is not None:
        held = connection.execute(select(payout).where(payout.c.id == order.payout_id)).one()
        put_on_hold(locked.parks, held, meaning.hold_reason, actor)
    return True


def _settled(locked: _Locked, meaning: Meaning) -> dict[str, Any]:
    """The order, and the lines it pays, as they are after its claim ended so."""
    order, under_way = locked.order, meaning.progress is PaymentProgress.IN_PROGRESS
    error = meaning.last_error(before=None if order.last_error is None else unescape(order.last_error))
    return {
        "progress": meaning.progress.value,
        "device_hash": locked.device_hash,
        "claimed_until": locked.now if under_way else None,  # its lease ends here: it may be asked about at once
        "doc_id": None if meaning.doc_id is None else escape(meaning.doc_id),
        "last_error": None if error is None else escape(error),
        "retry_at": None if meaning.retry_after is None else locked.now + meaning.retry_after,
        "ambiguous": order.ambiguous or not meaning.definite,
    }
