"""What the Payouts page reads of stored payouts: many at a glance, a few at a time."""

import datetime as dt
from collections.abc import Sequence
from decimal import Decimal
from typing import Protocol

from signalq_billing.domain.glance import (
    HistoryEntry,
    LinePage,
    LineSearch,
    ParkPage,
    ParkSearch,
    PayoutState,
    PeriodGlance,
    Revision,
    StateSum,
    TrendPoint,
)
from signalq_billing.domain.period import Period


class PayoutPages(Protocol):
    """Reads for people. Every method is one transaction that changes nothing. Raises StorageUnavailable,
    MigrationsMissing."""

    def periods(self, latest: int) -> list[PeriodGlance]:
        """The `latest` stored periods of every cadence, by cadence, the newest first."""
        ...

    def waiting(self, state: PayoutState, idle: dt.timedelta, offset: int, limit: int) -> ParkPage:
        """Payouts of any period in a state in which they wait for somebody, those first that have waited longest.
        `idle`: only what nothing has happened to for that long."""
        ...

    def waiting_heads(self, idle: dt.timedelta, limit: int) -> dict[PayoutState, ParkPage]:
        """The first `limit` of what waiting() tells, for every state in which any wait, the gravest state first."""
        ...

    def waiting_sums(self, idle: dt.timedelta) -> list[StateSum]:
        """How many payouts of any period wait in each such state, and how much money. `idle` is for those that are
        neither held, unknown nor failed."""
        ...

    def period(self, cadence: str, period_name: dt.date) -> Period | None:
        """A period as it is stored, even of a cadence gone from the configs; None if nothing is stored for it."""
        ...

    def period_sums(self, cadence: str, period_name: dt.date) -> list[StateSum]:
        """Parks and money of one period by state and currency; empty if nothing is stored for it."""
        ...

    def parks(self, cadence: str, period_name: dt.date, search: ParkSearch) -> ParkPage:
        """The parks of one period that `search` asks for."""
        ...

    def neighbours(self, cadence: str, period_name: dt.date) -> tuple[dt.date | None, dt.date | None]:
        """The stored periods right before and right after."""
        ...

    def revisions(self, cadence: str, period_name: dt.date, park_id: str, orders: int, attempts: int) -> list[Revision]:
        """A park's payouts of a period, the first one first, each with up to so many orders and attempts."""
        ...

    def lines(self, payout_id: int, standing: Sequence[int], search: LineSearch) -> LinePage:
        """The lines of a payout that `search` asks for; `standing` are the payouts that tell what each device got."""
        ...

    def trend(self, cadence: str, park_id: str, until: dt.date, periods: int) -> list[TrendPoint]:
        """What a park was paid for up to `periods` periods ending with `until`, the oldest first."""
        ...

    def debts(self, park_id: str) -> dict[str, Decimal]:
        """What a park owes from negative adjustments, by currency."""
        ...

    def history(self, payout_ids: Sequence[int], offset: int, limit: int) -> list[HistoryEntry]:
        """What happened to these payouts, the newest first."""
        ...
