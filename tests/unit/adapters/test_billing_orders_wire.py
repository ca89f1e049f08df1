"""The wire between us and billing-orders: sent once, unchanged, in bounded time; and what is known when it breaks."""

import gzip
import socket
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest
import requests

from signalq_billing.adapters.billing_orders import BearerAuth, BillingOrdersApi
from signalq_billing.domain.order import Created, Misconfigured, Unavailable, Unknown
from signalq_billing.errors import BillingUnavailable
from tests.unit.adapters.billing_orders_calls import BODY, CLAIM, ORDER, PERIOD_NAME, TOKEN, client
from tests.unit.adapters.billing_orders_wire import (
    Behaviour,
    answer,
    answering,
    dripping,
    endless,
    raw,
    reset,
    serving,
)

HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"


def headers_of(request: bytes) -> dict[str, str]:
    lines = request.partition(b"\r\n\r\n")[0].decode("utf-8").split("\r\n")[1:]
    return {name.lower(): value for name, _, value in (line.partition(": ") for line in lines)}


def test_a_claim_is_sent_byte_for_byte_under_its_key() -> None:
    with serving(answering(200, ORDER)) as server:
        client(server.base_url).create(CLAIM)
    (request,) = server.requests
    assert request.startswith(b"POST /v1/orders HTTP/1.1\r\n")
    assert request.partition(b"\r\n\r\n")[2] == BODY
    headers = headers_of(request)
    assert headers["x-idempotency-token"] == CLAIM.external_ref
    assert headers["authorization"] == f"Bearer {TOKEN}"
    assert headers["content-type"] == "application/json"
    assert headers["content-length"] == str(len(BODY))


def test_a_key_beyond_ascii_reaches_the_header_as_utf_8() -> None:
    with serving(answering(200, {**ORDER, "external_ref": "парк"})) as server:
        assert client(server.base_url).create(replace(CLAIM, external_ref="парк")) == Created("BO-1")
    assert headers_of(server.requests[0])["x-idempotency-token"] == "парк"


def test_a_path_in_the_address_is_kept() -> None:
    with serving(answering(200, ORDER)) as server:
        client(f"{server.base_url}/billing/api/").find(CLAIM.external_ref)
    assert server.requests[0].startswith(b"GET /billing/api/v1/orders/weekly%3A2026-11-02%3Apark-1%3Ar1 HTTP/1.1\r\n")


def test_a_refused_connection_is_definite(unused_port: int) -> None:
    billing = client(f"http://127.0.0.1:{unused_port}")
    outcome = billing.create(CLAIM)
    assert isinstance(outcome, Unavailable)
    assert outcome.definite
    assert "Connection refused" in outcome.message
    assert isinstance(billing.find(CLAIM.external_ref), Unavailable)
    with pytest.raises(BillingUnavailable, match="Connection refused"):
        billing.ping()


def test_a_name_that_does_not_resolve_is_definite() -> None:
    outcome = client("http://no-such-host.invalid").create(CLAIM)
    assert isinstance(outcome, Unavailable)
    assert outcome.definite


def test_a_connection_that_never_comes_about_is_definite() -> None:
    with socket.create_server(("127.0.0.1", 0), backlog=0) as full:
        waiting = [socket.socket() for _ in range(4)]
        for each in waiting:
            each.setblocking(False)
            each.connect_ex(full.getsockname())
        began = time.monotonic()
        outcome = client(f"http://127.0.0.1:{full.getsockname()[1]}", 0.4).create(CLAIM)
        assert time.monotonic() - began < 2
        for each in waiting:
            each.close()
    assert isinstance(outcome, Unavailable)
    assert outcome.definite


