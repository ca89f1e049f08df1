"""Where camera activity comes from."""

from collections.abc import Iterator
from datetime import datetime
from typing import Protocol

from signalq_billing.domain.activity import ActivityRequest, ActivitySnapshot, ParkActivity
from signalq_billing.domain.device_history import DeviceHistory
from signalq_billing.domain.period import Period


class Clock(Protocol):
    """The time of this machine, aware and in UTC. Leases go by the store's own clock instead."""


class ActivitySource(Protocol):
    """Where camera activity comes from. Raises SourceUnavailable and SourceInvalid."""

    def ping(self) -> None:
        """Returns if the source can be read at all."""
        ...

    def watermark(self, clock: datetime) -> datetime | None:
        """The instant up to which the replica is complete; None for a source without a single good row."""
        ...

    def extract(self, request: ActivityRequest) -> ActivitySnapshot:
        """Compute activity where the data is, into a result table of its own, from one state of the source."""
        ...

    def read(self, result_table: str, period: Period) -> Iterator[ParkActivity]:
        """The parks of a result table, one after another, sorted bytewise; parks without activity are not in it."""
        ...

    def discard(self, result_table: str) -> None:
        """Remove a result table; one that is gone already is no error."""
        ...

    def history(self, device_id: str, period: Period, clock: datetime) -> DeviceHistory:
        """Everything the source says about one device around `period`, from one state of the source. Leaves nothing
        behind. `clock` is the run's: rows later than it by more than an hour are bad. Raises UsageError for an id
        that is not text."""
        ...
