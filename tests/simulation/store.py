"""A PayoutStore in memory, written from the words of ports.py and SPEC section 7 alone. test_conformance.py holds it to
be the same as the one on PostgreSQL: a call is a transaction, and transactions come one after another."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Sequence
from decimal import Decimal
from itertools import count

from signalq_billing.adapters.postgres.forming import orders as formed_orders
from signalq_billing.domain.activity import ActivitySnapshot
from signalq_billing.domain.digest import payout_digest
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
from signalq_billing.domain.payment_history import PaymentHistory
from signalq_billing.domain.payout import Payout
from signalq_billing.domain.period import Period
from signalq_billing.domain.progress import Claim, ClaimRefusal, PaymentProgress, PayoutProgress, StoreResult
from signalq_billing.domain.record import OrderAttempt
from signalq_billing.errors import Refused, RegisterMismatch, UsageError
from signalq_billing.ports import StoredPayout
from tests.simulation.rows import AttemptRow, OrderRow, PayoutRow

CREATED, NOT_CREATED, IN_PROGRESS = PaymentProgress.CREATED, PaymentProgress.NOT_CREATED, PaymentProgress.IN_PROGRESS
_DAY = 86_400.0


class SimulatedStore:
    """Progress of payouts; `clock` is the store's own."""

    def __init__(self, clock: Callable[[], dt.datetime]) -> None:
        self.clock = clock
        self.rows: dict[int, PayoutRow] = {}
        self.attempt_rows: list[AttemptRow] = []
        self._snapshots: list[ActivitySnapshot] = []
        self._payout_ids, self._order_ids = count(1), count(1)

    def ping(self) -> None: ...

    def save_snapshot(self, snapshot: ActivitySnapshot, actor: str) -> int:
        self._snapshots.append(snapshot)
        return len(self._snapshots)

    def snapshot(self, snapshot_id: int) -> ActivitySnapshot:
        return self._snapshots[snapshot_id - 1]

    # What is computed

    def store(self, payouts: Iterable[Payout], snapshot_id: int, actor: str) -> list[StoredPayout]:
        return [self._store(each) for each in payouts]

    def _store(self, computed: Payout) -> StoredPayout:
        digest, row = payout_digest(computed), self._same(computed)
        if row is not None and (row.frozen or row.digest == digest):
            result = StoreResult.UNCHANGED if row.digest == digest else StoreResult.FROZEN
            return StoredPayout(row.payout_id, computed.park_id, result, len(row.orders))
        if row is None:
            result, row = StoreResult.STORED, PayoutRow(next(self._payout_ids), computed, digest)
            self.rows[row.payout_id] = row
        else:
            result = StoreResult.REPLACED
            row.computed, row.digest, row.released_by = computed, digest, None
        row.orders = [
            OrderRow(
                *(next(self._order_ids), row.payout_id, each.device_id, each.external_ref),
                *(each.amount, each.body, each.payload_hash),
            )
            for each in formed_orders(computed)
        ]
        return StoredPayout(row.payout_id, computed.park_id, result, len(row.orders))

    def _same(self, computed: Payout) -> PayoutRow | None:
        wanted = (computed.park_id, computed.period, computed.revision)
        rows = self.rows.values()
        return next(
            (row for row in rows if (row.computed.park_id, row.computed.period, row.computed.revision) == wanted), None
        )

    def overlaps(self, period: Period, park_ids: Sequence[str]) -> list[tuple[str, str]]:
        return []

    def void_missing(self, period: Period, keep: Iterable[str], actor: str) -> list[str]:
        kept = set(keep)
        gone = [row for row in self.rows.values() if row.computed.park_id not in kept and not row.frozen]
        gone = [row for row in gone if row.computed.period == period and row.computed.revision == 1]
        for row in gone:
            del self.rows[row.payout_id]
        return sorted((row.computed.park_id for row in gone), key=str.encode)

    # What is shown

    def payouts(
        self, cadence: str | None = None, period_name: dt.date | None = None, park_ids: Sequence[str] | None = None
    ) -> list[PayoutProgress]:
        shown = [row.shown() for row in self.rows.values()]
        chosen = [
            each
            for each in shown
            if cadence in (None, each.cadence) and period_name in (None, each.period_name)
            if park_ids is None or each.park_id in park_ids
        ]
        return sorted(chosen, key=lambda each: (each.cadence, each.period_name, each.park_id.encode(), each.revision))

    def period_totals(self, cadence: str, period_name: dt.date) -> dict[tuple[str, str], Decimal]:
        totals: dict[tuple[str, str], Decimal] = {}
        for each in self.payouts(cadence, period_name):
            key = (each.park_id, each.currency)
            totals[key] = totals.get(key, Decimal(0)) + each.total
        return totals

    def payment_histories(self, payout_ids: Sequence[int], periods: int) -> list[PaymentHistory]:
        """No past: the guards that look at it only ever hold, as a person does."""
        return []

    def attempts(self, payout_id: int) -> list[OrderAttempt]:
        ids = {order.order_id for order in self.rows[payout_id].orders}
        return [
            OrderAttempt(
                *(each.order_id, each.fencing, each.purpose, each.worker, each.claimed_at, each.recorded_at),
                *(each.outcome, each.definite, each.detail),
            )
            for each in self.attempt_rows
            if each.order_id in ids
        ]

    def unfinished(self, limit: int) -> list[PayoutProgress]:
        now = self.clock()
        due = [row for row in self.rows.values() if any(self._due(row, order, now) for order in row.orders)]
        due.sort(key=lambda row: (row.computed.period.end, row.payout_id))
        return [row.shown() for row in due[:limit]]

    def _due(self, row: PayoutRow, order: OrderRow, now: dt.datetime) -> bool:
        if order.progress is IN_PROGRESS:
            return self._stale(order, now)
        waits = order.retry_at is not None and order.retry_at > now
        return order.progress is NOT_CREATED and row.hold_reason is None and not waits

    def _stale(self, order: OrderRow, now: dt.datetime) -> bool:
        return order.claimed_until is not None and order.claimed_until <= now

    # How orders move

    def claim(self, order_id: int, worker: str, lease: dt.timedelta) -> Claim | ClaimRefusal:
        found = self.find_order(order_id)
        if found is None:
            return ClaimRefusal.UNKNOWN_ORDER
        row, order = found
        if order.progress is CREATED:
            return ClaimRefusal.CREATED
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

    def find_order(self, order_id: int) -> tuple[PayoutRow, OrderRow] | None:
        return next(
            ((row, order) for row in self.rows.values() for order in row.orders if order.order_id == order_id), None
        )

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
    if now is None or now.leased:
        return True
    names = ("order_id", "fencing", "payment_progress", "digest", "amount", "currency", "lines")
    return any(getattr(mark.order, name) != getattr(now, name) for name in names)


def _definite(outcome: Outcome | NotFound) -> bool:
    return outcome.definite if isinstance(outcome, Unavailable) else not isinstance(outcome, Unknown)


def _said(outcome: Rejected | Misconfigured | Unavailable | Unknown) -> str:
    status = f"{outcome.status}: " if isinstance(outcome, Rejected | Misconfigured) else ""
    said = f"{status}{outcome.message}"
    return said if len(said) <= 2000 else f"{said[:2000]}..."
