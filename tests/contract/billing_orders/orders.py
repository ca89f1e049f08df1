"""Orders for the contract suite: the smallest amount, under names that nobody else has."""

import datetime as dt
import json
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from urllib.parse import quote

import requests

from signalq_billing.domain.order import OrderPayload, external_ref, payload_hash
from signalq_billing.domain.period import Cadence, Every
from signalq_billing.domain.progress import Claim

PERIOD_NAME = dt.date(2026, 11, 2)


def new_cadence() -> str:
    """A cadence of its own for each test, so that listings hold what the test made and nothing else."""
    return f"contract_{uuid.uuid4().hex[:12]}"


def claim(cadence: str, park_id: str = "парк/№1", amount: str = "0.01", device_id: str = "camera-1") -> Claim:
    """The right to send one order, as the store would give it."""
    period = Cadence(cadence, Every.WEEK, 1, PERIOD_NAME, "Europe/Moscow").starting(PERIOD_NAME)
    payload = OrderPayload(
        external_ref=external_ref(park_id, period, 1),
        park_id=park_id,
        cadence=cadence,
        period_name=period.name,
        period_start=period.start,
        period_end=period.end,
        timezone=period.timezone,
        revision=1,
        currency="RUB",
        amount=Decimal(amount),
        carried=Decimal("0.00"),
        lines=[(device_id, Decimal(amount))],
    )
    return Claim(
        order_id=1,
        payout_id=1,
        park_id=park_id,
        external_ref=payload.external_ref,
        fencing=1,
        claimed_until=dt.datetime.now(dt.UTC) + dt.timedelta(minutes=10),
        body=payload.body(),
        payload_hash=payload_hash(payload.body()),
        amount=payload.amount,
        currency=payload.currency,
    )


def payload(cadence: str, /, **changes: object) -> dict[str, Any]:
    """A valid payload with some fields changed; None removes one."""
    document = {**json.loads(claim(cadence).body), **changes}
    return {name: value for name, value in document.items() if value is not None}


@dataclass(frozen=True, slots=True)
class Wire:
    """Calls past our adapter, to ask what it never would."""

    base_url: str
    token: str

    def call(
        self, method: str, path: str, body: bytes | None = None, headers: Mapping[str, str | bytes] | None = None
    ) -> requests.Response:
        sent = {"Authorization": f"Bearer {self.token}", "Content-Type": "application/json", **(headers or {})}
        return requests.request(method, self.base_url + path, data=body, headers=sent, timeout=30)

    def post(self, document: object, key: str | None = None) -> requests.Response:
        """POST an order under its own key, or under another."""
        own = document.get("external_ref", "") if isinstance(document, dict) else ""
        body = json.dumps(document, ensure_ascii=False).encode()
        token = (key if key is not None else str(own)).encode()
        return self.call("POST", "/v1/orders", body, {"X-Idempotency-Token": token})

    def get(self, external_ref: str) -> requests.Response:
        return self.call("GET", f"/v1/orders/{quote(external_ref, safe='')}")
