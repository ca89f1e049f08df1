"""What time it is."""

from datetime import datetime
from typing import Protocol


class Clock(Protocol):
    """The time of this machine, aware and in UTC. Leases go by the store's own clock instead."""

    def now(self) -> datetime: ...

    def sleep(self, seconds: float) -> None: ...
