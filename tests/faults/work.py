"""What a process of the product does in a crash test: one act, with the real services on real connections."""

import datetime as dt
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import cast

from sqlalchemy import Engine

from signalq_billing.adapters.billing_orders import BillingOrdersApi, connect
from signalq_billing.adapters.no_metrics import NoMetrics
from signalq_billing.adapters.postgres.adjustment_store import PostgresAdjustments
from signalq_billing.adapters.postgres.config_store import PostgresConfigStore
from signalq_billing.adapters.postgres.payout_store import PostgresPayoutStore
from signalq_billing.devstack.billing_orders.process import BillingOrdersProcess
from signalq_billing.domain.activity import ActivityRequest, ActivitySnapshot, BadRows, DeviceActivity, ParkActivity
from signalq_billing.domain.config import OrderPer, ParkConfig
from signalq_billing.domain.device_history import DeviceHistory
from signalq_billing.domain.marking import MarkedBy
from signalq_billing.domain.period import Period
from signalq_billing.domain.progress import Claim, OrderProgress, PayoutProgress
from signalq_billing.domain.register_file import FiledRow, RegisterFile, RowKind
from signalq_billing.domain.source import Source
from signalq_billing.services import holding
from signalq_billing.services.adjust import Adjuster
from signalq_billing.services.compute import compute_and_store
from signalq_billing.services.extract import request_for
from signalq_billing.services.mark_created import Marker
from signalq_billing.services.reconcile import reconcile
from signalq_billing.services.run import Runner
from signalq_billing.services.submit import Submitter
from tests.integration.payments import ImpatientClock, submitter
from tests.unit.domain.builders import WEEKLY, config, device, period

Devices = tuple[DeviceActivity, ...]
KNOWN: Devices = (device("cam-1", days=3), device("cam-2", days=5))
KNOWN_LATER: Devices = (device("cam-1", days=4), device("cam-2", days=5), device("cam-3", days=1))
SOURCE = Source("//history", "//results")
BY_HAND = "BANK-"


@dataclass(frozen=True, slots=True)
class Job:
    """An act, the parks it is about, and where it is done. Parks with an even number are paid per device.

    `later`: late rows have changed what the source says. `crash_at`: the boundary at which it `happens` (killed,
    stopped, or disconnected from PostgreSQL).
    """

    act: str
    database_url: str
    billing_url: str
    token: str
    cadence: str
    parks: tuple[str, ...] = ("park-1", "park-2")
    later: bool = False
    concurrency: int = 1
    worker: str = "worker"
    lease: float = 600.0
    crash_at: int | None = None
    happens: str = "killed"

    @property
    def period(self) -> Period:
        return replace(WEEKLY, name=self.cadence).starting(period().name)

    @property
    def configs(self) -> list[ParkConfig]:
        kinds = (OrderPer.DEVICE, OrderPer.PARK)
        return [
            replace(config(park_id=park, order_per=kinds[int(park[-1]) % 2]), cadence=self.cadence)
            for park in self.parks
        ]


@dataclass(frozen=True, slots=True)
class KnownActivity:
    """Activity that has been extracted already, the same for every park of the configs."""

    parks: Sequence[str]
    devices: Devices

    def ping(self) -> None: ...

    def watermark(self, clock: dt.datetime) -> dt.datetime:
        return clock

    def extract(self, request: ActivityRequest) -> ActivitySnapshot:
        rules = request.rules_digest
        return ActivitySnapshot(request.period, "//result", request.clock, 9, BadRows(), request.clock, "", rules)

    def read(self, result_table: str, period: Period) -> Iterator[ParkActivity]:
        yield from (ParkActivity(park, self.devices) for park in self.parks)

    def discard(self, result_table: str) -> None: ...

    def history(self, device_id: str, period: Period, clock: dt.datetime) -> DeviceHistory:
        raise NotImplementedError


class BlindClock(ImpatientClock):
    """Time stands still, as for a worker that is frozen after its last look at the clock: it sends on leases that ran
    out long ago, and only fencing can stop it."""

    def elapsed(self) -> float:
        return 0.0


@dataclass(frozen=True, slots=True)
class World:
    """A job with its connections, which belong to this process alone."""

    job: Job
    engine: Engine

    @property
    def store(self) -> PostgresPayoutStore:
        return PostgresPayoutStore(self.engine)

    @property
    def billing(self) -> BillingOrdersApi:
        return connect(self.job.billing_url, self.job.token, timeout_seconds=10)

    @property
    def activity(self) -> KnownActivity:
        return KnownActivity(sorted(self.job.parks), KNOWN_LATER if self.job.later else KNOWN)

    @property
    def submitter(self) -> Submitter:
        address = cast(BillingOrdersProcess, _Address(self.job.billing_url, self.job.token))
        return submitter(
            self.engine,
            address,
            worker=self.job.worker,
            timeout=10,
            clock=ImpatientClock() if self.job.lease > 1 else BlindClock(),
            concurrency=self.job.concurrency,
            lease=dt.timedelta(seconds=self.job.lease),
        )

    @property
    def payouts(self) -> list[PayoutProgress]:
        return self.store.payouts(self.job.cadence, self.job.period.name, self.job.parks)


