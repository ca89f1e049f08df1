"""The product: claim, send, record, with its guards, leases, history and default concurrency."""

from typing import Any

from benchmarks.submit.orders import PERIOD_NAME, TOKEN, end, lay_out
from signalq_billing.adapters.billing_orders import connect
from signalq_billing.adapters.clock import SystemClock
from signalq_billing.adapters.no_metrics import NoMetrics
from signalq_billing.adapters.postgres.engine import make_engine
from signalq_billing.adapters.postgres.payout_store import PostgresPayoutStore
from signalq_billing.domain.guards import Guards
from signalq_billing.domain.submit_policy import SubmitPolicy
from signalq_billing.services.sending import Sender
from signalq_billing.services.submit import Submitter

TIMEOUT = 30.0


def prepare(directory: str, parks: int, devices: int) -> dict[str, str]:
    return lay_out(directory, parks, devices, per_device=0, trouble="")


def run(database_url: str, billing_url: str, **_: Any) -> dict[str, int]:  # noqa: ANN401 - what prepare was given
    store = PostgresPayoutStore(make_engine(database_url))
    sender = Sender(store, connect(billing_url, TOKEN, TIMEOUT), SystemClock(), "bench", SubmitPolicy())
    submitter = Submitter(store, sender, Guards(), NoMetrics(), lambda: False)
    return {"created": submitter.submit(store.payouts("weekly_msk", PERIOD_NAME)).created}


def finish(**_: Any) -> None:  # noqa: ANN401
    end()
