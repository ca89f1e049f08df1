"""What every answer of billing-orders means: statuses, bodies, headers, for each of the four calls."""

import datetime as dt
import itertools
import json
import socket
from email.utils import format_datetime

import pytest

from signalq_billing.adapters.billing_orders.retry_after import retry_after
from signalq_billing.domain.order import (
    BillingOrder,
    Created,
    Misconfigured,
    NotFound,
    Rejected,
    Unavailable,
    Unknown,
)
from signalq_billing.errors import BillingMisconfigured, BillingUnavailable
from tests.unit.adapters.billing_orders_calls import CLAIM, ORDER, PERIOD_NAME, REFUSAL, client
from tests.unit.adapters.billing_orders_wire import answer, answering, raw, serving


def created_by(status: int, body: object, *headers: str) -> object:
    with serving(answering(status, body, *headers)) as server:
        return client(server.base_url).create(CLAIM)


def found_by(status: int, body: object, *headers: str) -> object:
    with serving(answering(status, body, *headers)) as server:
        return client(server.base_url).find(CLAIM.external_ref)


def test_the_object_asked_for_is_a_created_order() -> None:
    assert created_by(200, ORDER) == Created("BO-1")


@pytest.mark.parametrize("amount", ["10.00", "10", "10.0", "10.000", "010.00"])
def test_an_amount_is_compared_as_a_number(amount: str) -> None:
    assert created_by(200, {**ORDER, "amount": amount}) == Created("BO-1")


def test_a_doc_id_may_be_a_number() -> None:
    assert created_by(200, {**ORDER, "doc_id": 4711}) == Created("4711")
    assert isinstance(created_by(200, {**ORDER, "doc_id": True}), Unknown)


def test_fields_that_are_not_in_the_contract_do_no_harm() -> None:
    assert created_by(200, {**ORDER, "links": {"self": "/v1/orders/x"}, "created_at": None}) == Created("BO-1")


@pytest.mark.parametrize(
    "change",
    [
        {"external_ref": "weekly:2026-11-02:park-2:r1"},
        {"external_ref": None},
        {"amount": "10.01"},
        {"amount": "-10.00"},
        {"amount": 10.00},
        {"amount": 10},
        {"amount": "1e1"},
        {"amount": "+10.00"},
        {"amount": " 10.00"},
        {"amount": "１０.００"},
        {"amount": "NaN"},
        {"amount": None},
        {"currency": "USD"},
        {"currency": "rub"},
        {"currency": None},
        {"doc_id": ""},
        {"doc_id": "  "},
        {"doc_id": None},
        {"doc_id": ["BO-1"]},
        {"doc_id": "BO\x001"},
        {"doc_id": "\ud800"},
    ],
)
def test_another_object_is_unknown(change: dict[str, object]) -> None:
    assert isinstance(created_by(200, {**ORDER, **change}), Unknown)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"null",
        b"[]",
        b'"BO-1"',
        b"<html>200 OK</html>",
        b'{"doc_id": "BO-1"',
        b'{"doc_id": "BO-1"} trailing',
        b"\xff\xfe{\x00}\x00",
        b'{"doc_id": NaN}',
        json.dumps(ORDER).encode("utf-16"),
        json.dumps(ORDER).encode("utf-8-sig"),
        b"[" * 100_000,
        b'{"doc_id": ' + b"9" * 10_000 + b"}",
    ],
)
def test_what_is_no_object_is_unknown(body: bytes) -> None:
    assert isinstance(created_by(200, body), Unknown)
    assert isinstance(found_by(200, body), Unknown)


@pytest.mark.parametrize("status", [400, 409, 413, 422])
def test_a_definite_no_is_a_rejection_with_its_reason(status: int) -> None:
    outcome = created_by(status, {"code": "bad_order", "message": "no such park"})
    assert isinstance(outcome, Rejected)
    assert outcome.status == status
    assert "bad_order: no such park" in outcome.message
    assert ("idempotency conflict" in outcome.message) == (status == 409)


