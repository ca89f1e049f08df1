"""SPEC section 7 as questions to a database and to the books of billing-orders, asked without any code of the product.

`broken` returns every answer that is wrong, in words; an empty list is what every test of faults wants.
"""

import datetime as dt
import json
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from sqlalchemy import Connection, Engine, text

from signalq_billing.adapters.postgres import history
from signalq_billing.devstack.billing_orders.books import AcceptedOrder

Row = Mapping[str, Any]
_ORDERS = """
    SELECT o.*, o.payment_progress::text AS progress, p.hold_reason, p.frozen_at, p.park_id, p.total, p.retired_at
    FROM payout_order o JOIN payout p ON p.id = o.payout_id ORDER BY o.id"""
_PAYOUTS = """
    SELECT p.*, (SELECT coalesce(sum(amount), 0) FROM payout_line WHERE payout_id = p.id) AS lines,
        (SELECT coalesce(sum(amount), 0) FROM payout_order WHERE payout_id = p.id) AS orders
    FROM payout p"""
_ATTEMPTS = """
    SELECT a.*, o.external_ref FROM order_attempt a JOIN payout_order o ON o.id = a.order_id
    ORDER BY a.order_id, a.fencing"""
_LINES = """
    SELECT l.payout_id, l.device_id, l.payment_progress::text AS progress, o.payment_progress::text AS of_order,
        o.external_ref
    FROM payout_line l JOIN payout p ON p.id = l.payout_id
    JOIN payout_order o ON o.payout_id = p.id AND coalesce(o.device_id, l.device_id) = l.device_id
    WHERE l.amount > 0"""

_STEPS = """
    SELECT park_id, seq, order_id, action, (data->>'fencing')::bigint AS fencing, data ? 'outcome' AS records
    FROM history WHERE order_id IS NOT NULL AND data ? 'fencing' ORDER BY park_id, seq"""


@dataclass(frozen=True, slots=True)
class Stored:
    """Everything PostgreSQL has, as rows."""

    payouts: Sequence[Row]
    orders: Sequence[Row]
    attempts: Sequence[Row]
    lines: Sequence[Row]
    steps: Sequence[Row]
    history: Sequence[str]

    @classmethod
    def read(cls, engine: Engine) -> "Stored":
        with engine.connect() as connection:
            return cls(
                payouts=_rows(connection, _PAYOUTS),
                orders=_rows(connection, _ORDERS),
                attempts=_rows(connection, _ATTEMPTS),
                lines=_rows(connection, _LINES),
                steps=_rows(connection, _STEPS),
                history=list(history.verify(connection)),
            )


def _rows(connection: Connection, sql: str) -> Sequence[Row]:
    return [dict(row) for row in connection.execute(text(sql)).mappings()]


def broken(stored: Stored, books: Sequence[AcceptedOrder], by_hand: str = "BANK-") -> list[str]:
    """Every broken promise. Documents that begin with `by_hand` are payments of people."""
    accepted = {order.external_ref: order for order in books}
    return [
        *(f"history: {problem}" for problem in stored.history),
        *_paid_twice(books),
        *_sums(stored.payouts),
        *(problem for order in stored.orders for problem in _order(order, accepted, by_hand)),
        *_unknown_to_us(stored.orders, books),
        *_lines_behind(stored.lines),
        *_unasked(stored.attempts),
        *_misread(stored.attempts, accepted),
        *_unfenced(stored.steps),
    ]


def _paid_twice(books: Sequence[AcceptedOrder]) -> Iterator[str]:
    """A device earns a period's money once, under whatever key."""
    times: dict[tuple[str, str, str, int, str], list[str]] = defaultdict(list)
    for order in books:
        told = order.payload
        for line in told["lines"]:
            key = (order.park_id, told["cadence"], told["period"]["name"], told["revision"], line["device_id"])
            times[key].append(order.external_ref)
    for key, refs in times.items():
        if len(refs) > 1:
            yield f"paid twice: {key} by {refs}"


def _sums(payouts: Sequence[Row]) -> Iterator[str]:
    for payout in payouts:
        due = payout["total"] + payout["carried"]
        if payout["lines"] != payout["total"] or payout["orders"] != max(due, Decimal(0)):
            sums = f"lines {payout['lines']}, orders {payout['orders']}, total {payout['total']}"
            yield f"park {payout['park_id']}: {sums}, carried {payout['carried']}"


