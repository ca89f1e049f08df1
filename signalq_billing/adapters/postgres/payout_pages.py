"""The PayoutPages port on PostgreSQL: sorting, filtering and paging are done where the rows are."""

import datetime as dt
from collections.abc import Sequence
from decimal import Decimal

from sqlalchemy import Engine

from signalq_billing.adapters.postgres import debts, park_pages, period_pages, revision_pages, waiting_pages
from signalq_billing.adapters.postgres.transaction import transaction
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


class PostgresPayoutPages:
    """Reads of stored payouts for people."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def periods(self, latest: int) -> list[PeriodGlance]:
        """The `latest` stored periods of every cadence, by cadence, the newest first."""
        with transaction(self._engine) as connection:
            return period_pages.periods(connection, latest)

    def waiting(self, state: PayoutState, idle: dt.timedelta, offset: int, limit: int) -> ParkPage:
        """Payouts of any period that wait in a state, the longest first."""
        with transaction(self._engine) as connection:
            return waiting_pages.waiting(connection, state, idle, offset, limit)

    def waiting_heads(self, idle: dt.timedelta, limit: int) -> dict[PayoutState, ParkPage]:
        """Of every state in which payouts wait, the `limit` that have waited longest."""
        with transaction(self._engine) as connection:
            return waiting_pages.heads(connection, idle, limit)

    def waiting_sums(self, idle: dt.timedelta) -> list[StateSum]:
        """How many payouts wait in each state, and how much money."""
        with transaction(self._engine) as connection:
            return waiting_pages.sums(connection, idle)

    def period(self, cadence: str, period_name: dt.date) -> Period | None:
        """A period as it is stored; None if nothing is stored for it."""
        with transaction(self._engine) as connection:
            return period_pages.period(connection, cadence, period_name)

    def period_sums(self, cadence: str, period_name: dt.date) -> list[StateSum]:
        """Parks and money of one period by state and currency."""
        with transaction(self._engine) as connection:
            return period_pages.sums(connection, cadence, period_name)

    def parks(self, cadence: str, period_name: dt.date, search: ParkSearch) -> ParkPage:
        """The parks of one period that `search` asks for."""
        with transaction(self._engine) as connection:
            return period_pages.parks(connection, cadence, period_name, search)

    def neighbours(self, cadence: str, period_name: dt.date) -> tuple[dt.date | None, dt.date | None]:
        """The stored periods right before and right after."""
        with transaction(self._engine) as connection:
            return period_pages.neighbours(connection, cadence, period_name)

    def revisions(self, cadence: str, period_name: dt.date, park_id: str, orders: int, attempts: int) -> list[Revision]:
        """A park's payouts of a period, each with up to so many orders and attempts."""
        with transaction(self._engine) as connection:
            return revision_pages.revisions(connection, cadence, period_name, park_id, orders, attempts)

    def lines(self, payout_id: int, standing: Sequence[int], search: LineSearch) -> LinePage:
        """The lines of a payout that `search` asks for."""
        with transaction(self._engine) as connection:
            return revision_pages.lines(connection, payout_id, standing, search)

    def trend(self, cadence: str, park_id: str, until: dt.date, periods: int) -> list[TrendPoint]:
        """What a park was paid for up to `periods` periods, the oldest first."""
        with transaction(self._engine) as connection:
            return park_pages.trend(connection, cadence, park_id, until, periods)

    def debts(self, park_id: str) -> dict[str, Decimal]:
        """What a park owes, by currency."""
        with transaction(self._engine) as connection:
            found = debts.debts(connection, [park_id])
            return {currency: owed for (_, currency), owed in found.items()}

    def history(self, payout_ids: Sequence[int], offset: int, limit: int) -> list[HistoryEntry]:
        """What happened to these payouts, the newest first."""
        with transaction(self._engine) as connection:
            return park_pages.history_of(connection, payout_ids, offset, limit)
