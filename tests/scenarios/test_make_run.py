"""What `make run` does, for real and from nothing: start the stack, seed it, let Airflow pay; then again; then down."""

import json
from decimal import Decimal

import pytest
import requests

from signalq_billing.devstack.memory import Memory
from tests.scenarios.operator import Operator

pytestmark = [pytest.mark.airflow, pytest.mark.timeout(900)]


def test_the_last_period_of_every_cadence_is_paid(operator: Operator, paid: str) -> None:
    payouts = operator.payouts()
    assert {each["cadence"] for each in payouts} == {"daily_ekb", "weekly_msk", "monthly_msk"}
    assert len(payouts) == 39
    open_ones = [each for each in payouts if Decimal(str(each["total"])) and each["payment_progress"] != "created"]
    assert open_ones == []
    nothing = [each["park_id"] for each in payouts if not Decimal(str(each["total"]))]
    assert nothing == ["ekb-sortirovka"]


def test_billing_orders_has_each_order_once_and_to_the_kopeck(operator: Operator, paid: str) -> None:
    told = {
        (order["external_ref"], order["amount"], order["doc_id"])
        for payout in operator.payouts()
        for order in payout["orders"]  # type: ignore[attr-defined]
    }
    held = [(order["external_ref"], order["amount"], order["doc_id"]) for order in operator.orders()]
    assert len(held) == len(set(held))
    assert set(held) == told
    assert len(told) > 39


def test_the_demo_ends_with_parks_totals_the_address_and_its_login(operator: Operator, paid: str) -> None:
    memory = Memory(operator.home.memory)
    address = f"http://127.0.0.1:{memory.port('api-server')}"
    for expected in ("msk-arbat", "ekb-шарташ", "created", "nothing to pay", "total", "RUB", "KZT", address):
        assert expected in paid
    assert memory.secret("airflow") in paid
    login = {"username": "admin", "password": memory.secret("airflow")}
    assert requests.post(f"{address}/auth/token", json=login, timeout=30).status_code == 201


def test_a_second_time_is_harmless_and_pays_nobody_twice(operator: Operator, paid: str) -> None:
    before = sorted(json.dumps(order, sort_keys=True) for order in operator.orders())
    operator.does("dev", "up", "--detach")
    assert "42 unchanged" in operator.does("dev", "seed")
    operator.does("dev", "demo")
    assert sorted(json.dumps(order, sort_keys=True) for order in operator.orders()) == before


def test_the_shell_that_took_the_exports_works_with_the_same_stack(operator: Operator, paid: str) -> None:
    assert len(json.loads(operator.does("status", "--cadence", "daily_ekb", "--json", more=operator.exports()))) == 1
    before = Memory(operator.home.memory).get("fingerprint")
    operator.does("dev", "up", "--detach", more=operator.exports())
    assert Memory(operator.home.memory).get("fingerprint") == before
