"""Processes that carry the mark of a stack although nobody supervises them any more, and ending them."""

import contextlib
import signal
from collections.abc import Collection

import psutil

from signalq_billing.devstack.home import MARKER, Home
from signalq_billing.devstack.steps import StackFailed

_TERM_SECONDS = 8.0
_KILL_SECONDS = 5.0
_ROUNDS = 4


def find(home: Home) -> list[psutil.Process]:
    """Every process of the stack, with all they started, except this one and those it runs under."""
    marked = [process for process in psutil.process_iter() if _carries_mark(process, home)]
    found = {process.pid: process for process in marked}
    for process in marked:
        with contextlib.suppress(psutil.Error):
            found |= {child.pid: child for child in process.children(recursive=True)}
    own = psutil.Process()
    for relative in (own, *own.parents()):
        found.pop(relative.pid, None)
    return list(found.values())


def _carries_mark(process: psutil.Process, home: Home) -> bool:
    try:
        return process.environ().get(MARKER) == str(home.path) and process.status() != psutil.STATUS_ZOMBIE
    except (psutil.Error, OSError):
        return False


def foreign_listeners(home: Home, ports: Collection[int]) -> set[int]:
    """Those of `ports` that a process of somebody else listens on; none where the system does not tell."""
    try:
        listening = [each for each in psutil.net_connections("tcp4") if each.status == psutil.CONN_LISTEN]
    except psutil.AccessDenied:
        return set()
    heard = {each.laddr.port: each.pid for each in listening if each.laddr and each.laddr.port in ports}
    own = {process.pid for process in find(home)} if heard else set()
    return {port for port, pid in heard.items() if pid not in own}


def end(home: Home) -> int:
    """End them all: ask, wait, then kill; again for what started meanwhile. Returns how many there were.

    Raises StackFailed for processes that survive even that.
    """
    ended = 0
    for _ in range(_ROUNDS):
        strays = find(home)
        if not strays:
            return ended
        ended += len(strays)
        _end_these(strays)
    left = ", ".join(f"{process.pid} {process.name()}" for process in find(home))
    if left:
        raise StackFailed("ending the local stack", f"these processes cannot be ended: {left}")
    return ended


def _end_these(strays: list[psutil.Process]) -> None:
    for process in strays:
        with contextlib.suppress(psutil.Error):
            process.send_signal(_polite_signal(process))
    _, stubborn = psutil.wait_procs(strays, timeout=_TERM_SECONDS)
    for process in stubborn:
        with contextlib.suppress(psutil.Error):
            process.kill()
    psutil.wait_procs(stubborn, timeout=_KILL_SECONDS)


def _polite_signal(process: psutil.Process) -> signal.Signals:
    """PostgreSQL takes TERM for "when all clients have left" and INT for "now, in order"."""
    return signal.SIGINT if process.name() == "postgres" else signal.SIGTERM
