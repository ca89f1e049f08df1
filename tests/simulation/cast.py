"""Who acts: the services as each kind of worker or person starts them, every one in a process of its own."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, cast

from signalq_billing.adapters.no_metrics import NoMetrics
from signalq_billing.domain.guards import Guards
from signalq_billing.domain.marking import MarkedBy
from signalq_billing.domain.period import Period
from signalq_billing.domain.register_file import FiledRow, RegisterFile, RowKind
from signalq_billing.domain.source import Source
from signalq_billing.domain.submit_policy import SubmitPolicy
from signalq_billing.errors import RegisterMismatch
from signalq_billing.services import holding
from signalq_billing.services.adjust import Adjuster
from signalq_billing.services.mark_created import Marker
from signalq_billing.services.reconcile import reconcile
from signalq_billing.services.run import Runner
from signalq_billing.services.sending import Sender
from signalq_billing.services.submit import Submitter
from tests.simulation.adjustments import SimulatedAdjustments
from tests.simulation.billing import SimulatedBilling
from tests.simulation.gates import Gate, StoreGate, WorkerClock
from tests.simulation.invariants import Judge
from tests.simulation.source import PERIODS, SimulatedSource
from tests.simulation.store import SimulatedStore
from tests.simulation.wire import Wire, api
from tests.simulation.world import SECOND, Process, World
from tests.unit.domain.builders import WEEKLY

_SOURCE = Source("//status_history", "//results")


@dataclass(frozen=True, slots=True)
class Stage:
    """Everything that outlives a process."""

    world: World
    store: SimulatedStore
    adjustments: SimulatedAdjustments
    billing: SimulatedBilling
    source: SimulatedSource
    judge: Judge
    policy: SubmitPolicy


class Worker:
    """One process with its own way to everything: a composition root, as in the command line and the DAGs."""

    def __init__(self, stage: Stage, process: Process) -> None:
        world, judge = stage.world, stage.judge
        self._stage, self.process = stage, process
        self.store = cast(Any, StoreGate(stage.store, world, process, after=judge.committed))
        wire = Wire(world, process, stage.billing, judge)
        self.billing = cast(
            Any, Gate(api(wire), world, process, asked=judge.asked, before=judge.calling, after=judge.called)
        )
        self.source = cast(Any, Gate(stage.source, world, process))
        self.clock = WorkerClock(world, process)

    def submitter(self) -> Submitter:
        sender = Sender(self.store, self.billing, self.clock, self.process.name, self._stage.policy)
        return Submitter(self.store, sender, Guards(), NoMetrics(), lambda: False)

    def run(self, period: Period | None = None) -> None:
        """`signalq-billing run`, or the whole DAG, for one period."""
        runner = Runner(
            _SOURCE,
            *(self.source, self.store, self.billing, self.submitter(), NoMetrics()),
            actor=self.process.name,
            announce=lambda what: None,
        )
        period = period or self._stage.world.rng.choice(PERIODS)
        runner.run(period, self._stage.source.configs, all_parks=True, now=self.clock.now())

    def submit_some(self) -> None:
        """A mapped task of the DAG: some parks' payouts, as they were when it began."""
        rng = self._stage.world.rng
        payouts = self.store.payouts()
        self.submitter().submit([payout for payout in payouts if rng.random() < 0.7])

    def reconcile(self) -> None:
        reconcile(activity=self.source, payouts=self.store, billing=self.billing, submitter=self.submitter())

    def adjuster(self) -> Adjuster:
        stage = self._stage
        adjustments = StoreGate(stage.adjustments, stage.world, self.process, after=stage.judge.committed)
        return Adjuster(
            *({WEEKLY.name: WEEKLY}, _SOURCE, self.source, self.store, cast(Any, adjustments), cast(Any, stage.source)),
            *(self.billing, self.submitter(), NoMetrics()),
            actor=self.process.name,
            announce=lambda what: None,
        )

    def adjust(self, period: Period | None = None) -> None:
        """`signalq-billing adjust`, or its DAG, for one period."""
        period = period or self._stage.world.rng.choice(PERIODS)
        self.adjuster().adjust(period, now=self.clock.now())

    def reform(self) -> None:
        """`adjust --reform` of whatever is held: refused unless its keys certainly never paid."""
        held = [payout for payout in self.store.payouts() if payout.hold_reason]
        if held:
            chosen = self._stage.world.rng.choice(held)
            period = next(each for each in PERIODS if each.name == chosen.period_name)
            self.adjuster().reform(period, chosen.park_id, by=self.process.name, note="anew", now=self.clock.now())
            self._stage.world.counts["reformed"] += 1

    def hold(self) -> None:
        rng = self._stage.world.rng
        chosen = [payout for payout in self.store.payouts() if rng.random() < 0.5]
        holding.hold(self.store, chosen, "a person wants to look", self.process.name)

    def release(self) -> None:
        rng = self._stage.world.rng
        chosen = [payout for payout in self.store.payouts() if rng.random() < 0.7]
        holding.release(self.store, chosen, self.process.name, "looked at")

    def release_all(self) -> None:
        holding.release(self.store, self.store.payouts(), self.process.name, "everything is fine")

    def pay_by_hand(self) -> None:
        """`export --hold`, a payment at the bank, `mark-created`; billing-orders may have come back meanwhile."""
        world = self._stage.world
        payouts = [payout for payout in self.store.payouts() if not payout.settled and world.rng.random() < 0.6]
        if world.rng.random() < 0.5:
            holding.hold(self.store, payouts, "paid by hand", self.process.name)
        longest = world.rng.choice((SECOND, 2 * world.weather.lease, 4 * world.weather.lease))
        world.wait(self.process, world.rng.randrange(1, longest))
        refs = [order.external_ref for payout in payouts for order in payout.orders if order.doc_id is None]
        policy = self._stage.policy
        settle = 2 * policy.lease + policy.call
        marker = Marker(self.store, self.billing, settle)
        try:
            self._mark(marker, refs)
        except RegisterMismatch:
            # As the command says: again later, without those that billing-orders has got.
            world.wait(self.process, settle // dt.timedelta(microseconds=1) + SECOND)
            left = {order.external_ref for each in self.store.payouts() for order in each.orders if not order.doc_id}
            self._mark(marker, [ref for ref in refs if ref in left])

    def _mark(self, marker: Marker, refs: Sequence[str]) -> None:
        rows = tuple(
            FiledRow(
                *(f"row {number}", RowKind.ORDER, order.park_id, order.cadence, order.period, order.revision),
                *(order.device_id, order.currency, order.amount, order.external_ref, f"BANK-{order.external_ref}"),
            )
            for number, order in enumerate(self.store.orders(refs))
        )
        by = MarkedBy(self.process.name, "billing-orders was down", "register.xlsx", "0" * 64, "operator")
        marker.mark(RegisterFile("register.xlsx", "0" * 64, rows, ()), by)


Act = Callable[[Worker], None]
_AT_ONCE: dict[str, tuple[Act, tuple[int, ...]]] = {
    "run": (Worker.run, (1, 2, 2, 3)),
    "task": (Worker.submit_some, (0, 1, 2, 3)),
    "holder": (Worker.hold, (0, 0, 1)),
}
_ALL_THE_TIME: dict[str, tuple[Act, tuple[int, ...]]] = {
    "reconcile": (Worker.reconcile, (2, 4, 8)),
    "releaser": (Worker.release, (0, 1, 2)),
    "adjuster": (Worker.adjust, (0, 0, 1, 2)),
    "reformer": (Worker.reform, (0, 0, 2, 4)),
}


def launch(stage: Stage, name: str, act: Act, at: int | None = None) -> None:
    """Start a process that does one thing."""
    process = Process(name)
    stage.world.start(process, lambda: act(Worker(stage, process)), at)


def launch_all(stage: Stage, until: int) -> None:
    """Everybody who acts in the bad time of a schedule, at moments of their own."""
    rng = stage.world.rng
    if rng.random() < 0.6:
        stage.store.store([payout for each in PERIODS for payout in stage.source.computed(each)], 1, "compute")
    for roles, end in ((_AT_ONCE, stage.world.weather.crowd), (_ALL_THE_TIME, until)):
        for role, (act, numbers) in roles.items():
            for number in range(1, rng.choice(numbers) + 1):
                launch(stage, f"{role}-{number}", act, rng.randrange(end))
    if stage.world.weather.rejecting:
        for number in range(6):
            launch(stage, f"reformer-of-rejected-{number}", Worker.reform, rng.randrange(until))
            launch(stage, f"releaser-of-rejected-{number}", Worker.release, rng.randrange(until))
    if stage.world.weather.by_hand:
        for number in range(1, rng.choice((1, 2, 3)) + 1):
            launch(stage, f"bookkeeper-{number}", Worker.pay_by_hand, rng.randrange(stage.world.weather.crowd))
    if rng.random() < 0.15:
        stage.world.at(rng.randrange(until), lambda: stage.billing.plant(rng.choice(_open_refs(stage) or [None])))
    for _ in range(rng.choice((0, 1, 2))):
        stage.world.at(rng.randrange(until), stage.source.late_data)


def _open_refs(stage: Stage) -> list[str | None]:
    rows = stage.store.rows.values()
    return [order.external_ref for row in rows for order in row.orders if order.doc_id is None]
