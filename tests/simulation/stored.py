"""The half of the simulated store that keeps what was computed and shows it; from the words of ports.py alone."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Iterator, Sequence
from decimal import Decimal
from itertools import count

from signalq_billing.adapters.postgres.forming import orders as formed_orders
from signalq_billing.domain.activity import ActivitySnapshot
from signalq_billing.domain.carrying import carried_into, debt_of
from signalq_billing.domain.digest import payout_digest
from signalq_billing.domain.payment_history import PaymentHistory
from signalq_billing.domain.payout import Payout, PayoutLine
from signalq_billing.domain.period import Period
from signalq_billing.domain.progress import PaymentProgress, PayoutProgress, StoreResult
from signalq_billing.domain.record import OrderAttempt, PayoutRecord
from signalq_billing.ports import StoredPayout
from tests.simulation.rows import AttemptRow, OrderRow, PayoutRow

CREATED, NOT_CREATED, IN_PROGRESS = PaymentProgress.CREATED, PaymentProgress.NOT_CREATED, PaymentProgress.IN_PROGRESS
_DAY = 86_400.0


class StoredPayouts:
    """Payouts with their lines and orders; `clock` is the store's own."""

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
        row = self._same(computed)
        if row is not None and (row.frozen or row.retired):
            same = row.digest == payout_digest(computed)
            result = StoreResult.UNCHANGED if same else StoreResult.FROZEN
        else:
            result, row = self.write(computed)
        return StoredPayout(row.payout_id, computed.park_id, result, len(row.orders))

    def write(self, computed: Payout) -> tuple[StoreResult, PayoutRow]:
        """Store a payout in the place of the one it replaces, less what the park owes; not if that is it already."""
        row, digest = self._same(computed), payout_digest(computed)
        carried = self.carried_by(computed, row)
        if row is not None and (row.digest, row.carried) == (digest, carried):
            return StoreResult.UNCHANGED, row
        result = StoreResult.STORED if row is None else StoreResult.REPLACED
        if row is None:
            row = PayoutRow(next(self._payout_ids), computed, digest)
            self.rows[row.payout_id] = row
        row.computed, row.digest, row.released_by, row.carried = computed, digest, None, carried
        # Nothing is ever claimed of a revision that takes back: it counts at once.
        row.frozen = computed.revision > 1 and computed.total <= 0
        row.orders = [
            OrderRow(
                *(next(self._order_ids), row.payout_id, each.device_id, each.external_ref),
                *(each.amount, each.body, each.payload_hash),
                carried=each.carried,
            )
            for each in formed_orders(computed, carried)
        ]
        return result, row

    def debt(self, park_id: str, currency: str, without: PayoutRow | None = None) -> Decimal:
        """What a park owes from revisions below zero."""
        standing = [row for row in self.rows.values() if row is not without and not row.retired]
        of_park = [row for row in standing if (row.computed.park_id, row.computed.currency) == (park_id, currency)]
        return debt_of((row.computed.total, row.carried) for row in of_park)

    def carried_by(self, computed: Payout, replaced: PayoutRow | None) -> Decimal:
        return carried_into(computed.total, self.debt(computed.park_id, computed.currency, without=replaced))

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
        gone = [
            row for row in self.rows.values() if row.computed.park_id not in kept and not row.frozen and not row.retired
        ]
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
            if each.retired:
                continue
            key = (each.park_id, each.currency)
            totals[key] = totals.get(key, Decimal(0)) + each.total
        return totals

    def payment_histories(self, payout_ids: Sequence[int], periods: int) -> list[PaymentHistory]:
        """No past: the guards that look at it only ever hold, as a person does."""
        return []

    def records(
        self, cadence: str | None, period_name: dt.date, park_ids: Sequence[str] | None = None
    ) -> list[PayoutRecord]:
        shown = self.payouts(cadence, period_name, park_ids)
        return [self.rows[each.payout_id].record() for each in shown]

    def each_payout(self, cadence: str | None = None, period_name: dt.date | None = None) -> Iterator[PayoutProgress]:
        return iter(self.payouts(cadence, period_name))

    def each_record(
        self, cadence: str | None, period_name: dt.date, park_ids: Sequence[str] | None = None
    ) -> Iterator[PayoutRecord]:
        return iter(self.records(cadence, period_name, park_ids))

    def lines(self, payout_id: int) -> list[PayoutLine]:
        return list(self.rows[payout_id].record().lines)

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
        if row.retired:
            return False
        if order.progress is IN_PROGRESS:
            return self._stale(order, now)
        waits = order.retry_at is not None and order.retry_at > now
        return order.progress is NOT_CREATED and row.hold_reason is None and not waits

    def _stale(self, order: OrderRow, now: dt.datetime) -> bool:
        return order.claimed_until is not None and order.claimed_until <= now

    def find_order(self, order_id: int) -> tuple[PayoutRow, OrderRow] | None:
        return next(
            ((row, order) for row in self.rows.values() for order in row.orders if order.order_id == order_id), None
        )
