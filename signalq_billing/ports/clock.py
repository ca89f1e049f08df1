"""What time it is, and how much of it went by."""

from datetime import datetime
from typing import Protocol


class Clock(Protocol):
    """The time of this machine, aware and in UTC. Leases go by the store's own clock instead."""

    def now(self) -> datetime: ...

    def elapsed(self) -> float:
        """Seconds since some moment that stays the same, whatever the clock is set to; a machine that stands still or
        sleeps adds to them."""
        ...

    def sleep(self, seconds: float) -> None: ...
