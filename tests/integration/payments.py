"""Building blocks for tests that pay: a park with a computed payout in a real database, and a submitter for it."""

import datetime as dt
import time
from collections.abc import Callable, Sequence
from decimal import Decimal

from sqlalchemy import Engine

from signalq_billing.adapters.billing_orders import connect
from signalq_billing.adapters.no_metrics import NoMetrics
from signalq_billing.adapters.postgres.config_store import PostgresConfigStore
from signalq_billing.adapters.postgres.payout_store import PostgresPayoutStore
from signalq_billing.devstack.billing_orders.process import BillingOrdersProcess
from signalq_billing.domain.activity import ActivitySnapshot, BadRows
from signalq_billing.domain.compute import compute_payout
from signalq_billing.domain.config import OrderPer
from signalq_billing.domain.guards import Guards
from signalq_billing.domain.progress import PayoutProgress
from signalq_billing.domain.submit_policy import SubmitPolicy
from signalq_billing.services.sending import Sender
from signalq_billing.services.submit import Submitter
from tests.unit.domain.builders import config, device, period


class ImpatientClock:
    """The real time, and no waiting."""

    def __init__(self) -> None:
        self.slept: list[float] = []

    def now(self) -> dt.datetime:
        return dt.datetime.now(dt.UTC)

    def elapsed(self) -> float:
        return time.monotonic()

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)


def computed(
    engine: Engine, parks: Sequence[str] = ("park-1",), order_per: OrderPer = OrderPer.PARK
) -> list[PayoutProgress]:
    """Payouts of 30.00 and 50.00 RUB for two cameras, per park, computed and not yet sent."""
    store = PostgresPayoutStore(engine)
    configs = [config(park_id=park, order_per=order_per) for park in parks]
    PostgresConfigStore(engine).apply(configs, "test")
    snapshot = ActivitySnapshot(period(), "//result", period().end, 10, BadRows(), period().end)
    snapshot_id = store.save_snapshot(snapshot, "test")
    devices = [device("cam-1", days=3), device("cam-2", days=5)]
    store.store([compute_payout(each, period(), devices) for each in configs], snapshot_id, "test")
    return store.payouts(period().cadence, period().name)


def submitter(
    engine: Engine,
    billing: BillingOrdersProcess,
    *,
    guards: Guards | None = None,
    worker: str = "worker",
    timeout: float = 5.0,
    token: str | None = None,
    clock: ImpatientClock | None = None,
    kill_switch: Callable[[], bool] = lambda: False,
    **policy: object,
) -> Submitter:
    """The product's submitter on a real database and the real protocol, that never sleeps."""
    store = PostgresPayoutStore(engine)
    api = connect(billing.base_url, token or billing.token, timeout)
    sender = Sender(store, api, clock or ImpatientClock(), worker, SubmitPolicy(**policy))  # type: ignore[arg-type]
    return Submitter(store, sender, guards or Guards(), NoMetrics(), kill_switch)


def money_accepted(billing: BillingOrdersProcess) -> Decimal:
    """What billing-orders would pay out, by its own books."""
    return sum((Decimal(total) for total in billing.books()["totals"].values()), Decimal(0))


def progress(engine: Engine) -> list[PayoutProgress]:
    return PostgresPayoutStore(engine).payouts()
