"""Park configs as they are applied."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Protocol

from signalq_billing.domain.config import ParkConfig
from signalq_billing.domain.paid import ConfigSpan, PaidSpan
from signalq_billing.domain.record import AppliedVersion, SupersededVersion


class Clock(Protocol):
    """The time of this machine, aware and in UTC. Leases go by the store's own clock instead."""


class ConfigStore(Protocol):
    """Park configs as applied, append-only: a changed version supersedes, it never overwrites."""

    def current(self, park_ids: Sequence[str] | None = None) -> list[ParkConfig]:
        """Every version that stands, of all parks or of some, sorted by park (bytewise) and date."""
        ...

    def applied(self, park_ids: Sequence[str] | None = None) -> list[AppliedVersion]:
        """Every version that stands with who applied it and when, sorted by park (bytewise) and date."""
        ...

    def superseded(self, park_id: str) -> list[SupersededVersion]:
        """Every version of a park that stands no more, by date and the order they were applied in."""
        ...

    def paid_within(self, spans: Sequence[ConfigSpan]) -> list[PaidSpan]:
        """Per span with any, the claimed periods of its park that start in it; in the order of `spans`."""
        ...

    def paid_versions(self) -> set[tuple[str, date]]:
        """(park_id, effective_from) of the versions some claimed payout was computed with."""
        ...

    def apply(self, configs: Sequence[ParkConfig], actor: str) -> Mapping[str, int]:
        """Store all of them in one transaction; returns how many were `added`, `changed` and `unchanged`.

        Raises ConfigInvalid for a changed version that has been paid with.
        """
        ...
