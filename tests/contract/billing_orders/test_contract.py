"""SPEC section 8, asked of a running service.

Runs against the stand-in, and against a real service when BILLING_ORDERS_URL and BILLING_ORDERS_TOKEN are set. There it
creates some ten orders of 0.01 RUB, kind signalq_camera_payout, for parks named `парк/№N` under cadences named
`contract_<random>`; it deletes nothing, for the contract has no such call.
"""

import json
import re
from decimal import Decimal

import pytest

from signalq_billing.adapters.billing_orders import BillingOrdersApi, connect
from signalq_billing.domain.order import BillingOrder, Created, Misconfigured, NotFound, Rejected
from signalq_billing.errors import BillingMisconfigured
from tests.contract.billing_orders.orders import PERIOD_NAME, Wire, claim, new_cadence, payload


def test_it_answers_a_ping(service: BillingOrdersApi) -> None:
    service.ping()


def test_an_order_is_created_and_found_again(service: BillingOrdersApi) -> None:
    asked = claim(new_cadence())
    created = service.create(asked)
    assert isinstance(created, Created)
    found = service.find(asked.external_ref)
    assert isinstance(found, BillingOrder)
    assert (found.doc_id, found.external_ref) == (created.doc_id, asked.external_ref)
    assert (found.amount, found.currency) == (Decimal("0.01"), "RUB")
    assert found.created_at


def test_the_same_order_sent_again_is_the_same_document(service: BillingOrdersApi) -> None:
    asked = claim(new_cadence())
    first = service.create(asked)
    assert isinstance(first, Created)
    assert service.create(asked) == first
    assert [order.doc_id for order in service.listing(_cadence(asked.body), PERIOD_NAME)] == [first.doc_id]


def test_another_payload_under_the_same_key_is_a_conflict_and_changes_nothing(service: BillingOrdersApi) -> None:
    cadence = new_cadence()
    asked, other = claim(cadence), claim(cadence, device_id="camera-2")
    assert asked.external_ref == other.external_ref
    created = service.create(asked)
    assert isinstance(created, Created)
    refused = service.create(other)
    assert isinstance(refused, Rejected)
    assert refused.status == 409
    assert "idempotency conflict" in refused.message
    found = service.find(asked.external_ref)
    assert isinstance(found, BillingOrder)
    assert found.doc_id == created.doc_id


def test_an_order_that_was_never_sent_is_not_found(service: BillingOrdersApi) -> None:
    assert service.find(claim(new_cadence()).external_ref) == NotFound()


@pytest.mark.parametrize("odd", ["a/b", "%2F", "парк №1", "a?b#c&d=e", "a+b c", "~a:b", "x" * 200, "a//../b/./"])
def test_any_key_can_be_used_and_asked_for(service: BillingOrdersApi, wire: Wire, odd: str) -> None:
    external_ref = f"{new_cadence()}:{odd}"
    assert service.find(external_ref) == NotFound()
    created = wire.post(payload(new_cadence(), external_ref=external_ref))
    found = service.find(external_ref)
    assert isinstance(found, BillingOrder)
    assert found.doc_id == created.json()["doc_id"]


def test_a_listing_has_every_order_of_its_period_once(service: BillingOrdersApi) -> None:
    cadence = new_cadence()
    created = [service.create(claim(cadence, park_id=f"парк/№{number}")) for number in range(5)]
    listed = list(service.listing(cadence, PERIOD_NAME))
    assert sorted(order.doc_id for order in listed) == sorted(each.doc_id for each in created)  # type: ignore[union-attr]
    assert {order.amount for order in listed} == {Decimal("0.01")}
    assert list(service.listing(cadence, PERIOD_NAME.replace(day=9))) == []


def test_a_wrong_token_is_refused(wire: Wire) -> None:
    stranger = connect(wire.base_url, "wrong-token", timeout_seconds=30)
    asked = claim(new_cadence())
    refused = stranger.create(asked)
    assert isinstance(refused, Misconfigured)
    assert refused.status in (401, 403)
    assert isinstance(stranger.find(asked.external_ref), Rejected)
    with pytest.raises(BillingMisconfigured):
        list(stranger.listing("any", PERIOD_NAME))
    assert connect(wire.base_url, wire.token, timeout_seconds=30).find(asked.external_ref) == NotFound()


