"""Steps of starting the stack: waiting for something by really asking it, and saying what went wrong and where."""

import time
from collections.abc import Callable
from itertools import groupby
from pathlib import Path

from signalq_billing.errors import SignalqBillingError

_TAIL_LINES = 25
_DOUBT_SECONDS = 2.0


class StackFailed(SignalqBillingError):
    """A step of the local stack failed: which, why, and where its log is."""

    def __init__(self, step: str, why: str, log: Path | None = None) -> None:
        where = f"\nThe whole log: {log}" if log else ""
        super().__init__(f"{step} failed: {why}{where}")
        self.step = step


def tail(log: Path, lines: int = _TAIL_LINES) -> str:
    """The last lines of a log, indented, those that repeat only once; a remark if there are none."""
    try:
        with log.open("rb") as file:
            file.seek(max(log.stat().st_size - 32_768, 0))
            kept = [line for line, _ in groupby(file.read().decode(errors="replace").splitlines())][-lines:]
    except FileNotFoundError:
        kept = []
    return "\n".join(f"    {line}" for line in kept) or "    (its log is empty)"


def wait_for(
    step: str,
    ready: Callable[[], str | None],
    seconds: float,
    log: Callable[[], Path],
    doomed: Callable[[], bool] = lambda: False,
) -> None:
    """Ask again and again until `ready` returns None; what it returns instead is why it is not ready yet.

    Raises StackFailed when the time is up, or as soon as `doomed` says that waiting is useless.
    """
    deadline = time.monotonic() + seconds
    pause, next_doubt = 0.05, 0.0
    while (why := ready()) is not None:
        doubted = time.monotonic() >= next_doubt
        next_doubt = time.monotonic() + _DOUBT_SECONDS if doubted else next_doubt
        if doubted and doomed():
            raise StackFailed(step, f"it cannot start ({why})\n{tail(log())}", log())
        if time.monotonic() > deadline:
            raise StackFailed(step, f"not ready after {seconds:.0f} s ({why})\n{tail(log())}", log())
        time.sleep(pause)
        pause = min(pause * 1.3, 0.5)
