"""Payouts that wait for a person, and orders nobody knows the fate of: one alert for all of a kind."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Sequence
from decimal import Decimal
from typing import TypedDict

from signalq_billing.domain.alert import Alert, AlertKind, key_of
from signalq_billing.domain.alert_text import FIRST_FEW, amount_text, counted, duration, totals_text
from signalq_billing.domain.readable import name_text
from signalq_billing.ports import OpenPayout, UnknownOrder
from signalq_billing.services.watching.findings import Findings
from signalq_billing.services.watching.late import money_of


def holds_expired(payouts: Sequence[OpenPayout], now: dt.datetime) -> Findings:
    """An alert if payouts are held for longer than somebody should have needed to look at them."""
    expired = [each for each in payouts if each.payout.hold is not None and each.payout.hold.expired(now)]
    covered = frozenset([AlertKind.HOLD_EXPIRED.value])
    if not expired:
        return Findings((), covered)
    expired.sort(key=lambda each: (-sum(money_of([each]).values()), each.payout.park_id.encode()))
    since = min(each.payout.hold.expires_at for each in expired if each.payout.hold)
    first, money = expired[0].payout, money_of(expired)
    period = f"--cadence {first.cadence} --period {first.period_name}"
    return Findings(
        (
            Alert(
                key=key_of(AlertKind.HOLD_EXPIRED),
                kind=AlertKind.HOLD_EXPIRED,
                title=f"hold expired: {_parks(expired)}, {totals_text(money)} wait for a decision "
                f"{duration(now - since)} longer than they should",
                since=since,
                money=money,
                waiting=(*map(_held_text, expired[:FIRST_FEW]), *_more(len(expired), "payout")),
                why=("a held payout is never released by time: somebody has to decide",),
                do=(
                    "Open the page: look at each amount and the reason it is held for.",
                    f"It is right: Release there, or `signalq-billing release {period} --park PARK --by NAME "
                    f"--note WHY`.",
                    "It is wrong: correct what it is held for, and clear `extract` of its run.",
                ),
                members=frozenset(str(each.payout.payout_id) for each in expired),
                **_place([(each.payout.cadence, each.payout.period_name, each.payout.park_id) for each in expired]),
            ),
        ),
        covered,
    )


def unknown_outcomes(orders: Sequence[UnknownOrder], now: dt.datetime) -> Findings:
    """An alert if orders have been in progress for too long: nobody knows whether billing-orders has them."""
    covered = frozenset([AlertKind.UNKNOWN_OUTCOME.value])
    if not orders:
        return Findings((), covered)
    money: dict[str, Decimal] = defaultdict(Decimal)
    for order in orders:
        money[order.currency] += order.amount
    return Findings(
        (
            Alert(
                key=key_of(AlertKind.UNKNOWN_OUTCOME),
                kind=AlertKind.UNKNOWN_OUTCOME,
                title=f"unknown outcome: {counted(len(orders), 'order')} over {totals_text(money)} may or may not be "
                f"created, the oldest sent {duration(now - orders[0].sent_at)} ago",
                since=orders[0].sent_at,
                money=dict(money),
                waiting=(*map(_order_text, orders[:FIRST_FEW]), *_more(len(orders), "order")),
                why=("billing-orders did not answer when it was asked about them, or nobody asked: reconcile does",),
                do=(
                    "Never pay these by hand: they may exist.",
                    "`signalq-billing doctor`: does billing-orders answer? Is signalq_reconcile unpaused and green?",
                    "Then `signalq-billing reconcile` asks about each and settles it.",
                ),
                members=frozenset(order.external_ref for order in orders),
                **_place([(each.cadence, each.period_name, each.park_id) for each in orders]),
            ),
        ),
        covered,
    )


def _parks(payouts: Sequence[OpenPayout]) -> str:
    return counted(len({each.payout.park_id for each in payouts}), "park")


def _held_text(each: OpenPayout) -> str:
    payout = each.payout
    total = totals_text(money_of([each]))
    outdated = " (computed anew since it was held)" if payout.hold is not None and payout.hold.outdated else ""
    return (
        f"{name_text(payout.park_id)}, {payout.cadence} {payout.period_name}: {total}: {payout.hold_reason}{outdated}"
    )


def _order_text(order: UnknownOrder) -> str:
    said = f": {order.last_error}" if order.last_error else ""
    amount = amount_text(order.amount, order.currency)
    return f"{name_text(order.park_id)}, {order.cadence} {order.period_name}: {amount}{said}"


def _more(number: int, noun: str) -> list[str]:
    return [f"and {counted(number - FIRST_FEW, f'more {noun}')}"] if number > FIRST_FEW else []


class _Place(TypedDict, total=False):
    cadence: str
    period_name: dt.date
    park_id: str | None


def _place(places: Sequence[tuple[str, dt.date, str]]) -> _Place:
    """Which page shows them: the park's, the period's, or the first of all."""
    periods = {(cadence, period) for cadence, period, _ in places}
    if len(periods) > 1:
        return {}
    cadence, period, park_id = places[0]
    alone = park_id if len({park for _, _, park in places}) == 1 else None
    return {"cadence": cadence, "period_name": period, "park_id": alone}
