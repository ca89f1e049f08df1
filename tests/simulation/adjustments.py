"""The Adjustments of ports.py on the simulated store: the domain decides, one park after another."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal

from signalq_billing.domain.adjustment import Adjusted, Retirement, Step, decide
from signalq_billing.domain.carrying import due
from signalq_billing.domain.payout import Payout
from signalq_billing.domain.progress import PaymentProgress, StoreResult
from signalq_billing.errors import Refused
from tests.simulation.rows import PayoutRow
from tests.simulation.store import SimulatedStore

_NOBODY: Mapping[str, Retirement] = {}
_WRITTEN = (Step.STORED, Step.REPLACED, Step.RECOMPUTED)


class SimulatedAdjustments:
    """Later revisions of periods that are paid."""

    def __init__(self, store: SimulatedStore) -> None:
        self._store = store

    def adjust(
        self, payouts: Sequence[Payout], snapshot_id: int, actor: str, retirements: Mapping[str, Retirement] = _NOBODY
    ) -> list[Adjusted]:
        return [self._adjust(each, retirements.get(each.park_id)) for each in payouts]

    def debts(self, park_ids: Iterable[str]) -> Mapping[tuple[str, str], Decimal]:
        owed = {(park_id, "RUB"): self._store.debt(park_id, "RUB") for park_id in park_ids}
        return {whose: debt for whose, debt in owed.items() if debt > 0}

    def _adjust(self, computed: Payout, retirement: Retirement | None) -> Adjusted:
        retired = self._retire(retirement) if retirement else None
        period = computed.period
        decision = decide(computed, self._store.records(period.cadence, period.name, [computed.park_id]))
        step, made, row = decision.step, decision.payout, None
        if retired and step in (Step.PROBLEM, Step.LEFT):
            retired.retired = False
            raise Refused(f"nothing was retired: {decision.why}")
        if made is not None and step in _WRITTEN:
            result, row = self._store.write(made)
            if result is StoreResult.UNCHANGED:
                step = Step.NOTHING if step is Step.RECOMPUTED else Step.KEPT
        elif step is Step.WITHDRAWN and decision.over is not None:
            del self._store.rows[decision.over.progress.payout_id]
        if retired:
            retired.hold_reason = retired.held_digest = None
        carried = row.carried if row else Decimal(0)
        return Adjusted(
            *(computed.park_id, computed.currency, step, decision.paid, computed.total, decision.why),
            revision=made.revision if made else None,
            payout_id=row.payout_id if row else None,
            carried=carried,
            ordered=due(made.total, carried) if made else Decimal(0),
            debt=self._store.debt(computed.park_id, computed.currency),
            retired=retired.computed.revision if retired else None,
        )

    def _retire(self, retirement: Retirement) -> PayoutRow:
        row = self._store.rows.get(retirement.payout_id)
        if row is None or row.retired or self._moved(row, retirement):
            raise Refused(f"payout {retirement.payout_id} changed while billing-orders was asked about its orders")
        row.retired = True
        return row

    def _moved(self, row: PayoutRow, retirement: Retirement) -> bool:
        ids = {order.order_id for order in row.orders}
        if tuple((order.order_id, order.fencing) for order in row.orders) != retirement.fencings:
            return True
        begun = [order for order in row.orders if order.progress is not PaymentProgress.NOT_CREATED or order.ambiguous]
        return bool(begun) or any(each.order_id in ids and not each.definite for each in self._store.attempt_rows)
