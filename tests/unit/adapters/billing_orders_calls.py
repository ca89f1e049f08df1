"""What the tests of the billing-orders adapter send, and the answer they expect to it."""

import datetime as dt
from decimal import Decimal

from signalq_billing.adapters.billing_orders import BillingOrdersApi, connect
from signalq_billing.domain.progress import Claim

TOKEN = "s3cret-t0ken/+="
PERIOD_NAME = dt.date(2026, 11, 2)
BODY = '{"external_ref":"weekly:2026-11-02:park-1:r1","park_id":"парк  1","amount":"10.00"}'.encode()
CLAIM = Claim(
    order_id=1,
    payout_id=1,
    park_id="park-1",
    external_ref="weekly:2026-11-02:park-1:r1",
    fencing=1,
    claimed_until=dt.datetime(2026, 11, 9, tzinfo=dt.UTC),
    body=BODY,
    payload_hash="",
    amount=Decimal("10.00"),
    currency="RUB",
)
ORDER = {
    "doc_id": "BO-1",
    "external_ref": CLAIM.external_ref,
    "amount": "10.00",
    "currency": "RUB",
    "created_at": "2026-11-09T00:00:00Z",
}
REFUSAL = {"code": "nope", "message": "not like this"}


def client(base_url: str, timeout_seconds: float = 2.0) -> BillingOrdersApi:
    return connect(base_url, TOKEN, timeout_seconds)
