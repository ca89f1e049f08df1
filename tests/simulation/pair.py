"""Two stores side by side: the simulated one and the one on PostgreSQL get the same calls, and must answer the same."""

from __future__ import annotations

import datetime as dt
import random
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any

from sqlalchemy import Engine

from signalq_billing.adapters.postgres.adjustment_store import PostgresAdjustments
from signalq_billing.adapters.postgres.payout_store import PostgresPayoutStore
from signalq_billing.domain.activity import ActivitySnapshot, BadRows
from signalq_billing.domain.adjustment import Adjusted, Retirement
from signalq_billing.domain.compute import compute_payout
from signalq_billing.domain.config import ParkConfig
from signalq_billing.domain.marking import Mark, MarkedBy, StoredOrder
from signalq_billing.domain.order import Created, Misconfigured, NotFound, Rejected, Unavailable, Unknown
from signalq_billing.domain.payout import Payout
from signalq_billing.domain.progress import Claim, OrderProgress, PayoutProgress
from signalq_billing.domain.record import OrderAttempt
from signalq_billing.errors import SignalqBillingError
from signalq_billing.ports import StoredPayout
from tests.simulation.adjustments import SimulatedAdjustments
from tests.simulation.source import PERIODS
from tests.simulation.store import SimulatedStore
from tests.unit.domain.builders import device

_STALE, _LIVE = dt.timedelta(seconds=-1), dt.timedelta(hours=1)
_OUTCOMES = (
    Created("BO-1"),
    Created("BO-2", found=True),
    Rejected(422, "no such park"),
    Rejected(409, "x" * 3000),
    Misconfigured(401, "who are you"),
    Unavailable("busy", definite=True, retry_after=3600.0),
    Unavailable("busy", definite=True, retry_after=-5.0),
    Unavailable("broken", definite=False),
    Unavailable("broken", definite=False, retry_after=1e9),
    Unknown("timed out"),
    Unknown("y" * 3000),
    NotFound(),
)
_BY = MarkedBy("Olga", "billing-orders was down", "register.xlsx", "0" * 64, "olga")
Both = tuple[Any, Any]


