"""One HTTP exchange with an end: requests bounds each wait, not their sum, and does not tell what was sent.

Connections made here know the exchange they serve: they mark the moment after which the other side may have seen
something, and are cut when the exchange's time is over, however slowly bytes drip in.
"""

import contextlib
import socket
import threading
from collections.abc import Iterator
from typing import Any

from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.util.retry import Retry

from signalq_billing.adapters.billing_orders.alarms import Alarms

_alarms = Alarms()


class Exchange:
    """One request and its answer. `sending`: bytes may have left; `expired`: it was cut for taking too long."""

    def __init__(self, seconds: float) -> None:
        self.sending = False
        self.expired = False
        self._seconds = seconds
        self._lock = threading.Lock()
        self._connected: socket.socket | None = None

    def begin_sending(self, connected: socket.socket) -> None:
        """From here on the outcome can be unknown, and the clock runs."""
        self.sending = True
        self._connected = connected
        _alarms.set(self._seconds, self._expire)

    def end(self) -> None:
        with self._lock:
            self._connected = None

    def _expire(self) -> None:
        with self._lock:
            if self._connected is None:
                return  # ended meanwhile, and the connection may serve another exchange by now
            self.expired = True
            with contextlib.suppress(OSError):
                # Of the plain class: SSLSocket's own shutdown would pull the TLS state from under a running read.
                socket.socket.shutdown(self._connected, socket.SHUT_RDWR)


_CONNECTIONS = 64  # as many as threads may share one client without dropping connections
_current = threading.local()


@contextlib.contextmanager
def exchange(seconds: float) -> Iterator[Exchange]:
    """Everything this thread sends inside belongs to one exchange of at most `seconds` from its first byte on."""
    running = Exchange(seconds)
    _current.exchange = running
    try:
        yield running
    finally:
        _current.exchange = None
        running.end()


class _Bounded(HTTPConnection):
    """Connects before it sends anything, so that what failed earlier is known to have sent nothing."""

    def request(self, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401 - urllib3's signature, passed through
        if self.is_closed:
            self.connect()
        running: Exchange | None = getattr(_current, "exchange", None)
        if running is not None:
            running.begin_sending(self.sock)
        super().request(*args, **kwargs)


class _BoundedTls(_Bounded, HTTPSConnection):
    """The same over TLS."""


class _Pool(HTTPConnectionPool):
    ConnectionCls = _Bounded


class _TlsPool(HTTPSConnectionPool):
    ConnectionCls = _BoundedTls


class BoundedTransport(HTTPAdapter):
    """A transport for requests without any retry of its own: whether to send again is not its to decide."""

    def __init__(self) -> None:
        once = Retry(total=0, connect=0, read=False, redirect=False, status=0, other=0)
        super().__init__(max_retries=once, pool_maxsize=_CONNECTIONS)

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401 - requests' signature, passed through
        super().init_poolmanager(*args, **kwargs)
        self.poolmanager.pool_classes_by_scheme = {"http": _Pool, "https": _TlsPool}

    def proxy_manager_for(self, *args: Any, **kwargs: Any) -> Any:  # noqa: ANN401 - requests' signature, passed through
        manager = super().proxy_manager_for(*args, **kwargs)
        manager.pool_classes_by_scheme = {"http": _Pool, "https": _TlsPool}
        return manager
