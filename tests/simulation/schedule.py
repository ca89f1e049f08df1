"""One schedule from its seed to its end: a bad time, then a calm in which everything must be settled."""

from __future__ import annotations

import datetime as dt
import logging
import random
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal
from functools import partial

from signalq_billing.domain.carrying import due
from signalq_billing.domain.progress import PaymentProgress
from signalq_billing.domain.submit_policy import SubmitPolicy
from tests.simulation.adjustments import SimulatedAdjustments
from tests.simulation.billing import SimulatedBilling
from tests.simulation.cast import Act, Stage, Worker, launch, launch_all
from tests.simulation.invariants import Judge
from tests.simulation.pool import simulated_pools
from tests.simulation.rows import PayoutRow
from tests.simulation.source import PERIODS, SimulatedSource
from tests.simulation.store import SimulatedStore
from tests.simulation.trace import Trace
from tests.simulation.wire import TIMEOUT
from tests.simulation.world import EPOCH, SECOND, Violation, World

_DAY = 86_400 * SECOND


@dataclass(frozen=True, slots=True)
class Played:
    """How a schedule went. `violation` None: every invariant held."""

    seed: int
    violation: str | None
    trace: Trace
    counts: Counter[str]

    def __str__(self) -> str:
        told = f"seed {self.seed}: {self.violation}" if self.violation else f"seed {self.seed}: all invariants hold"
        return f"{self.trace.text()}\n\n{told}\nreplay with: make simulate SEED={self.seed}"


def play(seed: int) -> Played:
    """Play the schedule of a seed; the same every time."""
    with _only_the_seed_decides(seed):
        world = World(seed)
        try:
            with simulated_pools(world):
                _play(_stage(world))
            violation = None
        except Violation as broken:
            violation = str(broken)
            world.trace.add(world.now, "judge", f"VIOLATED: {violation}")
        world.counts["steps"] = len(world.trace)
        return Played(seed, violation, world.trace, world.counts)


def _stage(world: World) -> Stage:
    rng = world.rng
    skew = dt.timedelta(seconds=rng.randrange(-3600, 3600))
    store = SimulatedStore(lambda: EPOCH + skew + dt.timedelta(microseconds=world.now))
    judge = Judge(world, store)
    policy = SubmitPolicy(
        lease=dt.timedelta(microseconds=world.weather.lease),
        concurrency=rng.choice((1, 1, 2, 4)),
        tries=rng.choice((1, 2, 4)),
        call=dt.timedelta(microseconds=TIMEOUT),
    )
    billing = SimulatedBilling(world, judge.accepted)
    judge.books = billing.books
    return Stage(world, store, SimulatedAdjustments(store), billing, SimulatedSource(world), judge, policy)


def _play(stage: Stage) -> None:
    world = stage.world
    bad_until = 4 * world.weather.lease
    launch_all(stage, bad_until)
    world.at(bad_until, world.weather.calm)
    world.run()
    world.trace.add(world.now, "world", "--- calm: nothing goes wrong from here on ---")
    world.weather.calm()
    _reconcile(stage, "reconcile")
    _everything_is_settled_or_held(stage)
    for period in PERIODS:
        _alone(stage, "last-run", partial(Worker.run, period=period), SECOND)
    _everything_is_settled_or_held(stage)
    _alone(stage, "manager", Worker.release_all, SECOND)
    _reconcile(stage, "again")
    for period in PERIODS:
        _alone(stage, "adjuster", partial(Worker.adjust, period=period), SECOND)
    _everything_is_paid_once(stage)
    _the_revisions_sum_to_a_recompute(stage)


def _alone(stage: Stage, name: str, act: Act, later: int) -> None:
    """One process in the calm, from beginning to end."""
    stage.world.now += later
    launch(stage, name, act)
    stage.world.run()


def _reconcile(stage: Stage, name: str) -> None:
    """What the reconciliation DAG does in a few days."""
    for number, later in enumerate((stage.world.weather.lease + SECOND, _DAY + SECOND, SECOND)):
        _alone(stage, f"{name}-{number}", Worker.reconcile, later)