class Pair:
    """One park in both stores. `said` is every call so far, for whoever has to understand a difference."""

    def __init__(self, rng: random.Random, engine: Engine, park: ParkConfig, others: list[str]) -> None:
        self._rng, self._park, self._others = rng, park, others
        simulated = SimulatedStore(_now)
        self._stores: tuple[SimulatedStore, PostgresPayoutStore] = (simulated, PostgresPayoutStore(engine))
        self._snapshots = {
            each.name: self._stores[1].save_snapshot(
                ActivitySnapshot(each, "//result", each.end, 10, BadRows(), each.end), "test"
            )
            for each in PERIODS
        }
        self._adjustments = (SimulatedAdjustments(simulated), PostgresAdjustments(engine))
        self._orders: list[Both] = [(0, 0)]
        self._payouts: list[Both] = [(-1, -1)]
        self._claims: list[Both] = []
        self._marks: list[Both] = []
        self.said: list[str] = []

    def step(self) -> None:
        """One call of both, chosen by chance, and then a look at everything there is to see."""
        self._rng.choice(
            [self._store, self._void, self._hold, self._release, self._look_up, self._mark, self._adjust, self._adjust]
            + [self._claim] * 4
            + [self._claim_stale] * 3
            + [self._record] * 5
        )()
        self._look()

    def _computed(self) -> Payout:
        days = [self._rng.randrange(0, 4), self._rng.randrange(0, 4)]
        devices = [device(f"cam-{number}", days=each) for number, each in enumerate(days)]
        return compute_payout(self._park, self._rng.choice(PERIODS), devices)

    def _snapshot_of(self, made: Payout) -> int:
        return self._snapshots[made.period.name]

    def _store(self) -> None:
        made = self._computed()
        self._same(f"store {made.total}", lambda store: store.store([made], self._snapshot_of(made), "test"))

    def _adjust(self) -> None:
        """Late data; and now and then a payout is formed anew, with what its attempts say now or said before."""
        made, retired = self._computed(), self._rng.random() < 0.5
        pairs = zip(self._shown(0), self._shown(1), strict=True)
        same = [pair for pair in pairs if pair[0].period_name == made.period.name]
        retirements = [
            {self._park.park_id: _retirement(store, pair)} if retired and same else {}
            for store, pair in zip(self._stores, same[-1] if same else (None, None), strict=True)
        ]
        answers = [
            _answer(partial(adjustments.adjust, [made], self._snapshot_of(made), "test", retirement))
            for adjustments, retirement in zip(self._adjustments, retirements, strict=True)
        ]
        self._compare(f"adjust {made.total} {retirements[1]}", *answers)

    def _void(self) -> None:
        self._same("void_missing", lambda store: store.void_missing(PERIODS[0], self._others, "test"))

    def _claim(self) -> None:
        order, lease = self._rng.choice(self._orders[-3:]), self._rng.choice((_STALE, _LIVE))
        self._claims += self._same(f"claim {lease}", lambda store, id_: store.claim(id_, "w", lease), order)

    def _claim_stale(self) -> None:
        order, lease = self._rng.choice(self._orders), self._rng.choice((_STALE, _LIVE))
        self._claims += self._same(f"claim_stale {lease}", lambda store, id_: store.claim_stale(id_, "w", lease), order)

    def _record(self) -> None:
        if self._claims:
            outcome, claim = self._rng.choice(_OUTCOMES), self._rng.choice(self._claims[-3:])
            self._same(f"record {outcome!r:.60}", lambda store, of: store.record(of, outcome, "w"), claim)

    def _hold(self) -> None:
        reason = self._rng.choice(("looks odd", "too much"))
        self._same("hold", lambda store, id_: store.hold(id_, reason, "test"), self._rng.choice(self._payouts))

    def _release(self) -> None:
        digest = self._rng.choice((None, None, "another"))
        chosen = self._rng.choice(self._payouts)
        self._same(f"release {digest}", lambda store, id_: store.release(id_, "Olga", "fine", digest), chosen)

    def _look_up(self) -> None:
        """What a register is held against; remembered, so that it may be out of date when it is marked."""
        refs = [order.external_ref for payout in self._shown(0) for order in payout.orders]
        simulated, real = (store.orders(refs) for store in self._stores)
        self._compare("orders", simulated, real)
        self._marks += [
            (Mark(ours, "BANK-1"), Mark(theirs, "BANK-1")) for ours, theirs in zip(simulated, real, strict=True)
        ]

    def _mark(self) -> None:
        if self._marks:
            marks = self._rng.choice(self._marks[-3:])
            self._same("mark_created", lambda store, mark: store.mark_created([mark], _BY), marks)

    def _look(self) -> None:
        ours, theirs = self._shown(0), self._shown(1)
        self._compare("payouts", ours, theirs)
        for mine, real in zip(ours, theirs, strict=True):
            self._remember(self._payouts, (mine.payout_id, real.payout_id))
            for order, real_order in zip(mine.orders, real.orders, strict=True):
                self._remember(self._orders, (order.order_id, real_order.order_id))
            if self._rng.random() < 0.2:
                self._same("attempts", lambda store, id_: store.attempts(id_), (mine.payout_id, real.payout_id))
        if self._rng.random() < 0.3:
            self._look_at_all_parks()

    def _look_at_all_parks(self) -> None:
        unfinished = [
            sorted(
                (payout for payout in store.unfinished(10_000) if payout.park_id == self._park.park_id),
                key=lambda payout: (payout.period_name, payout.revision),
            )
            for store in self._stores
        ]
        # Which come first is for PostgreSQL alone: the simulation has fewer than fit into one reconcile.
        self._compare("unfinished", *unfinished)
        sums = [store.period_totals(PERIODS[1].cadence, PERIODS[1].name) for store in self._stores]
        self._compare("period_totals", *[each.get((self._park.park_id, "RUB")) for each in sums])

    def _shown(self, which: int) -> list[PayoutProgress]:
        return self._stores[which].payouts(park_ids=[self._park.park_id])

    def _remember(self, known: list[Both], pair: Both) -> None:
        if pair not in known:
            known.append(pair)

    def _same(self, what: str, call: Callable[..., object], of: Both | None = None) -> list[Both]:
        """Call both; a pair of claims if that is what came of it."""
        first, second = (
            _answer(lambda: call(store, *([of[which]] if of else ())))  # noqa: B023
            for which, store in enumerate(self._stores)
        )
        self._compare(what, first, second)
        return [(first, second)] if isinstance(first, Claim) else []

    def _compare(self, what: str, simulated: object, real: object) -> None:
        told, expected = _told(simulated), _told(real)
        self.said.append(f"{what} -> {expected}")
        assert told == expected, "\n".join([*self.said[-30:], f"but simulated: {told}"])


def _retirement(store: SimulatedStore | PostgresPayoutStore, payout: PayoutProgress) -> Retirement:
    fencings = {order.order_id: 0 for order in payout.orders}
    for attempt in store.attempts(payout.payout_id):
        fencings[attempt.order_id] = max(fencings[attempt.order_id], attempt.fencing)
    return Retirement(payout.payout_id, tuple(sorted(fencings.items())), "Olga", "anew")


def _now() -> dt.datetime:
    return dt.datetime.now(dt.UTC)


def _answer(call: Callable[[], object]) -> object:
    try:
        return call()
    except SignalqBillingError as error:
        return type(error)


def _told(value: object) -> object:
    """What has to be the same: everything but ids and instants, of which it matters whether they have passed."""
    if isinstance(value, list | tuple):
        return [_told(each) for each in value]
    if isinstance(value, dt.datetime):
        return "past" if value <= _now() else "future"
    if isinstance(value, Claim):
        return replace(value, order_id=0, payout_id=0, claimed_until=_told(value.claimed_until))  # type: ignore[arg-type]
    if isinstance(value, OrderProgress):
        times = {name: _told(getattr(value, name)) for name in ("claimed_until", "retry_at")}
        return replace(value, order_id=0, **times)  # type: ignore[arg-type]
    if isinstance(value, PayoutProgress):
        return replace(value, payout_id=0, orders=_told(value.orders), hold=None, release=None)  # type: ignore[arg-type]
    if isinstance(value, StoredOrder):
        return replace(value, order_id=0, payout_id=0, unsure_for=value.unsure_for is not None)  # type: ignore[arg-type]
    if isinstance(value, Adjusted):
        return replace(value, payout_id=None)
    if isinstance(value, StoredPayout):
        return replace(value, payout_id=None)
    if isinstance(value, OrderAttempt):
        recorded = value.recorded_at is not None
        return (value.fencing, value.purpose, value.worker, recorded, value.outcome, value.definite)
    return value