@pytest.mark.parametrize(
    ("field", "wrong"),
    [
        ("amount", "0.00"),
        ("amount", "-0.01"),
        ("amount", "0.010"),
        ("amount", "0.02"),
        ("amount", "1"),
        ("amount", 0.01),
        ("amount", "NaN"),
        ("carried", "0.01"),
        ("carried", "-0.01"),
        ("currency", "RUBLE"),
        ("currency", "XAU"),
        ("kind", "something_else"),
        ("revision", 0),
        ("revision", "1"),
        ("park_id", ""),
        ("lines", []),
        ("lines", [{"device_id": "d", "amount": "0.01"}, {"device_id": "d", "amount": "0.00"}]),
        ("event_at", "2026-11-02T00:00:00Z"),
        ("period", {"name": "2026-11-02", "start": "2026-11-01T21:00:00Z", "end": "2026-11-08T21:00:00Z"}),
        *((name, None) for name in ("cadence", "period", "lines", "carried", "external_ref", "event_at")),
    ],
)
def test_a_payload_that_is_not_as_agreed_is_refused_and_not_kept(wire: Wire, field: str, wrong: object) -> None:
    cadence = new_cadence()
    document = payload(cadence, **{field: wrong})
    answer = wire.post(document)
    assert answer.status_code in (400, 422)
    _assert_error_object(answer.content)
    assert wire.get(payload(cadence)["external_ref"]).status_code == 404


def test_amounts_have_exactly_the_minor_digits_and_nothing_is_carried_upwards(wire: Wire) -> None:
    for changes in (
        {"amount": "1", "lines": [{"device_id": "d", "amount": "1.00"}]},
        {"amount": "1.00", "lines": [{"device_id": "d", "amount": "1"}]},
        {"amount": "0.02", "carried": "0.01"},
    ):
        assert wire.post(payload(new_cadence(), **changes)).status_code in (400, 422)


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"\xff\xfe", b'{"amount": NaN}', b"null"])
def test_what_is_no_json_object_is_refused(wire: Wire, body: bytes) -> None:
    answer = wire.call("POST", "/v1/orders", body, {"X-Idempotency-Token": "any"})
    assert answer.status_code in (400, 422)
    _assert_error_object(answer.content)


@pytest.mark.parametrize("key", ["", "another-key"])
def test_an_idempotency_token_that_is_not_the_external_ref_is_refused(wire: Wire, key: str) -> None:
    document = payload(new_cadence())
    answer = wire.post(document, key=key)
    assert answer.status_code in (400, 422)
    assert wire.get(document["external_ref"]).status_code == 404


def test_errors_are_objects_with_a_code_and_a_message(wire: Wire) -> None:
    missing = wire.get("never-sent")
    assert missing.status_code == 404
    _assert_error_object(missing.content)
    wrong_method = wire.call("PUT", "/v1/orders")
    assert wrong_method.status_code == 405
    _assert_error_object(wrong_method.content)
    no_token = wire.call("GET", "/v1/orders/never-sent", headers={"Authorization": ""})
    assert no_token.status_code == 401
    _assert_error_object(no_token.content)


def test_a_listing_needs_a_cadence_and_a_period(wire: Wire) -> None:
    answer = wire.call("GET", "/v1/orders?cadence=weekly")
    assert answer.status_code in (400, 422)
    _assert_error_object(answer.content)


def test_the_order_of_keys_and_spaces_makes_no_other_payload(wire: Wire) -> None:
    document = payload(new_cadence())
    first = wire.post(document)
    again = wire.post(dict(reversed(document.items())))
    assert (first.status_code, again.status_code) == (200, 200)
    assert first.json() == again.json()


def test_an_answer_is_the_object_of_the_contract(wire: Wire) -> None:
    answer = wire.post(payload(new_cadence())).json()
    assert set(answer) >= {"doc_id", "external_ref", "amount", "currency", "created_at"}
    assert answer["amount"] == "0.01"
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)", answer["created_at"])


def _assert_error_object(body: bytes) -> None:
    document = json.loads(body)
    assert isinstance(document["code"], str)
    assert isinstance(document["message"], str)


def _cadence(body: bytes) -> str:
    cadence: str = json.loads(body)["cadence"]
    return cadence
