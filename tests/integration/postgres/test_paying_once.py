"""Whatever workers, crashes, lost answers and recomputes do in whatever order: SPEC section 7's invariants hold."""

import datetime as dt
import json
from collections import defaultdict
from decimal import Decimal
from itertools import count
from typing import ClassVar

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    consumes,
    initialize,
    invariant,
    multiple,
    rule,
    run_state_machine_as_test,
)

from signalq_billing.domain.config import OrderPer
from signalq_billing.domain.order import Created, Misconfigured, NotFound, Outcome, Rejected, Unavailable, Unknown
from signalq_billing.domain.progress import Claim, ClaimRefusal, PaymentProgress, PayoutProgress, StoreResult
from tests.integration.postgres.factories import World, payout

AMOUNTS = st.dictionaries(st.sampled_from(["cam-1", "cam-2", "cam-3"]), st.sampled_from(["0.00", "1.00", "2.50"]))
LEASES = st.sampled_from([dt.timedelta(0), dt.timedelta(minutes=10)])
WORKERS = st.sampled_from(["worker-1", "worker-2", "reconcile"])
NUMBERS = count()


class Billing:
    """billing-orders as far as these tests need it: one document per key, and what it was ever sent under it."""

    def __init__(self) -> None:
        self.docs: dict[str, str] = {}
        self.sent: dict[str, set[bytes]] = defaultdict(set)

    def create(self, claim: Claim) -> str:
        self.sent[claim.external_ref].add(claim.body)
        return self.docs.setdefault(claim.external_ref, f"doc-{len(self.docs) + 1}")


