"""Building blocks for tests of comparing: our side and billing-orders', and ways to make them differ."""

import datetime as dt
import json
from collections.abc import Sequence
from dataclasses import dataclass, field

import requests
from sqlalchemy import Engine

from signalq_billing.adapters.billing_orders import connect
from signalq_billing.adapters.no_metrics import NoMetrics
from signalq_billing.adapters.postgres.comparing import PostgresOrderBooks
from signalq_billing.devstack.billing_orders.process import BillingOrdersProcess
from signalq_billing.domain.discrepancy import Discrepancy, DiscrepancyKind
from signalq_billing.services.comparing import Comparison, compare
from tests.integration.payments import computed, submitter
from tests.unit.domain.builders import period

KEY = (period().cadence, period().name)


@dataclass
class Gauges(NoMetrics):
    """What was measured last, by name and tags."""

    seen: dict[tuple[str, ...], float] = field(default_factory=dict)

    def gauge(self, name: str, value: float, **tags: str) -> None:
        self.seen[(name, *tags.values())] = value


def compared(
    engine: Engine,
    billing: BillingOrdersProcess,
    keys: Sequence[tuple[str, dt.date]] = (KEY,),
    gauges: Gauges | None = None,
) -> Comparison:
    api = connect(billing.base_url, billing.token, 5)
    return compare(keys, orders=PostgresOrderBooks(engine), billing=api, metrics=gauges or Gauges())


def found(engine: Engine, billing: BillingOrdersProcess) -> list[Discrepancy]:
    return compared(engine, billing).discrepancies


def paid(engine: Engine, billing: BillingOrdersProcess, parks: Sequence[str] = ("park-1", "park-2")) -> None:
    assert submitter(engine, billing).submit(computed(engine, parks)).created == len(parks)


def post(billing: BillingOrdersProcess, body: bytes, **changes: object) -> None:
    """An order that reaches billing-orders past us."""
    document = {**json.loads(body), **changes}
    headers = {
        "Authorization": f"Bearer {billing.token}",
        "X-Idempotency-Token": document["external_ref"].encode(),
    }
    answer = requests.post(f"{billing.base_url}/v1/orders", json=document, headers=headers, timeout=10)
    assert answer.status_code == 200, answer.text


def body_of(engine: Engine, park_id: str = "park-1") -> bytes:
    with engine.connect() as connection:
        body = connection.exec_driver_sql(
            "SELECT payload FROM payout_order o JOIN payout p ON p.id = o.payout_id WHERE park_id = %s", (park_id,)
        ).scalar_one()
    return bytes(body)


def sql(engine: Engine, statement: str) -> None:
    """Change what is stored as somebody with all rights could."""
    with engine.begin() as connection:
        connection.exec_driver_sql("SET LOCAL session_replication_role = replica")
        connection.exec_driver_sql(statement)


def one(found: list[Discrepancy]) -> tuple[DiscrepancyKind, dict[str, str]]:
    (only,) = found
    return only.kind, {currency: format(amount, "f") for currency, amount in only.differences.items()}