@pytest.mark.parametrize("status", [401, 403, 404, 405, 407, 410, 415, 421, 426, 431])
def test_a_refusal_of_us_is_misconfiguration(status: int) -> None:
    outcome = created_by(status, REFUSAL)
    assert isinstance(outcome, Misconfigured)
    assert outcome.status == status


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_a_redirect_is_not_followed_and_is_misconfiguration(status: int) -> None:
    with (
        serving(answering(200, ORDER)) as elsewhere,
        serving(answering(status, b"", f"Location: {elsewhere.base_url}/v1/orders")) as server,
    ):
        billing = client(server.base_url)
        outcome = billing.create(CLAIM)
        assert isinstance(outcome, Misconfigured)
        assert "redirects" in outcome.message
        assert isinstance(billing.find(CLAIM.external_ref), Rejected)
        with pytest.raises(BillingMisconfigured):
            billing.ping()
        assert elsewhere.requests == []


@pytest.mark.parametrize(
    ("status", "definite"),
    [(408, False), (425, True), (429, True), (500, False), (502, False), (503, False), (504, False), (599, False)],
)
def test_come_back_later_is_unavailable_and_definite_only_if_surely_not_taken(status: int, definite: bool) -> None:
    outcome = created_by(status, REFUSAL, "Retry-After: 17")
    assert isinstance(outcome, Unavailable)
    assert (outcome.definite, outcome.retry_after) == (definite, 17.0)


@pytest.mark.parametrize("status", [201, 202, 204, 206, 299, 300, 303, 304, 402, 418, 451, 499, 600, 999])
def test_an_answer_that_the_contract_does_not_have_is_unknown(status: int) -> None:
    assert isinstance(created_by(status, b"" if status in (204, 304) else ORDER), Unknown)


def test_an_order_is_found() -> None:
    found = found_by(200, ORDER)
    assert isinstance(found, BillingOrder)
    assert (found.doc_id, str(found.amount), found.currency) == ("BO-1", "10.00", "RUB")
    assert found.created_at == "2026-11-09T00:00:00Z"


@pytest.mark.parametrize("body", [{"code": "not_found", "message": "no such order"}, {"code": 404, "message": ""}])
def test_only_the_services_own_404_means_that_there_is_no_order(body: object) -> None:
    assert found_by(404, body) == NotFound()


@pytest.mark.parametrize(
    "body", [b"", b"<html>404</html>", b"{}", b'{"detail": "Not Found"}', b'{"code": "x"}', b'{"message": "x"}', b"[]"]
)
def test_a_404_of_somebody_else_is_unknown(body: bytes) -> None:
    assert isinstance(found_by(404, body), Unknown)


def test_another_order_than_asked_for_is_unknown() -> None:
    assert isinstance(found_by(200, {**ORDER, "external_ref": "another"}), Unknown)


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        *((status, Rejected) for status in (301, 401, 403, 405, 407)),
        *((status, Unavailable) for status in (408, 425, 429, 500, 502, 503, 504)),
        *((status, Unknown) for status in (201, 204, 303, 400, 409, 413, 418, 422)),
    ],
)
def test_a_question_that_is_not_answered_finds_nothing_out(status: int, expected: type) -> None:
    assert isinstance(found_by(status, b"" if status == 204 else REFUSAL), expected)


def test_a_question_can_be_told_to_wait_too() -> None:
    found = found_by(503, REFUSAL, "Retry-After: 3")
    assert isinstance(found, Unavailable)
    assert (found.definite, found.retry_after) == (False, 3.0)


def test_a_ping_tells_a_wrong_token_from_a_service_that_is_down() -> None:
    for status, expected in ((401, BillingMisconfigured), (404, BillingMisconfigured), (503, BillingUnavailable)):
        with serving(answering(status, REFUSAL)) as server, pytest.raises(expected, match=f"answered {status}"):
            client(server.base_url).ping()
    with serving(answering(200, b"pong")) as server:
        client(server.base_url).ping()


@pytest.mark.parametrize(
    "page",
    [
        {"orders": [ORDER], "cursor": 5},
        {"orders": None, "cursor": None},
        {"cursor": None},
        {"orders": [{**ORDER, "amount": 10}], "cursor": None},
        {"orders": ["BO-1"], "cursor": None},
        [],
    ],
)
def test_a_page_that_is_no_page_of_orders_is_not_taken_for_one(page: object) -> None:
    with serving(answering(200, page)) as server, pytest.raises(BillingUnavailable, match="did not answer with a page"):
        list(client(server.base_url).listing("weekly", PERIOD_NAME))