BROKEN: dict[str, Behaviour] = {
    "closed without a word": raw(b""),
    "reset": reset,
    "no HTTP": raw(b"SSH-2.0-OpenSSH_9.6\r\n"),
    "half a status line": raw(b"HTTP/1.1 20"),
    "half the headers": raw(b"HTTP/1.1 200 OK\r\nContent-Le"),
    "less than announced": raw(HEAD + b"Content-Length: 500\r\n\r\n" + b'{"doc_id": "BO-1"}'),
    "cut without a length": raw(HEAD + b"\r\n" + b'{"doc_id": "BO-1", "exter'),
    "chunks that stop": raw(HEAD + b'Transfer-Encoding: chunked\r\n\r\n12\r\n{"doc_id": "BO-1"}\r\n'),
    "chunks that lie": raw(HEAD + b'Transfer-Encoding: chunked\r\n\r\nZZ\r\n{"doc_id": "BO-1"}\r\n'),
    "a length that is no number": raw(HEAD + b"Content-Length: many\r\n\r\n{}"),
    "gzip that is none": raw(answer(200, ORDER, "Content-Encoding: gzip")),
    "gzip that stops": raw(answer(200, gzip.compress(b'{"a": 1}' * 50)[:-20], "Content-Encoding: gzip")),
    "an encoding nobody knows": raw(answer(200, b"\x01\x02\x03", "Content-Encoding: snappy")),
    "too many headers": raw(HEAD + b"".join(b"X-%d: y\r\n" % n for n in range(300)) + b"\r\n"),
    "a header without end": raw(HEAD + b"X: " + b"y" * 200_000 + b"\r\n\r\n"),
    "an endless body": endless(HEAD + b"\r\n", b" " * 65536),
    "a body beyond bounds": endless(HEAD + b"Content-Length: 99999999999\r\n\r\n", b" " * 65536),
    "a bomb": raw(answer(200, gzip.compress(b" " * 50_000_000), "Content-Encoding: gzip")),
}


@pytest.mark.parametrize("behaviour", BROKEN.values(), ids=BROKEN.keys())
def test_a_broken_answer_is_unknown_and_nothing_is_sent_twice(behaviour: Behaviour) -> None:
    with serving(behaviour) as server:
        began = time.monotonic()
        outcome = client(server.base_url).create(CLAIM)
        assert time.monotonic() - began < 4
    assert isinstance(outcome, Unknown)
    assert len(server.requests) == 1
    assert outcome.message.isprintable()


@pytest.mark.parametrize("name", ["an endless body", "a body beyond bounds", "a bomb"])
def test_no_answer_fills_the_memory(name: str) -> None:
    with serving(BROKEN[name]) as server:
        outcome = client(server.base_url, 30).create(CLAIM)
    assert isinstance(outcome, Unknown)
    assert "longer than 1048576 bytes" in outcome.message


def test_what_comes_with_a_redirect_is_bounded_and_told_like_any_other_answer() -> None:
    redirect = b"HTTP/1.1 302 Found\r\nLocation: http://elsewhere.example/\r\n"
    with serving(endless(redirect + b"\r\n", b" " * 65536)) as server:
        assert isinstance(client(server.base_url, 30).create(CLAIM), Unknown)
    with serving(raw(redirect + b"Content-Length: 10\r\n\r\ngone there")) as server:
        outcome = client(server.base_url).create(CLAIM)
    assert isinstance(outcome, Misconfigured)
    assert "answered 302 gone there" in outcome.message


@pytest.mark.parametrize("key", [" led by a space", "two\nlines"])
def test_a_key_that_no_header_can_carry_is_not_sent(key: str) -> None:
    with serving(answering(200, ORDER)) as server:
        outcome = client(server.base_url).create(replace(CLAIM, external_ref=key))
    assert isinstance(outcome, Misconfigured)
    assert server.requests == []


@pytest.mark.parametrize("first", [0, 20, 70, 120])
def test_an_answer_that_drips_is_cut_when_the_time_is_over(first: int) -> None:
    with serving(dripping(HEAD + b"Content-Length: 1000\r\n\r\n" + b" " * 1000, first)) as server:
        began = time.monotonic()
        outcome = client(server.base_url, 0.5).create(CLAIM)
        assert time.monotonic() - began < 1.5
    assert outcome == Unknown("POST /v1/orders: no whole answer within 0.5 s")


