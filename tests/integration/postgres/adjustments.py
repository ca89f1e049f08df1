"""A park whose periods are computed, paid and adjusted, on a real database; billing-orders says yes to everything."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from signalq_billing.adapters.postgres.adjustment_store import PostgresAdjustments
from signalq_billing.domain.adjustment import Adjusted, Retirement
from signalq_billing.domain.order import Created, Outcome, Rejected
from signalq_billing.domain.payout import Payout
from signalq_billing.domain.period import Period
from signalq_billing.domain.progress import Claim, PayoutProgress
from tests.integration.postgres.factories import LEASE, WEEK, World, payout, snapshot

NEXT = Period(WEEK.cadence, dt.date(2026, 11, 23), dt.date(2026, 11, 30), WEEK.timezone)


@dataclass
class Payer:
    """What a test does with one park, in short words. Amounts are of a whole period, per device."""

    world: World
    park_id: str = "park-1"
    snapshots: dict[Period, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.adjustments = PostgresAdjustments(self.world.engine)

    def computed(self, amounts: Mapping[str, str], **changes: Any) -> Payout:  # noqa: ANN401
        return payout(self.park_id, amounts, **changes)

    def run(self, amounts: Mapping[str, str], **changes: Any) -> PayoutProgress:  # noqa: ANN401
        """Compute and store the period, as a run does; nothing is sent."""
        made = self.computed(amounts, **changes)
        if not any(each.park_id == self.park_id for each in self.world.configs.current()):
            self.world.configs.apply([made.config], "tests")
        self.world.payouts.store([made], self.snapshot_id(made.period), "run")
        return next(each for each in self.payouts() if each.period_name == made.period.name)

    def snapshot_id(self, period: Period) -> int:
        """What a payout of that period was computed from."""
        if period not in self.snapshots:
            self.snapshots[period] = self.world.payouts.save_snapshot(snapshot(period), "run")
        return self.snapshots[period]

    def adjust(
        self,
        amounts: Mapping[str, str],
        retirement: Retirement | None = None,
        **changes: Any,  # noqa: ANN401
    ) -> Adjusted:
        """Hold a recompute of the period against what is stored; what a dry run says has to be what is done."""
        made = self.computed(amounts, **changes)
        retirements = {self.park_id: retirement} if retirement else {}
        (planned,) = self.adjustments.plan([made], retirements)
        (done,) = self.adjustments.adjust([made], self.snapshot_id(made.period), "adjust", retirements)
        told = ("step", "paid", "recomputed", "why", "revision", "carried", "ordered", "debt")
        assert {name: getattr(planned, name) for name in told} == {name: getattr(done, name) for name in told}
        return done

    def pay(self, outcome: Outcome | None = None) -> None:
        """Send every order that can be sent."""
        for made in self.payouts():
            for order in made.orders:
                claim = self.world.payouts.claim(order.order_id, "worker", LEASE)
                if isinstance(claim, Claim):
                    answer = outcome or Created(f"doc-{order.external_ref}")
                    assert self.world.payouts.record(claim, answer, "worker")

    def reject(self) -> None:
        self.pay(Rejected(422, "unknown park"))

    def payouts(self) -> list[PayoutProgress]:
        return self.world.payouts.payouts(park_ids=[self.park_id])

    def revisions(self) -> list[tuple[int, str, str, list[str]]]:
        """(revision, total, carried, amounts of its orders) of the week."""
        return [
            (each.revision, str(each.total), str(each.carried), [str(order.amount) for order in each.orders])
            for each in self.payouts()
            if each.period_name == WEEK.name
        ]

    def lines(self, payout_id: int) -> dict[str, str]:
        return {line.device_id: str(line.amount) for line in self.world.payouts.lines(payout_id)}

    def debt(self, currency: str = "RUB") -> Decimal:
        return self.adjustments.debts([self.park_id]).get((self.park_id, currency), Decimal(0))
