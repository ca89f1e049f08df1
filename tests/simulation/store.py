"""A PayoutStore in memory, written from the words of ports.py and SPEC section 7 alone. test_conformance.py holds it to
be the same as the one on PostgreSQL: a call is a transaction, and transactions come one after another."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence

from signalq_billing.domain.marking import Mark, MarkedBy, StoredOrder
from signalq_billing.domain.order import (
    Created,
    Misconfigured,
    NotFound,
    Outcome,
    Rejected,
    Unavailable,
    Unknown,
)
from signalq_billing.domain.progress import Claim, ClaimRefusal, PaymentProgress
from signalq_billing.errors import Refused, RegisterMismatch, UsageError
from tests.simulation.rows import AttemptRow, OrderRow, PayoutRow
from tests.simulation.stored import StoredPayouts

CREATED, NOT_CREATED, IN_PROGRESS = PaymentProgress.CREATED, PaymentProgress.NOT_CREATED, PaymentProgress.IN_PROGRESS
_DAY = 86_400.0


class SimulatedStore(StoredPayouts):
    """How orders move, and what people decide."""

    # How orders move

    def claim(self, order_id: int, worker: str, lease: dt.timedelta) -> Claim | ClaimRefusal:
        found = self.find_order(order_id)
        if found is None:
            return ClaimRefusal.UNKNOWN_ORDER
        row, order = found
        if order.progress is CREATED:
            return ClaimRefusal.CREATED
        if row.retired:
            return ClaimRefusal.RETIRED
        if order.progress is IN_PROGRESS:
            return ClaimRefusal.IN_PROGRESS
        if row.hold_reason is not None:
            return ClaimRefusal.HELD
        row.frozen = True
        order.attempts += 1
        return self._take(row, order, worker, lease, "pay")

    def claim_stale(self, order_id: int, worker: str, lease: dt.timedelta) -> Claim | ClaimRefusal:
        found = self.find_order(order_id)
        if found is None:
            return ClaimRefusal.UNKNOWN_ORDER
        row, order = found
        if order.progress is CREATED:
            return ClaimRefusal.CREATED
        if row.retired:
            return ClaimRefusal.RETIRED
        if order.progress is not IN_PROGRESS or not self._stale(order, self.clock()):
            return ClaimRefusal.NOT_STALE
        order.ambiguous = True
        return self._take(row, order, worker, lease, "ask")

    def _take(self, row: PayoutRow, order: OrderRow, worker: str, lease: dt.timedelta, purpose: str) -> Claim:
        now = self.clock()
        order.progress, order.retry_at, order.claimed_until = IN_PROGRESS, None, now + lease
        order.fencing += 1
        self.attempt_rows.append(AttemptRow(order.order_id, order.fencing, purpose, worker, now))
        return row.claim_of(order)

    def record(self, claim: Claim, outcome: Outcome | NotFound, actor: str) -> bool:
        found = self.find_order(claim.order_id)
        if found is None:
            return False
        row, order = found
        self._answer(claim, outcome)
        if not self._current(order, claim):
            return False
        order.ambiguous = order.ambiguous or not _definite(outcome)
        order.progress, order.claimed_until, order.retry_at = NOT_CREATED, None, None
        if isinstance(outcome, Created):
            order.progress, order.doc_id, order.last_error = CREATED, outcome.doc_id, None
        elif not isinstance(outcome, NotFound):
            order.last_error = _said(outcome)
        if isinstance(outcome, Unknown):
            order.progress, order.claimed_until = IN_PROGRESS, self.clock()
        if isinstance(outcome, Unavailable) and outcome.retry_after is not None:
            order.retry_at = self.clock() + dt.timedelta(seconds=min(max(outcome.retry_after, 0.0), _DAY))
        if isinstance(outcome, Rejected):
            self._hold(row, f"billing-orders rejected the order: {_said(outcome)}")
        return True

    def _current(self, order: OrderRow, claim: Claim) -> bool:
        return order.progress is IN_PROGRESS and order.fencing == claim.fencing

    def _answer(self, claim: Claim, outcome: Outcome | NotFound) -> None:
        for each in self.attempt_rows:
            if (each.order_id, each.fencing, each.recorded_at) == (claim.order_id, claim.fencing, None):
                each.recorded_at, each.definite = self.clock(), _definite(outcome)
                each.outcome = "not_found" if isinstance(outcome, NotFound) else type(outcome).__name__.lower()

    # What people decide

    def hold(self, payout_id: int, reason: str, actor: str) -> None:
        if payout_id not in self.rows:
            raise UsageError(f"there is no payout {payout_id}")
        if any(order.progress is not CREATED for order in self.rows[payout_id].orders):
            self._hold(self.rows[payout_id], reason)

    def _hold(self, row: PayoutRow, reason: str) -> None:
        if row.hold_reason != reason:
            row.hold_reason, row.held_digest, row.released_by = reason, row.digest, None

    def release(self, payout_id: int, by: str, note: str, digest: str | None = None) -> bool:
        if payout_id not in self.rows:
            raise UsageError(f"there is no payout {payout_id}")
        row = self.rows[payout_id]
        if row.hold_reason is None:
            return False
        if digest not in (None, row.digest):
            raise Refused("computed anew since it was looked at")
        row.hold_reason, row.held_digest, row.released_by = None, row.digest, by
        return True

    def orders(self, external_refs: Iterable[str]) -> list[StoredOrder]:
        wanted, now = set(external_refs), self.clock()
        found = [(row, order) for row in self.rows.values() for order in row.orders if order.external_ref in wanted]
        found.sort(key=lambda pair: pair[1].external_ref.encode())
        return [row.stored_order(order, self._unsure_for(order, now), now) for row, order in found]

    def _unsure_for(self, order: OrderRow, now: dt.datetime) -> dt.timedelta | None:
        since = [
            each.recorded_at or each.claimed_at
            for each in self.attempt_rows
            if each.order_id == order.order_id and each.purpose == "pay" and not each.definite
        ]
        return now - max(since) if since else None

    def mark_created(self, marks: Sequence[Mark], by: MarkedBy) -> None:
        now = {each.external_ref: each for each in self.orders(mark.order.external_ref for mark in marks)}
        if changed := [mark.order.external_ref for mark in marks if _moved(mark, now.get(mark.order.external_ref))]:
            raise RegisterMismatch("these orders changed while the file was checked:", changed)
        for mark in marks:
            found = self.find_order(mark.order.order_id)
            assert found is not None
            row, order = found
            row.frozen = True
            order.progress, order.doc_id, order.claimed_until = CREATED, mark.doc_id, None
            order.fencing, order.retry_at, order.last_error = order.fencing + 1, None, None


def _moved(mark: Mark, now: StoredOrder | None) -> bool:
    if now is None or now.retired or now.leased:
        return True
    names = ("order_id", "fencing", "payment_progress", "digest", "amount", "currency", "lines")
    return any(getattr(mark.order, name) != getattr(now, name) for name in names)


def _definite(outcome: Outcome | NotFound) -> bool:
    return outcome.definite if isinstance(outcome, Unavailable) else not isinstance(outcome, Unknown)


def _said(outcome: Rejected | Misconfigured | Unavailable | Unknown) -> str:
    status = f"{outcome.status}: " if isinstance(outcome, Rejected | Misconfigured) else ""
    said = f"{status}{outcome.message}"
    return said if len(said) <= 2000 else f"{said[:2000]}..."
