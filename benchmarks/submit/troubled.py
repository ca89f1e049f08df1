"""The product while the orders of one park, one per camera, get no answer: how long until all others are created.

`trouble` as billing.py has it; "" is the same submit with nothing wrong.
"""

import threading
from typing import Any

from benchmarks.submit.orders import PERIOD_NAME, TOKEN, end, lay_out
from benchmarks.submit.ours import TIMEOUT
from signalq_billing.adapters.billing_orders import BillingOrdersApi, connect
from signalq_billing.adapters.clock import SystemClock
from signalq_billing.adapters.no_metrics import NoMetrics
from signalq_billing.adapters.postgres.engine import make_engine
from signalq_billing.adapters.postgres.payout_store import PostgresPayoutStore
from signalq_billing.domain.guards import Guards
from signalq_billing.domain.order import Created, Outcome
from signalq_billing.domain.progress import Claim
from signalq_billing.domain.submit_policy import SubmitPolicy
from signalq_billing.errors import SignalqBillingError
from signalq_billing.services.sending import Sender
from signalq_billing.services.submit import Submitter

TROUBLED = "park-00000"
_enough = threading.Event()


class Counting:
    """billing-orders, and how many orders of other parks it has yet to create."""

    def __init__(self, api: BillingOrdersApi, left: int) -> None:
        self._api, self._left, self._lock = api, left, threading.Lock()
        self.find, self.listing, self.ping = api.find, api.listing, api.ping
        self.all_created = threading.Event()

    def create(self, claim: Claim) -> Outcome:
        outcome = self._api.create(claim)
        if isinstance(outcome, Created) and claim.park_id != TROUBLED:
            with self._lock:
                self._left -= 1
                if not self._left:
                    self.all_created.set()
        return outcome


def prepare(directory: str, parks: int, devices: int, trouble: str) -> dict[str, str]:
    return lay_out(directory, parks, devices, per_device=1, trouble=trouble)


def run(database_url: str, billing_url: str, **_: Any) -> dict[str, bool]:  # noqa: ANN401 - what prepare was given
    store = PostgresPayoutStore(make_engine(database_url))
    payouts = store.payouts("weekly_msk", PERIOD_NAME)
    others = sum(len(payout.orders) for payout in payouts if payout.park_id != TROUBLED)
    billing = Counting(connect(billing_url, TOKEN, TIMEOUT), others)
    sender = Sender(store, billing, SystemClock(), "bench", SubmitPolicy())
    submitter = Submitter(store, sender, Guards(), NoMetrics(), _enough.is_set)

    def submit() -> None:
        try:
            submitter.submit(payouts)
        except SignalqBillingError:
            return  # it was told to stop

    threading.Thread(target=submit).start()
    return {"others created": billing.all_created.wait(600)}


def finish(**_: Any) -> None:  # noqa: ANN401
    _enough.set()
    end()