@dataclass(frozen=True, slots=True)
class _Address:
    base_url: str
    token: str


def apply(world: World) -> None:
    """`config apply`."""
    PostgresConfigStore(world.engine).apply(world.job.configs, "ann")


def run(world: World) -> None:
    """`run` of the period for these parks, as the payouts DAG does it."""
    runner = Runner(
        source=SOURCE,
        activity=world.activity,
        payouts=world.store,
        billing=world.billing,
        submitter=world.submitter,
        metrics=NoMetrics(),
        actor=world.job.worker,
        announce=lambda _: None,
    )
    now = world.job.period.end + dt.timedelta(hours=1)
    runner.run(world.job.period, _stored_configs(world), all_parks=False, now=now)


def _stored_configs(world: World) -> list[ParkConfig]:
    return PostgresConfigStore(world.engine).current(world.job.parks)


def take_back(world: World) -> None:
    """The end of a run for all parks: payouts that no config pays any more go, if they were never claimed."""
    others = [each.park_id for each in world.store.payouts(world.job.cadence) if each.park_id not in world.job.parks]
    world.store.void_missing(world.job.period, others, world.job.worker)


def compute(world: World) -> None:
    """The tasks `extract` and `compute` of a run: payouts are stored, nothing is sent."""
    configs = _stored_configs(world)
    request = request_for(world.job.period, configs, world.job.period.end)
    snapshot = world.activity.extract(request)
    snapshot_id = world.store.save_snapshot(snapshot, world.job.worker)
    compute_and_store(
        snapshot, snapshot_id, configs, activity=world.activity, payouts=world.store, actor=world.job.worker
    )


def strand(world: World) -> None:
    """A worker that dies with all orders claimed and every second one sent, and none recorded."""
    lease = dt.timedelta(seconds=world.job.lease)
    for number, order in enumerate(order for payout in world.payouts for order in payout.orders):
        claim = world.store.claim(order.order_id, world.job.worker, lease)
        assert isinstance(claim, Claim)
        if number % 2:
            world.billing.create(claim)


def submit(world: World) -> None:
    """The submit tasks of a run."""
    world.submitter.submit(world.payouts)


def adjust(world: World) -> None:
    """`adjust` of the period: what late rows change becomes the next revision, and is sent."""
    cadence = replace(WEEKLY, name=world.job.cadence)
    adjuster = Adjuster(
        cadences={cadence.name: cadence},
        source=SOURCE,
        activity=world.activity,
        payouts=world.store,
        adjustments=PostgresAdjustments(world.engine),
        configs=PostgresConfigStore(world.engine),
        billing=world.billing,
        submitter=world.submitter,
        metrics=NoMetrics(),
        actor=world.job.worker,
        announce=lambda _: None,
    )
    adjuster.adjust(world.job.period, world.job.parks, now=world.job.period.end + dt.timedelta(hours=1))


def settle(world: World) -> None:
    """One run of the reconcile DAG."""
    reconcile(activity=world.activity, payouts=world.store, billing=world.billing, submitter=world.submitter)


def resume(world: World) -> None:
    """What happens by itself after a crash: reconcile, and the run again."""
    settle(world)
    run(world)


def hold(world: World) -> None:
    """`hold` of everything that is open."""
    holding.hold(world.store, world.payouts, "somebody has to look", "ann")


def release(world: World) -> None:
    """`release` of everything."""
    holding.release(world.store, world.payouts, "ann", "looked at it")


def mark_created(world: World) -> None:
    """`mark-created` of every open order, as if a person had paid all of them."""
    rows = [_filed(payout, order) for payout in world.payouts for order in payout.orders]
    by = MarkedBy("ann", "paid by bank", "register.csv", "0" * 64, "ann")
    marker = Marker(world.store, world.billing, settle=dt.timedelta(0))
    marker.mark(RegisterFile("register.csv", "0" * 64, tuple(rows), ()), by)


def _filed(payout: PayoutProgress, order: OrderProgress) -> FiledRow:
    return FiledRow(
        where=f"row of {order.external_ref}",
        kind=RowKind.ORDER,
        park_id=payout.park_id,
        cadence=payout.cadence,
        period=payout.period_name,
        revision=payout.revision,
        device_id=order.device_id,
        currency=payout.currency,
        amount=order.amount,
        external_ref=order.external_ref,
        doc_id=order.doc_id or f"{BY_HAND}{order.order_id}",
    )


ACTS = {
    act.__name__: act
    for act in (apply, run, take_back, compute, strand, adjust, submit, settle, resume, hold, release, mark_created)
}


def trace_of(directory: Path, number: int) -> Path:
    """Where the process of a job writes its boundaries."""
    return directory / f"{number}.trace"
