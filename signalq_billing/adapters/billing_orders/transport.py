"""One request to billing-orders and one bounded answer; what went wrong is told apart by whether anything was sent."""

import ipaddress
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from http.client import HTTPException
from urllib.parse import urlencode, urlsplit

import requests
import urllib3

from signalq_billing.adapters.billing_orders.bearer import BearerAuth
from signalq_billing.adapters.billing_orders.deadline import Exchange, exchange
from signalq_billing.adapters.billing_orders.way import Way, find_way
from signalq_billing.adapters.billing_orders.wording import Wording
from signalq_billing.errors import UsageError

_CHUNK = 64 * 1024
_TRANSPORT_ERRORS = (requests.RequestException, urllib3.exceptions.HTTPError, HTTPException, OSError, ValueError)
_OUR_FAULT = (
    requests.exceptions.InvalidURL,
    requests.exceptions.MissingSchema,
    requests.exceptions.InvalidSchema,
    requests.exceptions.InvalidHeader,
)


@dataclass(frozen=True, slots=True)
class Answer:
    """A whole answer: its body was read to the announced end and is within bounds."""

    call: str
    status: int
    headers: Mapping[str, str]
    body: bytes


class NotSent(Exception):
    """Nothing left this machine: no connection came about."""


class NotSendable(Exception):
    """Nothing was sent, and nothing will be until a person mends the address, the token or the certificates."""


class NoAnswer(Exception):
    """Something was sent, and no whole answer came back."""


class Transport:
    """What goes to one billing-orders and back, with the settings of `session` and connections of its own."""

    def __init__(self, session: requests.Session, base_url: str, timeout_seconds: float) -> None:
        self._session = session
        self._base_url = base_url.rstrip("/")
        self._timeout = timeout_seconds
        if not isinstance(session.auth, BearerAuth):
            raise UsageError("billing_orders: the session has no bearer token, set its auth to BearerAuth(token)")
        self.wording = Wording(session.auth.token)
        address = urlsplit(self._base_url)
        if address.scheme not in ("http", "https") or not address.hostname or address.username or address.password:
            raise UsageError(
                "connection billing_orders: its address must be http(s)://host[:port], without credentials"
            )
        # A proxy of the environment is for the world outside; no_proxy often forgets the machine itself.
        self._proxies = {"http": "", "https": "", "all": ""} if _is_loopback(address.hostname) else {}

    def call(
        self,
        method: str,
        path: str,
        *,
        body: bytes | None = None,
        headers: Mapping[str, str | bytes] | None = None,
        query: Mapping[str, str] | None = None,
        most_bytes: int = 1 << 20,
    ) -> Answer:
        """Send once. Raises NotSent, NotSendable or NoAnswer, whose messages hold no secret."""
        name = f"{method} {path}"
        target = f"{path}?{urlencode(query)}" if query else path
        with exchange(self._timeout) as running:
            try:
                with self._way.send(method, target, headers or {}, body) as response:
                    content = _read(response, most_bytes, running)
                    return Answer(name, response.status, response.headers, content)
            except _TRANSPORT_ERRORS as error:
                raise self._failure(name, error, running) from None

    @cached_property
    def _way(self) -> Way:
        """As session and environment have it: looked up once, not for every call."""
        return find_way(self._session, self._base_url, self._timeout, dict(self._proxies))

    def _failure(self, name: str, error: Exception, running: Exchange) -> Exception:
        if running.expired:
            return NoAnswer(f"{name}: no whole answer within {self._timeout:g} s")
        why = self.wording.reason(error)
        if running.sending:
            return NoAnswer(f"{name}: the answer did not arrive whole: {why}")
        if isinstance(error, _OUR_FAULT) or _bad_certificate(error):
            return NotSendable(f"{name}: cannot be sent: {why}")
        return NotSent(f"{name}: no connection: {why}")


def _read(response: urllib3.BaseHTTPResponse, most_bytes: int, running: Exchange) -> bytes:
    """The body, decoded. Raises OSError for one that is too long, was cut for time, or cannot be decoded."""
    content = bytearray()
    while chunk := response.read(_CHUNK, decode_content=True):
        content += chunk
        if len(content) > most_bytes:
            raise OSError(f"the answer is longer than {most_bytes} bytes")
    if running.expired:
        raise OSError("cut for time")
    return bytes(content)


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")


def _bad_certificate(error: BaseException | None) -> bool:
    """Whether anything that led to `error` is a certificate that does not verify."""
    seen: set[int] = set()
    pending = [error]
    while pending:
        cause = pending.pop()
        if cause is None or id(cause) in seen:
            continue
        if isinstance(cause, ssl.SSLCertVerificationError):
            return True
        seen.add(id(cause))
        pending += [cause.__cause__, cause.__context__, *(a for a in cause.args if isinstance(a, BaseException))]
        pending.append(getattr(cause, "reason", None) if not isinstance(getattr(cause, "reason", None), str) else None)
    return False
