"""The guard that nothing passes, and that is looked at again while orders are sent."""

from collections.abc import Callable
from threading import Lock

from signalq_billing.domain.guards import Guards
from signalq_billing.errors import ConfigInvalid, Held
from signalq_billing.ports import Clock

_ON = "kill_switch is on in guards.yaml: nothing is sent until it is off"
_LOOK_EVERY = 2.0  # seconds


def check_kill_switch(guards: Guards) -> None:
    """Raises Held while `kill_switch` is on: nothing at all is sent."""
    if guards.kill_switch:
        raise Held(_ON)


class KillSwitch:
    """Whether `kill_switch` was switched on since a submit began; threads may share it. Once on, it stays on here."""

    def __init__(self, read: Callable[[], bool], clock: Clock) -> None:
        """`read` says what guards.yaml says at this moment; it is asked every two seconds at most. Where it raises
        ConfigInvalid no run could begin, so none goes on."""
        self._read, self._clock, self._lock = read, clock, Lock()
        self._looked_at: float | None = None
        self.reason: str | None = None

    def on(self) -> bool:
        """Whether nothing more may be sent; `reason` then says why."""
        with self._lock:
            now = self._clock.elapsed()
            if self.reason is None and (self._looked_at is None or now - self._looked_at >= _LOOK_EVERY):
                self._looked_at, self.reason = now, self._look()
            return self.reason is not None

    def _look(self) -> str | None:
        try:
            return _ON if self._read() else None
        except ConfigInvalid as error:
            return f"guards.yaml was changed while orders were sent, and cannot be read, so nothing more is: {error}"
