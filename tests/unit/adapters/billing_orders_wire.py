"""A server of bare sockets for tests of the billing-orders adapter: whatever bytes a test wants, when it wants them."""

import json
import socket
import ssl
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

Behaviour = Callable[[socket.socket], None]


@dataclass
class WireServer:
    """One listening socket; every connection is served by `behaviour`, one request after another."""

    behaviour: Behaviour
    tls: ssl.SSLContext | None = None
    requests: list[bytes] = field(default_factory=list)
    connections: int = 0

    def __post_init__(self) -> None:
        self._listening = socket.create_server(("127.0.0.1", 0))
        self._thread = threading.Thread(target=self._accept, daemon=True)
        self._thread.start()

    @property
    def port(self) -> int:
        return int(self._listening.getsockname()[1])

    @property
    def base_url(self) -> str:
        return (
            f"{'https' if self.tls else 'http'}://localhost:{self.port}"
            if self.tls
            else f"http://127.0.0.1:{self.port}"
        )

    def close(self) -> None:
        with suppress(OSError):
            self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()
        self._thread.join(timeout=5)

    def _accept(self) -> None:
        while True:
            try:
                connected, _ = self._listening.accept()
            except OSError:
                return
            self.connections += 1
            threading.Thread(target=self._serve, args=(connected,), daemon=True).start()

    def _serve(self, connected: socket.socket) -> None:
        with suppress(OSError):
            if self.tls is not None:
                connected = self.tls.wrap_socket(connected, server_side=True)
            while (request := read_request(connected)) is not None:
                self.requests.append(request)
                self.behaviour(connected)
        connected.close()


def read_request(connected: socket.socket) -> bytes | None:
    """One request with its body; None when the client is gone."""
    data = b""
    while b"\r\n\r\n" not in data:
        if not (chunk := connected.recv(65536)):
            return None
        data += chunk
    head, _, body = data.partition(b"\r\n\r\n")
    length = next((int(line[15:]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:")), 0)
    while len(body) < length:
        body += connected.recv(65536)
    return head + b"\r\n\r\n" + body


@contextmanager
def serving(behaviour: Behaviour, tls: ssl.SSLContext | None = None) -> Iterator[WireServer]:
    server = WireServer(behaviour, tls)
    try:
        yield server
    finally:
        server.close()


def raw(answer: bytes, close: bool = True) -> Behaviour:
    """Send these bytes, then close."""

    def behave(connected: socket.socket) -> None:
        connected.sendall(answer)
        if close:
            connected.shutdown(socket.SHUT_RDWR)

    return behave


def dripping(answer: bytes, first: int, seconds: float = 0.05) -> Behaviour:
    """Send `first` bytes at once and the others one by one."""

    def behave(connected: socket.socket) -> None:
        connected.sendall(answer[:first])
        for index in range(first, len(answer)):
            threading.Event().wait(seconds)
            connected.sendall(answer[index : index + 1])

    return behave


def endless(head: bytes, block: bytes) -> Behaviour:
    def behave(connected: socket.socket) -> None:
        connected.sendall(head)
        while True:
            connected.sendall(block)

    return behave


def reset(connected: socket.socket) -> None:
    """Close with a TCP reset."""
    connected.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connected.close()


def answer(status: int, body: bytes | object = b"", *headers: str, close: bool = False) -> bytes:
    """A well-formed answer; `body` is bytes or becomes JSON."""
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    lines = [f"HTTP/1.1 {status} Whatever", f"Content-Length: {len(content)}", *headers]
    if close:
        lines.append("Connection: close")
    return "\r\n".join([*lines, "", ""]).encode("latin-1") + content


def answering(status: int, body: bytes | object = b"", *headers: str) -> Behaviour:
    return raw(answer(status, body, *headers), close=False)
