"""The Adjustments of ports.py on PostgreSQL: opens the transactions; what happens in them is told in adjusting.py."""

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal

from sqlalchemy import Engine

from signalq_billing.adapters.postgres import adjusting, debts, storing, writing
from signalq_billing.adapters.postgres.transaction import transaction
from signalq_billing.domain.adjustment import Adjusted, Retirement
from signalq_billing.domain.payout import Payout

_NOBODY: Mapping[str, Retirement] = {}


class PostgresAdjustments:
    """Differences of paid periods in PostgreSQL. Safe to share between threads."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def adjust(
        self,
        payouts: Sequence[Payout],
        snapshot_id: int,
        actor: str,
        retirements: Mapping[str, Retirement] = _NOBODY,
    ) -> list[Adjusted]:
        """Store what recomputed payouts pay beyond their stored revisions, each park in a transaction of its own."""
        with transaction(self._engine) as connection:
            origin = writing.ComputedFrom(snapshot_id, storing.config_ids(connection, payouts), actor)
        done: list[Adjusted] = []
        for computed in payouts:
            with transaction(self._engine) as connection:
                done.append(adjusting.adjust(connection, computed, origin, retirements.get(computed.park_id)))
        return done

    def plan(self, payouts: Sequence[Payout], retirements: Mapping[str, Retirement] = _NOBODY) -> list[Adjusted]:
        """What `adjust` would do with these payouts of one period; nothing is stored."""
        retired = {park_id: each.payout_id for park_id, each in retirements.items()}
        with transaction(self._engine) as connection:
            return adjusting.plan(connection, payouts, retired)

    def debts(self, park_ids: Iterable[str]) -> Mapping[tuple[str, str], Decimal]:
        """(park, currency): what is owed, of those that owe anything."""
        with transaction(self._engine) as connection:
            return debts.debts(connection, list(park_ids))