def _order(order: Row, accepted: Mapping[str, AcceptedOrder], by_hand: str) -> Iterator[str]:
    ref, found = order["external_ref"], accepted.get(order["external_ref"])
    manual = (order["doc_id"] or "").startswith(by_hand)
    if order["fencing"] > 0 and order["frozen_at"] is None:
        yield f"{ref}: claimed and not frozen"
    if found is not None and found.posts > order["attempts"]:
        yield f"{ref}: accepted {found.posts} times, claimed {order['attempts']} times"
    if manual and found is not None:
        yield f"{ref}: paid by hand as {order['doc_id']} and by billing-orders as {found.public()['doc_id']}"
    if order["progress"] == "created" and not manual:
        yield from _as_in_the_books(order, found)
    elif order["progress"] != "created" and order["hold_reason"] is None and order["retired_at"] is None:
        yield f"{ref}: neither created nor held but {order['progress']}, last error {order['last_error']}"


def _as_in_the_books(order: Row, found: AcceptedOrder | None) -> Iterator[str]:
    ref = order["external_ref"]
    if found is None:
        yield f"{ref}: called created, billing-orders has no such order"
        return
    told = found.public()
    ours = (order["doc_id"], Decimal(order["amount"]), order["currency"])
    theirs = (told["doc_id"], Decimal(told["amount"]), told["currency"])
    if ours != theirs:
        yield f"{ref}: we say {ours}, billing-orders says {theirs}"
    if json.loads(bytes(order["payload"])) != found.payload:
        yield f"{ref}: what billing-orders took is not what is stored"


def _unknown_to_us(orders: Sequence[Row], books: Sequence[AcceptedOrder]) -> Iterator[str]:
    known = {order["external_ref"]: Decimal(order["amount"]) for order in orders}
    for found in books:
        if known.get(found.external_ref) != Decimal(found.amount):
            yield f"{found.external_ref}: billing-orders has {found.amount}, stored is {known.get(found.external_ref)}"


def _lines_behind(lines: Sequence[Row]) -> Iterator[str]:
    for line in lines:
        if line["progress"] != line["of_order"]:
            told = f"is {line['progress']}, its order {line['of_order']}"
            yield f"{line['external_ref']}: device {line['device_id']} {told}"


def _unasked(attempts: Sequence[Row]) -> Iterator[str]:
    """After an attempt whose outcome nobody knows, billing-orders is asked before the order is sent again."""
    unsure: dict[str, bool] = {}
    for attempt in attempts:
        ref, outcome = attempt["external_ref"], attempt["outcome"]
        if attempt["purpose"] == "pay":
            if unsure.get(ref):
                yield f"{ref}: sent again as {attempt['fencing']} though nobody had asked what came of the time before"
            unsure[ref] = outcome in (None, "unknown")
        elif outcome == "not_found":
            unsure[ref] = False


def _misread(attempts: Sequence[Row], accepted: Mapping[str, AcceptedOrder]) -> Iterator[str]:
    """Nobody writes down that an order is not there which was there. 425 and 429 may lie: they say that nothing was
    taken, and the stand-in can be told to say so after it took it."""
    for attempt in attempts:
        found, outcome = accepted.get(attempt["external_ref"]), attempt["outcome"]
        since = dt.datetime.fromisoformat(found.created_at) if found else None
        where = f"{attempt['external_ref']}, claim {attempt['fencing']}"
        if since is None or attempt["recorded_at"] is None:
            continue
        if outcome == "not_found" and since < attempt["claimed_at"]:
            yield f"{where}: not found, though billing-orders had it since {since}"
        sure = outcome == "unavailable" and attempt["definite"] and not re.search("answered 42[59]", attempt["detail"])
        if sure and attempt["claimed_at"] < since < attempt["recorded_at"]:
            yield f"{where}: certainly not taken ({attempt['detail']}), though it was at {since}"


def _unfenced(steps: Sequence[Row]) -> Iterator[str]:
    """What came of a claim counts only as long as nobody has claimed the order since."""
    current: dict[int, int] = {}
    for step in steps:
        order_id, fencing = step["order_id"], step["fencing"]
        if not step["records"]:
            current[order_id] = fencing
        elif step["action"] != "fenced" and fencing != current.get(order_id):
            where = f"park {step['park_id']}, history entry {step['seq']}"
            yield f"{where}: {step['action']} was recorded by claim {fencing}, current was {current.get(order_id)}"