def test_a_listing_that_goes_in_circles_ends() -> None:
    pages = [{"orders": [ORDER], "cursor": cursor} for cursor in ("a", "b", "a")]
    sent = iter(pages * 100)
    with serving(lambda connected: connected.sendall(answer(200, next(sent)))) as server:
        listing = client(server.base_url).listing("weekly", PERIOD_NAME)
        with pytest.raises(BillingUnavailable, match="in circles"):
            list(listing)
        assert len(server.requests) == 3


def test_a_listing_that_goes_on_without_orders_ends() -> None:
    numbers = itertools.count()

    def behave(connected: socket.socket) -> None:
        answering(200, {"orders": [], "cursor": str(next(numbers))})(connected)

    with serving(behave) as server, pytest.raises(BillingUnavailable, match="without orders"):
        list(client(server.base_url).listing("weekly", PERIOD_NAME))


def test_a_listing_asks_for_its_period_and_hands_cursors_back_unread() -> None:
    pages = iter([{"orders": [ORDER], "cursor": "a&b=c /?#%"}, {"orders": []}])
    with serving(lambda connected: connected.sendall(answer(200, next(pages)))) as server:
        assert len(list(client(server.base_url).listing("еже&недельно", PERIOD_NAME))) == 1
        lines = [request.split(b"\r\n")[0].decode() for request in server.requests]
    asked = (
        "GET /v1/orders?cadence=%D0%B5%D0%B6%D0%B5%26%D0%BD%D0%B5%D0%B4%D0%B5%D0%BB%D1%8C%D0%BD%D0%BE&period=2026-11-02"
    )
    assert lines == [f"{asked} HTTP/1.1", f"{asked}&cursor=a%26b%3Dc+%2F%3F%23%25 HTTP/1.1"]


@pytest.mark.parametrize(
    ("status", "expected"),
    [(401, BillingMisconfigured), (404, BillingMisconfigured), (400, BillingUnavailable), (500, BillingUnavailable)],
)
def test_a_listing_that_is_refused_is_an_error_and_not_an_empty_one(status: int, expected: type[Exception]) -> None:
    with serving(answering(status, REFUSAL)) as server, pytest.raises(expected):
        list(client(server.base_url).listing("weekly", PERIOD_NAME))


NOW = dt.datetime(2026, 11, 9, 12, 0, tzinfo=dt.UTC)


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, None),
        ({"Retry-After": "0"}, 0.0),
        ({"Retry-After": " 120 "}, 120.0),
        ({"Retry-After": "1.5"}, 1.5),
        ({"Retry-After": "999999999"}, 86_400.0),
        ({"Retry-After": "9" * 50}, None),
        ({"Retry-After": "-5"}, None),
        ({"Retry-After": "soon"}, None),
        ({"Retry-After": "NaN"}, None),
        ({"Retry-After": format_datetime(NOW + dt.timedelta(seconds=90), usegmt=True)}, 90.0),
        ({"Retry-After": format_datetime(NOW - dt.timedelta(seconds=90), usegmt=True)}, 0.0),
        ({"Retry-After": "Fri, 31 Dec 9999 23:59:59 GMT"}, 86_400.0),
        ({"Retry-After": "Mon, 09 Nov 2026 12:01:00 GMT", "Date": "Mon, 09 Nov 2026 12:00:50 GMT"}, 10.0),
        ({"Retry-After": "Mon, 09 Nov 2026 12:01:00 GMT", "Date": "rubbish"}, 60.0),
    ],
)
def test_retry_after_is_seconds_or_a_date(headers: dict[str, str], seconds: float | None) -> None:
    assert retry_after(headers, NOW) == seconds


def test_what_was_said_is_one_short_printable_line() -> None:
    outcome = created_by(422, b"line\r\nbreak\x00\x1b[31m " + b"x" * 5000)
    assert isinstance(outcome, Rejected)
    assert outcome.message.isprintable()
    assert "line break" in outcome.message
    assert len(outcome.message) < 350


def test_an_answer_without_a_reason_is_still_named() -> None:
    with serving(raw(b"HTTP/1.1 422\r\nContent-Length: 0\r\n\r\n")) as server:
        assert client(server.base_url).create(CLAIM) == Rejected(422, "POST /v1/orders answered 422")
