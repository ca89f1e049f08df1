"""A real receiver of webhooks on this machine, which remembers what it was told and can be told to fail."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass
class Received:
    """One call: where, with which headers, and its JSON."""

    path: str
    headers: dict[str, str]
    body: dict[str, Any]


@dataclass
class Receiver:
    """Answers every POST with `status`."""

    port: int = 0
    status: int = 204
    received: list[Received] = field(default_factory=list)

    @property
    def texts(self) -> list[str]:
        return [str(each.body["text"]) for each in self.received]

    def connection(self, **extra: object) -> dict[str, object]:
        """An Airflow connection to it, with a token as password and a path that is a secret."""
        return {
            "conn_type": "http",
            "schema": "http",
            "host": "127.0.0.1",
            "port": self.port,
            "password": "token-of-the-webhook",
            "extra": json.dumps({"path": "/services/secret-path", **extra}),
        }


@contextmanager
def receiving() -> Iterator[Receiver]:
    """A receiver on a port of its own."""
    receiver = Receiver()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            receiver.received.append(Received(self.path, dict(self.headers), body))
            self.send_response(receiver.status)
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    receiver.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield receiver
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
