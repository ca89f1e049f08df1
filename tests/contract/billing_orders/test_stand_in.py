"""What only the stand-in promises: its books outlive a kill, and it misbehaves exactly as it is told."""

import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from signalq_billing.adapters.billing_orders import BillingOrdersApi, connect
from signalq_billing.devstack.billing_orders import process
from signalq_billing.domain.order import BillingOrder, Created, NotFound, Unavailable, Unknown
from signalq_billing.errors import BillingUnavailable
from tests.contract.billing_orders.orders import Wire, claim, new_cadence, payload


@pytest.fixture
def told(stand_in: process.BillingOrdersProcess) -> Iterator[process.BillingOrdersProcess]:
    """The stand-in, with its switches off again after the test."""
    yield stand_in
    stand_in.faults.clear()


@pytest.fixture
def service(told: process.BillingOrdersProcess) -> BillingOrdersApi:
    return connect(told.base_url, told.token, timeout_seconds=5)


@pytest.fixture
def mortal(tmp_path: Path) -> Iterator[process.BillingOrdersProcess]:
    """A stand-in for one test alone, to be killed in it."""
    running = process.start(tmp_path, "token")
    yield running
    running.stop()


def posts(running: process.BillingOrdersProcess, external_ref: str) -> int:
    """How many POSTs of an order were accepted."""
    return sum(order["posts"] for order in running.books()["orders"] if order["external_ref"] == external_ref)


def test_what_was_answered_survives_a_kill(mortal: process.BillingOrdersProcess) -> None:
    service = connect(mortal.base_url, mortal.token, timeout_seconds=5)
    claims = [claim(new_cadence()) for _ in range(20)]
    created = [service.create(each) for each in claims]
    mortal.kill()
    refused = service.create(claims[0])
    assert isinstance(refused, Unavailable)
    assert refused.definite
    mortal.restart()
    assert [service.create(each) for each in claims] == created
    assert mortal.books()["totals"] == {"RUB": "0.20"}
    assert [order["posts"] for order in mortal.books()["orders"]] == [2] * 20


def test_a_kill_in_the_middle_loses_nothing_that_was_answered(mortal: process.BillingOrdersProcess) -> None:
    service = connect(mortal.base_url, mortal.token, timeout_seconds=5)
    answered: list[tuple[str, Created]] = []

    def send() -> None:
        for _ in range(500):
            asked = claim(new_cadence())
            if not isinstance(outcome := service.create(asked), Created):
                return
            answered.append((asked.external_ref, outcome))

    sender = threading.Thread(target=send)
    sender.start()
    while len(answered) < 20:
        time.sleep(0.01)
    mortal.kill()
    sender.join()
    mortal.restart()
    kept = {order["external_ref"]: order["doc_id"] for order in mortal.books()["orders"]}
    assert {ref: outcome.doc_id for ref, outcome in answered}.items() <= kept.items()


def test_many_at_once_with_one_key_make_one_order(told: process.BillingOrdersProcess) -> None:
    asked = claim(new_cadence())
    outcomes: list[object] = []

    def send() -> None:
        outcomes.append(connect(told.base_url, told.token, timeout_seconds=10).create(asked))

    senders = [threading.Thread(target=send) for _ in range(8)]
    for sender in senders:
        sender.start()
    for sender in senders:
        sender.join()
    assert len(outcomes) == 8
    assert len(set(outcomes)) == 1
    assert posts(told, asked.external_ref) == 8


def test_a_failure_before_the_commit_leaves_no_order(
    told: process.BillingOrdersProcess, service: BillingOrdersApi
) -> None:
    asked = claim(new_cadence())
    told.faults.fail(503, when="before", retry_after="7")
    assert service.create(asked) == Unavailable(
        "POST /v1/orders answered 503 fault: told to fail", definite=False, retry_after=7.0
    )
    assert service.find(asked.external_ref) == NotFound()
    assert isinstance(service.create(asked), Created)


def test_a_failure_after_the_commit_hides_an_order(
    told: process.BillingOrdersProcess, service: BillingOrdersApi
) -> None:
    asked = claim(new_cadence())
    told.faults.fail(500, when="after")
    assert isinstance(service.create(asked), Unavailable)
    assert isinstance(service.find(asked.external_ref), BillingOrder)


