"""Every point at which a process touches a database or a network, found by instrumentation and usable as a crash point.

No statement and no call is listed: psycopg moves every byte of a connection in `Connection.wait`, Python's HTTP clients
theirs in `socket`. What product code does tomorrow through either is a boundary by itself.
"""

import os
import signal
import socket
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import Any

import psycopg

_PRODUCT = "signalq_billing"


class Boundaries:
    """Counts the boundaries of this process, writes their names to a file, and has something happen at one of them:
    `at` counts from 1, None is never."""

    def __init__(self, trace: Path, at: int | None, happens: Callable[[], None]) -> None:
        self._trace = os.open(trace, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        self._at, self._happens, self._reached, self._lock = at, happens, 0, threading.Lock()

    def reach(self, name: str) -> None:
        """One boundary is reached. Does not return if it is the one to be killed at."""
        with self._lock:
            self._reached += 1
            os.write(self._trace, f"{name}\n".encode())
            if self._reached == self._at:
                self._happens()


def be_killed() -> None:
    """As by `kill -9`, a power cut, or a machine that runs out of memory."""
    os.kill(os.getpid(), signal.SIGKILL)


def be_stopped() -> None:
    """Until somebody sends SIGCONT: as a machine that is suspended, or a very long pause."""
    os.kill(os.getpid(), signal.SIGSTOP)


def lose_connections(database_url: str, application_name: str) -> Callable[[], None]:
    """PostgreSQL ends all connections of this process, as when it restarts."""

    def happens() -> None:
        global _current
        watching, _current = _current, None
        sql = "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE application_name = %s"
        with psycopg.connect(database_url, autocommit=True) as connection:
            connection.execute(sql, [application_name])
        _current = watching

    return happens


_current: Boundaries | None = None


def watch(boundaries: Boundaries | None) -> None:
    """From now on the boundaries of this process count in `boundaries`; with None no longer."""
    global _current
    _current = boundaries


def install() -> None:
    """Put the instrumentation in place, for ever. It does nothing until `watch`."""
    wait = psycopg.Connection.wait

    def crossing(connection: Any, generator: Any, *args: Any, **kwargs: Any) -> Any:  # noqa: ANN401
        """A wait for the database. One that waited for nothing has exchanged nothing, and is no boundary."""
        current = _current
        if current is None:
            return wait(connection, generator, *args, **kwargs)
        told, waits = f"{_database_name(generator)} in {_caller(sys._getframe(1))}", _Waits(generator)
        result: Any = wait(connection, waits, *args, **kwargs)
        if waits.count:
            current.reach(told)
        return result

    psycopg.Connection.wait = crossing  # type: ignore[assignment]
    # psycopg.connect is bound before anybody can wrap it; all of its ways go through here.
    _after(psycopg.waiting, "wait_conn", lambda *_: "connect to the database")
    _after(socket.socket, "connect", lambda *_: "connect to HTTP")
    _after(socket.socket, "sendall", lambda _, data, *__: f"send {_first_words(bytes(data))}")
    _after(socket.socket, "recv_into", lambda *_: "receive")


class _Waits:
    """One of psycopg's generators, and how often it had to wait for the server."""

    def __init__(self, generator: Any) -> None:  # noqa: ANN401 - any of psycopg's generators
        self._generator, self.count = generator, 0

    def __iter__(self) -> "_Waits":
        return self

    def __next__(self) -> Any:  # noqa: ANN401
        return self.send(None)

    def send(self, ready: Any) -> Any:  # noqa: ANN401
        wanted = self._generator.send(ready)
        self.count += 1
        return wanted

    def throw(self, *args: Any) -> Any:  # noqa: ANN401
        return self._generator.throw(*args)

    def close(self) -> None:
        self._generator.close()


def _after(owner: Any, name: str, describe: Callable[..., str]) -> None:  # noqa: ANN401 - a class or a module
    original = getattr(owner, name)

    def crossing(*args: Any, **kwargs: Any) -> Any:  # noqa: ANN401 - any signature, passed through
        current = _current
        if current is None:
            return original(*args, **kwargs)
        told = f"{describe(*args)} in {_caller(sys._getframe(1))}"
        result = original(*args, **kwargs)
        current.reach(told)
        return result

    setattr(owner, name, crossing)


def _database_name(generator: Any) -> str:  # noqa: ANN401 - any of psycopg's generators
    frame: FrameType | None = getattr(generator, "gi_frame", None)
    query = frame.f_locals.get("query") or frame.f_locals.get("statement") if frame else None
    kind = getattr(generator, "__name__", "exchange").strip("_").removesuffix("_gen")
    return f"{kind} {_first_words(query)}".rstrip()


def _first_words(text: object) -> str:
    if text is None:
        return ""
    shown = text.decode(errors="replace") if isinstance(text, bytes) else str(text)
    return " ".join(shown.split())[:60]


def _caller(frame: FrameType | None) -> str:
    """The innermost function of the product on the stack."""
    while frame is not None:
        module = frame.f_globals.get("__name__", "")
        if module.startswith(_PRODUCT):
            return f"{module.removeprefix(_PRODUCT + '.')}.{frame.f_code.co_name}"
        frame = frame.f_back
    return "nobody's code"
