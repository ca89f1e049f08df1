"""The token and the way to billing-orders: never shown, never sent to somebody else, the same care over TLS."""

import base64
import datetime as dt
import ipaddress
import ssl
import time
from pathlib import Path

import pytest
import requests
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from signalq_billing.adapters.billing_orders import BearerAuth, BillingOrdersApi, connect
from signalq_billing.domain.order import BillingOrder, Created, Misconfigured, Unavailable, Unknown
from signalq_billing.errors import BillingMisconfigured, BillingUnavailable, UsageError
from tests.unit.adapters.billing_orders_calls import CLAIM, ORDER, PERIOD_NAME, TOKEN, client
from tests.unit.adapters.billing_orders_wire import answering, dripping, raw, serving

HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
SECRETS = (TOKEN, "s3cret", "t0ken", base64.b64encode(TOKEN.encode()).decode())


@pytest.mark.parametrize("status", [200, 302, 400, 401, 404, 409, 422, 429, 500, 418])
@pytest.mark.parametrize("padding", [0, 240, 250, 260, 262, 270])
def test_the_token_is_never_repeated(status: int, padding: int) -> None:
    echo = b"x" * padding + f"Authorization: Bearer {TOKEN} s3cret%2Dt0ken%2F%2B%3D".replace("%2D", "-").encode()
    with serving(answering(status, echo, f"Location: http://x/?t={TOKEN}")) as server:
        billing = client(server.base_url)
        said = [str(billing.create(CLAIM)), str(billing.find(CLAIM.external_ref))]
        for call in (billing.ping, lambda: list(billing.listing("weekly", PERIOD_NAME))):
            try:
                call()
            except (BillingUnavailable, BillingMisconfigured) as error:
                said.append(str(error))
    assert not [secret for secret in SECRETS for text in said if secret in text]


@pytest.mark.parametrize("token", ["", "two words", "line\nend", "трубка", " padded ", "tab\t"])
def test_a_token_that_no_header_can_carry_is_refused_without_showing_it(token: str) -> None:
    with pytest.raises(UsageError, match="connection billing_orders") as raised:
        connect("http://billing.example", token, 5)
    assert not token or token not in str(raised.value)
    assert TOKEN not in repr(BearerAuth(TOKEN))


@pytest.mark.parametrize("base_url", ["billing.example", "ftp://billing.example", "http://", "http://u:p@host", ""])
def test_an_address_that_cannot_be_called_is_refused(base_url: str) -> None:
    with pytest.raises(UsageError, match="connection billing_orders"):
        connect(base_url, TOKEN, 5)


def test_a_session_without_a_token_is_refused() -> None:
    with pytest.raises(UsageError, match="bearer token"):
        BillingOrdersApi(requests.Session(), "http://billing.example", 5)


def test_a_certificate_that_does_not_verify_is_misconfiguration(certificate: tuple[Path, ssl.SSLContext]) -> None:
    with serving(answering(200, ORDER), certificate[1]) as server:
        billing = client(server.base_url)
        outcome = billing.create(CLAIM)
        assert isinstance(outcome, Misconfigured)
        assert "certificate" in outcome.message
        with pytest.raises(BillingMisconfigured, match="certificate"):
            billing.ping()
    assert server.requests == []


def test_a_plain_service_called_over_tls_has_received_nothing() -> None:
    with serving(answering(200, ORDER)) as server:
        outcome = client(server.base_url.replace("http://", "https://")).create(CLAIM)
    assert isinstance(outcome, Unavailable)
    assert outcome.definite


def test_over_tls_everything_is_the_same(
    certificate: tuple[Path, ssl.SSLContext], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(certificate[0]))
    with serving(answering(200, ORDER), certificate[1]) as server:
        billing = client(server.base_url)
        assert billing.create(CLAIM) == Created("BO-1")
        assert isinstance(billing.find(CLAIM.external_ref), BillingOrder)
    drip = HEAD + b"Content-Length: 1000\r\n\r\n" + b" " * 1000
    for behaviour in (dripping(drip, 10), dripping(drip, 120), raw(b"")):
        with serving(behaviour, certificate[1]) as server:
            began = time.monotonic()
            assert isinstance(client(server.base_url, 0.5).create(CLAIM), Unknown)
            assert time.monotonic() - began < 1.5


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, ssl.SSLContext]:
    """A certificate of localhost that signs itself, and a server's context with it."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = dt.datetime.now(dt.UTC)
    names = x509.SubjectAlternativeName([x509.DNSName("localhost"), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])
    signed = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(names, critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    path = tmp_path_factory.mktemp("tls") / "certificate.pem"
    secret = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    path.write_bytes(signed.public_bytes(serialization.Encoding.PEM))
    (path.parent / "key.pem").write_bytes(secret)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(path, path.parent / "key.pem")
    return path, context