@pytest.mark.parametrize(("when", "kept"), [("before", 0), ("after", 1)])
def test_a_cut_connection_is_unknown_and_may_hide_an_order(
    told: process.BillingOrdersProcess, service: BillingOrdersApi, when: str, kept: int
) -> None:
    asked = claim(new_cadence())
    told.faults.cut(when=when)
    assert isinstance(service.create(asked), Unknown)
    assert posts(told, asked.external_ref) == kept


@pytest.mark.parametrize(("when", "kept"), [("before", 0), ("after", 1)])
def test_a_slow_answer_is_unknown_and_may_hide_an_order(
    told: process.BillingOrdersProcess, when: str, kept: int
) -> None:
    asked = claim(new_cadence())
    told.faults.delay(1.5, when=when)
    began = time.monotonic()
    assert isinstance(connect(told.base_url, told.token, timeout_seconds=0.3).create(asked), Unknown)
    assert time.monotonic() - began < 1.2
    assert posts(told, asked.external_ref) == kept


@pytest.mark.parametrize(
    "kind",
    [
        *("not_json", "empty", "not_object", "truncated"),
        *("other_ref", "other_amount", "other_currency", "no_doc_id"),
    ],
)
def test_an_answer_that_is_not_the_order_is_unknown(
    told: process.BillingOrdersProcess, service: BillingOrdersApi, kind: str
) -> None:
    asked = claim(new_cadence())
    told.faults.wrong_body(kind)
    assert isinstance(service.create(asked), Unknown)
    assert isinstance(service.create(asked), Created)
    assert posts(told, asked.external_ref) == 2


def test_a_switch_works_for_its_park_and_as_often_as_told(
    told: process.BillingOrdersProcess, service: BillingOrdersApi
) -> None:
    cadence = new_cadence()
    told.faults.fail(429, times=2, park_id="bad", retry_after="1")
    assert isinstance(service.create(claim(cadence, park_id="good")), Created)
    bad = claim(cadence, park_id="bad")
    outcomes = [type(service.create(bad)) for _ in range(3)]
    assert outcomes == [Unavailable, Unavailable, Created]
    assert [fault["hits"] for fault in told.faults.all()] == [2]


def test_questions_can_fail_too(told: process.BillingOrdersProcess, service: BillingOrdersApi) -> None:
    asked = claim(new_cadence())
    service.create(asked)
    told.faults.wrong_body("other_ref", call="find")
    told.faults.fail(500, call="find")
    assert isinstance(service.find(asked.external_ref), Unavailable)
    assert isinstance(service.find(asked.external_ref), Unknown)
    assert isinstance(service.find(asked.external_ref), BillingOrder)


def test_when_it_is_down_every_call_is_cut_until_it_is_up(
    told: process.BillingOrdersProcess, service: BillingOrdersApi
) -> None:
    asked = claim(new_cadence())
    told.faults.down()
    for _ in range(3):
        with pytest.raises(BillingUnavailable):
            service.ping()
        assert isinstance(service.create(asked), Unknown)
        assert isinstance(service.find(asked.external_ref), Unavailable)
    told.faults.clear()
    service.ping()
    assert service.find(asked.external_ref) == NotFound()


def test_a_switch_that_means_nothing_is_refused(told: process.BillingOrdersProcess) -> None:
    for switch in ({"do": "explode"}, {"do": "cut", "whenever": "now"}, {"do": "cut", "when": "never"}):
        with pytest.raises(ValueError, match="400"):
            told.faults.add(**switch)


def test_the_books_are_for_those_with_the_token(told: process.BillingOrdersProcess) -> None:
    for path in ("/_books", "/_faults"):
        assert requests.get(told.base_url + path, timeout=5).status_code == 401


def test_an_adjustment_may_take_back_from_one_device(told: process.BillingOrdersProcess) -> None:
    lines = [{"device_id": "a", "amount": "-0.01"}, {"device_id": "b", "amount": "0.02"}]
    wire = Wire(told.base_url, told.token)
    assert wire.post(payload(new_cadence(), lines=lines)).status_code == 422
    assert wire.post(payload(new_cadence(), lines=lines, revision=2)).status_code == 200


def test_money_carried_over_lowers_the_order(told: process.BillingOrdersProcess) -> None:
    lines = [{"device_id": "a", "amount": "0.05"}]
    wire = Wire(told.base_url, told.token)
    assert wire.post(payload(new_cadence(), lines=lines, carried="-0.04")).status_code == 200
    assert wire.post(payload(new_cadence(), lines=lines, carried="-0.05", amount="0.00")).status_code == 422