def test_a_drip_without_a_length_is_no_whole_answer_either() -> None:
    whole = b'{"doc_id":"BO-1","external_ref":"weekly:2026-11-02:park-1:r1","amount":"10.00","currency":"RUB"}'
    with serving(dripping(HEAD + b"\r\n" + whole + b" " * 200, len(HEAD) + 2 + len(whole))) as server:
        assert isinstance(client(server.base_url, 0.5).create(CLAIM), Unknown)


def test_a_question_whose_answer_breaks_is_unavailable() -> None:
    with serving(raw(b"HTTP/1.1 20")) as server:
        billing = client(server.base_url)
        assert isinstance(billing.find(CLAIM.external_ref), Unavailable)
        with pytest.raises(BillingUnavailable):
            list(billing.listing("weekly", PERIOD_NAME))


def test_an_encoded_answer_is_decoded() -> None:
    body = gzip.compress(str(ORDER).replace("'", '"').encode())
    with serving(answering(200, body, "Content-Encoding: gzip")) as server:
        assert client(server.base_url).create(CLAIM) == Created("BO-1")


def test_connections_are_used_again_and_dropped_ones_are_not_noticed() -> None:
    with serving(answering(200, ORDER)) as server:
        billing = client(server.base_url)
        assert [billing.create(CLAIM) for _ in range(3)] == [Created("BO-1")] * 3
        assert server.connections == 1
    with serving(raw(answer(200, ORDER))) as server:
        billing = client(server.base_url)
        outcomes = []
        for _ in range(3):
            outcomes.append(billing.create(CLAIM))
            time.sleep(0.05)
        assert outcomes == [Created("BO-1")] * 3
        assert (server.connections, len(server.requests)) == (3, 3)


def test_threads_share_a_client_and_each_has_its_own_time() -> None:
    def behave(connected: socket.socket) -> None:
        time.sleep(next(pauses))
        connected.sendall(answer(200, ORDER))

    pauses = iter([0.0, 1.2] * 12)
    with serving(behave) as server, ThreadPoolExecutor(24) as threads:
        billing = client(server.base_url, 0.6)
        outcomes = Counter(type(outcome) for outcome in threads.map(billing.create, [CLAIM] * 24))
    assert outcomes == {Created: 12, Unknown: 12}


def test_time_that_is_over_does_not_end_the_next_exchange() -> None:
    with serving(answering(200, ORDER)) as server:
        billing = client(server.base_url, 0.3)
        assert billing.create(CLAIM) == Created("BO-1")
        time.sleep(0.5)
        assert billing.create(CLAIM) == Created("BO-1")
        assert server.connections == 1


def test_proxies_and_netrc_of_the_environment_do_not_come_between_us_and_this_machine(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, unused_port: int
) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login somebody password else\n")
    monkeypatch.setenv("NETRC", str(netrc))
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.setenv(name, f"http://127.0.0.1:{unused_port}")
    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
    with serving(answering(200, ORDER)) as server:
        assert client(server.base_url).create(CLAIM) == Created("BO-1")
    assert headers_of(server.requests[0])["authorization"] == f"Bearer {TOKEN}"


def test_a_proxy_that_is_down_has_sent_nothing(monkeypatch: pytest.MonkeyPatch, unused_port: int) -> None:
    monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{unused_port}")
    outcome = client("http://billing.example").create(CLAIM)
    assert isinstance(outcome, Unavailable)
    assert outcome.definite


def test_a_proxy_that_cuts_leaves_it_unknown(monkeypatch: pytest.MonkeyPatch) -> None:
    with serving(raw(b"")) as proxy:
        monkeypatch.setenv("http_proxy", proxy.base_url)
        assert isinstance(client("http://billing.example").create(CLAIM), Unknown)
    assert proxy.requests[0].startswith(b"POST http://billing.example/v1/orders ")


def test_a_session_of_somebody_else_loses_its_retries() -> None:
    session = requests.Session()
    session.auth = BearerAuth(TOKEN)
    session.mount("http://", requests.adapters.HTTPAdapter(max_retries=5))
    with serving(reset) as server:
        assert isinstance(BillingOrdersApi(session, server.base_url, 2).create(CLAIM), Unknown)
    assert server.connections == 1


@pytest.fixture
def unused_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        return int(listening.getsockname()[1])
