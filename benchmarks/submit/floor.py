"""The floor: the same bytes posted over the same kept-alive client library at the same concurrency, and two commits of
a trivial row an order, with nothing around them."""

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import psycopg
import requests

from benchmarks.submit.orders import TOKEN, end, lay_out
from signalq_billing.domain.submit_policy import SubmitPolicy


def prepare(directory: str, parks: int, devices: int) -> dict[str, Any]:
    told = lay_out(directory, parks, devices, per_device=0, trouble="")
    url = told["database_url"].replace("+psycopg", "")
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("CREATE TABLE bare AS SELECT id, 0 AS n FROM payout_order")
        connection.execute("ALTER TABLE bare ADD PRIMARY KEY (id)")
        rows = connection.execute("SELECT id, external_ref, encode(payload, 'escape') FROM payout_order").fetchall()
    return {"database_url": url, "billing_url": told["billing_url"], "orders": rows}


def run(database_url: str, billing_url: str, orders: list[list[Any]], **_: Any) -> dict[str, int]:  # noqa: ANN401
    session, own = requests.Session(), threading.local()
    session.mount("http://", requests.adapters.HTTPAdapter(pool_maxsize=64))
    update = "UPDATE bare SET n = n + 1 WHERE id = %s"

    def post(order: list[Any]) -> int:
        order_id, external_ref, payload = order
        if not hasattr(own, "connection"):
            own.connection = psycopg.connect(database_url, autocommit=True)
        own.connection.execute(update, [order_id])
        answer = session.post(
            f"{billing_url}/v1/orders",
            data=payload.encode(),
            headers={
                "Authorization": f"Bearer {TOKEN}",
                "Content-Type": "application/json",
                "X-Idempotency-Token": external_ref,
            },
            timeout=30,
        )
        answer.raise_for_status()
        own.connection.execute(update, [order_id])
        return int(answer.json()["external_ref"] == external_ref)

    with ThreadPoolExecutor(SubmitPolicy().concurrency) as pool:
        return {"created": sum(pool.map(post, orders))}


def finish(**_: Any) -> None:  # noqa: ANN401
    end()
