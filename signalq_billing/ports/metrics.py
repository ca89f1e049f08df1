"""What can be seen from outside while the service works."""

from contextlib import AbstractContextManager
from typing import Protocol


class Clock(Protocol):
    """The time of this machine, aware and in UTC. Leases go by the store's own clock instead."""


class Metrics(Protocol):
    """Counters, gauges and timers, named without the `signalq_billing.` prefix."""

    def count(self, name: str, value: int = 1, **tags: str) -> None: ...

    def gauge(self, name: str, value: float, **tags: str) -> None: ...

    def timer(self, name: str, **tags: str) -> AbstractContextManager[object]: ...
