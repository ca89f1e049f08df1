"""The way to one address as a session and the environment have it: connections, proxies, certificates, token. requests
works it out once; what is sent then goes straight through its connections, for preparing each cost as much as sending.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import requests
import urllib3
from requests.utils import check_header_validity

from signalq_billing.adapters.billing_orders.deadline import BoundedTransport

_HEADERS = {"Accept": "application/json", "Accept-Encoding": "identity"}


@dataclass(frozen=True, slots=True)
class Way:
    """Connections to one address, how everything asked for there begins, and the headers of every request."""

    pool: urllib3.HTTPConnectionPool
    address: str  # its path, or all of it for a proxy
    headers: Mapping[str, str]
    once: urllib3.Retry
    timeout: urllib3.Timeout

    def send(
        self, method: str, path: str, headers: Mapping[str, str | bytes], body: bytes | None
    ) -> urllib3.BaseHTTPResponse:
        """Send once; nobody has read the answer's body yet. Raises what urllib3 does, and requests' InvalidHeader."""
        for header in headers.items():
            check_header_validity(header)  # type: ignore[type-var]  # it looks at name and value one by one
        return self.pool.urlopen(
            method,
            self.address + path,
            body,
            {**self.headers, **headers},  # type: ignore[dict-item]  # bytes are sent as they are
            retries=self.once,
            redirect=False,
            assert_same_host=False,
            timeout=self.timeout,
            preload_content=False,
            decode_content=False,
        )


def find_way(session: requests.Session, base_url: str, timeout_seconds: float, proxies: dict[str, str]) -> Way:
    """Opens no connection. Raises requests' InvalidURL; OSError where the environment names certificates that are not
    there."""
    transport = BoundedTransport()
    given: dict[str, Any] = {
        **session.merge_environment_settings(base_url, proxies, stream=True, verify=None, cert=None)
    }
    verify, cert, through = given["verify"], given["cert"], given["proxies"]
    request = session.prepare_request(requests.Request("GET", base_url, _HEADERS))
    try:
        pool: Any = transport.get_connection_with_tls_context(request, verify, proxies=through, cert=cert)
    except urllib3.exceptions.LocationValueError as error:
        raise requests.exceptions.InvalidURL(error, request=request) from error
    transport.cert_verify(pool, request.url, verify, cert)  # type: ignore[no-untyped-call]
    return Way(
        pool=pool,
        address=transport.request_url(request, through).rstrip("/"),
        headers={**request.headers},
        once=transport.max_retries,
        timeout=urllib3.Timeout(connect=timeout_seconds, read=timeout_seconds),
    )