def _everything_is_settled_or_held(stage: Stage) -> None:
    """Every payout is created, or held with a cause that somebody can see; and no order is lost sight of."""
    for row in stage.store.rows.values():
        if row.retired:
            continue
        left = [order for order in row.orders if order.progress is not PaymentProgress.CREATED]
        if left and row.hold_reason is None:
            stage.world.violated(f"{_name(row)} is neither created nor held: {left[0].external_ref} {left[0].progress}")
        if left and row.payout_id not in stage.judge.held_for_cause:
            stage.world.violated(f"{_name(row)} is held, and nobody ever rejected or held it: {row.hold_reason}")
        for order in left:
            if order.external_ref in stage.billing.books.keys() - stage.billing.planted and not order.ambiguous:
                stage.world.violated(f"billing-orders has {order.external_ref}; we say that it certainly has not")
        stage.world.counts["held_at_the_end"] += bool(left)


def _everything_is_paid_once(stage: Stage) -> None:
    """Once all holds are released: all orders created, and the books hold exactly them, but what was paid by hand and
    where a stranger took the key: there the payout stays held."""
    created = {
        order.external_ref: (order.amount, order.doc_id)
        for row in stage.store.rows.values()
        for order in row.orders
        if order.progress is PaymentProgress.CREATED
    }
    for row in stage.store.rows.values():
        if row.retired:
            continue
        for order in row.orders:
            if order.progress is not PaymentProgress.CREATED and not _conflict(stage, row):
                stage.world.violated(f"{order.external_ref} is {order.progress} for ever: {row.hold_reason}")
        if sum(order.amount for order in row.orders) != due(row.computed.total, row.carried):
            stage.world.violated(f"{_name(row)}: its orders do not sum to its total less what is carried")
    # A payout that stays held because of a stranger may have an order in the books that nobody could ask about again.
    stuck = [row for row in stage.store.rows.values() if _conflict(stage, row)]
    unsettled = {order.external_ref for row in stuck for order in row.orders if order.doc_id is None}
    not_ours = stage.judge.by_hand | stage.billing.planted | unsettled
    books = {ref: (each.amount, each.doc_id) for ref, each in stage.billing.books.items() if ref not in not_ours}
    ours = {ref: told for ref, told in created.items() if ref not in not_ours}
    if books != ours:
        stage.world.violated(f"the books {books} are not what the store calls created: {ours}")


def _conflict(stage: Stage, row: PayoutRow) -> bool:
    """Whether a stranger's order stands under a key of the payout: then it rightly stays held."""
    return row.hold_reason is not None and any(order.external_ref in stage.billing.planted for order in row.orders)


def _the_revisions_sum_to_a_recompute(stage: Stage) -> None:
    """What all revisions of a period pay is what the period pays, computed from scratch; and nothing is lost of it."""
    standing = [row for row in stage.store.rows.values() if not row.retired]
    for computed in (payout for period in PERIODS for payout in stage.source.computed(period)):
        whose = (computed.park_id, computed.period)
        rows = [row for row in standing if (row.computed.park_id, row.computed.period) == whose]
        paid = sum((row.computed.total for row in rows), Decimal(0))
        if paid != computed.total and not any(_conflict(stage, row) for row in rows):
            stage.world.violated(f"{whose}: its revisions pay {paid}, it earned {computed.total}")
    for park_id in sorted({row.computed.park_id for row in standing}):
        rows = [row for row in standing if row.computed.park_id == park_id]
        ordered = sum((order.amount for row in rows for order in row.orders), Decimal(0))
        earned = sum((row.computed.total for row in rows), Decimal(0))
        stage.world.counts["left_owing"] += ordered > earned
        if ordered < earned:
            stage.world.violated(f"park {park_id}: it earned {earned}, its orders pay {ordered}")


def _name(row: PayoutRow) -> str:
    return f"park {row.computed.park_id}, {row.computed.period}"


@contextmanager
def _only_the_seed_decides(seed: int) -> Iterator[None]:
    """The services' own dice (pauses between tries) go by the seed, and they log nothing."""
    dice = random.getstate()
    random.seed(seed)
    logging.disable(logging.CRITICAL)
    try:
        yield
    finally:
        logging.disable(logging.NOTSET)
        random.setstate(dice)
