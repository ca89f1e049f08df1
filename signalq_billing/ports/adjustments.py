"""Differences of paid periods as they are stored."""

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Protocol

from signalq_billing.domain.adjustment import Adjusted, Retirement
from signalq_billing.domain.payout import Payout


class Clock(Protocol):
    """The time of this machine, aware and in UTC. Leases go by the store's own clock instead."""


class Adjustments(Protocol):
    """Differences of paid periods, stored as later revisions. Raises StorageUnavailable."""

    def adjust(
        self, payouts: Sequence[Payout], snapshot_id: int, actor: str, retirements: Mapping[str, Retirement] = ...
    ) -> list[Adjusted]:
        """Store what recomputed payouts pay beyond their stored revisions, each park in a transaction of its own.

        Nothing is stored where nothing differs, or a revision is not settled. `retirements` by park: payouts to
        retire first; raises Refused for one that changed since it was looked at.
        """
        ...

    def plan(self, payouts: Sequence[Payout], retirements: Mapping[str, Retirement] = ...) -> list[Adjusted]:
        """What `adjust` would do with these payouts of one period; nothing is stored."""
        ...

    def debts(self, park_ids: Iterable[str]) -> Mapping[tuple[str, str], Decimal]:
        """(park, currency): what is owed from negative adjustments, of those that owe anything."""
        ...