class Paying(RuleBasedStateMachine):
    """One park's payout of one period under several workers at once."""

    world: ClassVar[World]
    claims = Bundle("claims")
    questions = Bundle("questions")

    @initialize(order_per=st.sampled_from(OrderPer), amounts=AMOUNTS)
    def begin(self, order_per: OrderPer, amounts: dict[str, str]) -> None:
        self.park_id, self.order_per = f"machine-{next(NUMBERS)}", order_per
        self.billing = Billing()
        self.fencing: dict[int, int] = defaultdict(int)
        self.created: dict[str, str] = {}
        self.frozen: list[tuple[str, Decimal]] | None = None
        self.store(amounts)

    @rule(amounts=AMOUNTS)
    def store(self, amounts: dict[str, str]) -> None:
        (result,) = self.world.store(payout(self.park_id, amounts, order_per=self.order_per))
        if self.frozen is not None:
            assert result in {StoreResult.FROZEN, StoreResult.UNCHANGED}

    @rule(target=claims, worker=WORKERS, lease=LEASES, pick=st.integers(0, 2))
    def claim(self, worker: str, lease: dt.timedelta, pick: int) -> object:
        orders = self.progress.orders
        if not orders:
            return multiple()
        order = orders[pick % len(orders)]
        claimed = self.world.payouts.claim(order.order_id, worker, lease)
        assert isinstance(claimed, Claim) == (
            order.payment_progress is PaymentProgress.NOT_CREATED and self.progress.hold_reason is None
        )
        if not isinstance(claimed, Claim):
            return multiple()
        self.grew(claimed)
        if self.frozen is None:
            self.frozen = self.lines
        return claimed

    @rule(target=questions, worker=WORKERS, lease=LEASES, pick=st.integers(0, 2))
    def take_over(self, worker: str, lease: dt.timedelta, pick: int) -> object:
        orders = self.progress.orders
        if not orders:
            return multiple()
        taken = self.world.payouts.claim_stale(orders[pick % len(orders)].order_id, worker, lease)
        if isinstance(taken, ClaimRefusal):
            return multiple()
        self.grew(taken)
        return taken

    def grew(self, claim: Claim) -> None:
        assert claim.fencing > self.fencing[claim.order_id]
        self.fencing[claim.order_id] = claim.fencing

    @rule(claim=consumes(claims), answered=st.booleans())
    def send_and_commit(self, claim: Claim, answered: bool) -> None:
        doc_id = self.billing.create(claim)
        self.record(claim, Created(doc_id) if answered else Unknown("cut"))

    @rule(claim=claims)
    def send_and_crash(self, claim: Claim) -> None:
        """It reaches billing-orders, at any time later too, and nobody hears of it."""
        self.billing.create(claim)

    @rule(
        claim=consumes(claims),
        outcome=st.sampled_from(
            [
                Rejected(422, "no"),
                Misconfigured(401, "who"),
                Unavailable("refused", definite=True),
                Unavailable("502", definite=False),
                Unknown("timeout"),
            ]
        ),
    )
    def send_in_vain(self, claim: Claim, outcome: Outcome) -> None:
        if claim.external_ref not in self.billing.docs:
            self.billing.sent[claim.external_ref].add(claim.body)
            self.record(claim, outcome)

    @rule(claim=consumes(questions))
    def ask(self, claim: Claim) -> None:
        doc_id = self.billing.docs.get(claim.external_ref)
        self.record(claim, Created(doc_id) if doc_id else NotFound())

    def record(self, claim: Claim, outcome: Outcome | NotFound) -> None:
        before = {order.order_id: order for order in self.progress.orders}[claim.order_id]
        current = (
            claim.fencing == self.fencing[claim.order_id] and before.payment_progress is PaymentProgress.IN_PROGRESS
        )
        assert self.world.payouts.record(claim, outcome, "a worker") is current
        if not current:
            assert before in self.progress.orders

    @rule()
    def hold(self) -> None:
        self.world.payouts.hold(self.progress.payout_id, "somebody looks at it", "ann")

    @rule()
    def release(self) -> None:
        self.world.rows("UPDATE payout SET hold_reason = NULL, held_at = NULL WHERE park_id = %s", self.park_id)

    @property
    def progress(self) -> PayoutProgress:
        return self.world.progress(self.park_id)

    @property
    def lines(self) -> list[tuple[str, Decimal]]:
        return [(line.device_id, line.amount) for line in self.world.payouts.lines(self.progress.payout_id)]

    @invariant()
    def what_was_sent_under_a_key_is_always_the_same(self) -> None:
        assert all(len(bodies) == 1 for bodies in self.billing.sent.values())

    @invariant()
    def money_adds_up(self) -> None:
        progress = self.progress
        lines = self.world.payouts.lines(progress.payout_id)
        assert sum(line.amount for line in lines) == progress.total
        assert sum(order.amount for order in progress.orders) == progress.total
        told = [json.loads(body) for bodies in self.billing.sent.values() for body in bodies]
        assert sum(Decimal(each["amount"]) for each in told) <= progress.total

    @invariant()
    def created_means_billing_has_it_and_never_changes(self) -> None:
        for order in self.progress.orders:
            if order.payment_progress is PaymentProgress.CREATED:
                assert order.doc_id == self.billing.docs[order.external_ref]
                self.created.setdefault(order.external_ref, order.doc_id)
        now = {order.external_ref: order.doc_id for order in self.progress.orders}
        assert all(now[ref] == doc_id for ref, doc_id in self.created.items())

    @invariant()
    def what_was_claimed_is_frozen(self) -> None:
        assert self.frozen is None or self.lines == self.frozen

    @invariant()
    def lines_are_as_far_as_their_order(self) -> None:
        progress = self.progress
        by_device = {order.device_id: order.payment_progress for order in progress.orders}
        rows = self.world.rows(
            "SELECT device_id, amount, payment_progress FROM payout_line WHERE payout_id = %s", progress.payout_id
        )
        for row in rows:
            of_order = by_device.get(row["device_id"], by_device.get(None, PaymentProgress.NOT_CREATED))
            expected = of_order if row["amount"] > 0 else PaymentProgress.NOT_CREATED
            assert row["payment_progress"] == expected

    @invariant()
    def nothing_is_lost_from_sight(self) -> None:
        """Not created, not held, not leased: then reconcile finds it."""
        progress = self.progress
        leased = any(order.claimed_until and order.claimed_until > dt.datetime.now(dt.UTC) for order in progress.orders)
        if not progress.settled and progress.hold_reason is None and not leased:
            found = {each.park_id for each in self.world.payouts.unfinished(10_000)}
            assert self.park_id in found


def test_nothing_is_paid_twice_or_lost_whatever_workers_do(world: World) -> None:
    class OnThisWorld(Paying):
        pass

    OnThisWorld.world = world
    run_state_machine_as_test(
        OnThisWorld,
        settings=settings(
            max_examples=15, stateful_step_count=25, deadline=None, suppress_health_check=list(HealthCheck)
        ),
    )
