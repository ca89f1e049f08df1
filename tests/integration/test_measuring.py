"""Gauges of how everything stands: what is open, held and unknown, and back to zero for every tag when it is over."""

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass, field

import pytest
from sqlalchemy import Engine

from signalq_billing.adapters.no_metrics import NoMetrics
from signalq_billing.adapters.postgres.config_store import PostgresConfigStore
from signalq_billing.adapters.postgres.payout_store import PostgresPayoutStore
from signalq_billing.adapters.postgres.standing import PostgresStandings
from signalq_billing.devstack.billing_orders.process import BillingOrdersProcess
from signalq_billing.domain.config import OrderPer
from signalq_billing.domain.metric import CATALOGUE
from signalq_billing.domain.order import Unknown
from signalq_billing.domain.progress import Claim
from signalq_billing.errors import BillingUnavailable, StorageUnavailable
from signalq_billing.services.measuring import measure
from tests.integration.payments import computed, submitter
from tests.unit.domain.builders import config

MONEY = ("weekly_msk", "RUB")
OPEN = ("payouts.open", *MONEY)


@dataclass
class Board(NoMetrics):
    """What a monitor shows: the last of each gauge, the sum of each counter. Takes nothing but the catalogue's."""

    shown: dict[tuple[str, ...], float] = field(default_factory=dict)

    def gauge(self, name: str, value: float, **tags: str) -> None:
        assert set(tags) == set(CATALOGUE[name].tags)
        self.shown[(name, *tags.values())] = value

    def count(self, name: str, value: int = 1, **tags: str) -> None:
        assert set(tags) == set(CATALOGUE[name].tags)
        key = (name, *tags.values())
        self.shown[key] = self.shown.get(key, 0) + value


@dataclass
class Answers:
    """A service that answers, or does not."""

    problem: Exception | None = None

    def ping(self) -> None:
        if self.problem:
            raise self.problem


def measured(engine: Engine, board: Board | None = None, **down: Exception) -> dict[tuple[str, ...], float]:
    board = board or Board()
    store = PostgresPayoutStore(engine)
    services = {name: Answers(down.get(name)) for name in ("activity", "billing")}
    measure(PostgresStandings(engine), ["weekly_msk", "daily_ekb"], board, payouts=store, **services)  # type: ignore[arg-type]
    return board.shown


def aged(engine: Engine, change: str) -> None:
    with engine.begin() as connection:
        connection.exec_driver_sql(change)


def test_what_is_not_created_is_told_in_number_money_and_age(engine: Engine) -> None:
    computed(engine, ["park-1", "park-2"], OrderPer.DEVICE)
    aged(engine, "UPDATE payout SET created_at = now() - interval '2 hours' WHERE park_id = 'park-2'")
    shown = measured(engine)
    assert (shown[OPEN], shown["payouts.open_minor_units", *MONEY]) == (2, 16000)
    assert shown["payouts.oldest_not_created_seconds", "weekly_msk", "no"] == pytest.approx(7200, abs=60)
    assert shown["payouts.oldest_not_created_seconds", "weekly_msk", "yes"] == 0
    assert shown["payouts.oldest_not_created_seconds", "daily_ekb", "no"] == 0


def test_what_is_held_is_told_apart_and_so_is_what_nobody_looked_at(engine: Engine) -> None:
    store, (first, _) = PostgresPayoutStore(engine), computed(engine, ["park-1", "park-2"])
    store.hold(first.payout_id, "asked by the park", "ann")
    shown = measured(engine)
    assert (shown[OPEN], shown["payouts.on_hold", *MONEY]) == (1, 1)
    assert (shown["payouts.on_hold_minor_units", *MONEY], shown["payouts.hold_expired", "weekly_msk"]) == (8000, 0)
    aged(engine, "UPDATE payout SET hold_expires_at = now() - interval '1 second' WHERE hold_reason IS NOT NULL")
    assert measured(engine)["payouts.hold_expired", "weekly_msk"] == 1


def lost(engine: Engine) -> None:
    """An order that was sent, and nobody heard what came of it."""
    store, (payout,) = PostgresPayoutStore(engine), computed(engine)
    claim = store.claim(payout.orders[0].order_id, "worker", dt.timedelta(minutes=10))
    assert isinstance(claim, Claim)
    store.record(claim, Unknown("timed out"), "worker")
    three_hours_ago = "UPDATE order_attempt SET claimed_at = now() - interval '3 hours'"
    trigger = "ALTER TABLE order_attempt {} TRIGGER USER"  # which lets nobody rewrite what came of a call
    aged(engine, ";".join([trigger.format("DISABLE"), three_hours_ago, trigger.format("ENABLE")]))


def test_an_order_that_may_exist_is_unknown_since_it_was_first_claimed(engine: Engine) -> None:
    lost(engine)
    shown = measured(engine)
    assert shown["orders.unknown", "weekly_msk"] == 1
    assert shown["orders.oldest_unknown_seconds", "weekly_msk"] == pytest.approx(10800, abs=60)


def test_an_order_that_is_being_sent_is_not_unknown(engine: Engine) -> None:
    store, (payout,) = PostgresPayoutStore(engine), computed(engine)
    store.claim(payout.orders[0].order_id, "worker", dt.timedelta(minutes=10))
    shown = measured(engine)
    assert (shown["orders.unknown", "weekly_msk"], shown[OPEN]) == (0, 1)


def held(engine: Engine) -> None:
    (payout,) = computed(engine)
    PostgresPayoutStore(engine).hold(payout.payout_id, "asked by the park", "ann")
    aged(engine, "UPDATE payout SET hold_expires_at = now() - interval '1 second'")


@pytest.mark.parametrize("trouble", [computed, held, lost], ids=["open", "held", "unknown"])
def test_every_gauge_goes_back_to_zero_when_the_trouble_is_over(
    engine: Engine, billing: BillingOrdersProcess, trouble: Callable[[Engine], object]
) -> None:
    board, store = Board(), PostgresPayoutStore(engine)
    trouble(engine)
    raised = {key for key, value in measured(engine, board).items() if value and key[0].startswith(("pay", "orders"))}
    assert len(raised) >= 3
    for payout in store.payouts():
        store.release(payout.payout_id, "ann", "looked at it")
    submitter(engine, billing).submit(store.payouts())
    shown = measured(engine, board)
    assert {key: shown[key] for key in raised if shown[key]} == {}


def test_a_currency_that_was_paid_once_is_told_as_zero_too(engine: Engine) -> None:
    PostgresConfigStore(engine).apply([config()], "test")
    shown = measured(engine)
    assert (shown[OPEN], shown["payouts.on_hold", *MONEY], shown["orders.minor_units", *MONEY]) == (0, 0, 0)


def test_a_service_that_is_down_is_told_and_keeps_nothing_else_from_being_told(engine: Engine) -> None:
    computed(engine)
    shown = measured(engine, activity=StorageUnavailable("no"), billing=BillingUnavailable("no"))
    ups = {name: shown["dependencies.up", name] for name in ("ytsaurus", "postgresql", "billing_orders")}
    assert ups == {"ytsaurus": 0, "postgresql": 1, "billing_orders": 0}
    assert shown[OPEN] == 1


def test_a_counter_is_there_before_it_grows(engine: Engine) -> None:
    PostgresConfigStore(engine).apply([config()], "test")
    assert measured(engine)["orders.not_created", "weekly_msk", "rejected"] == 0
