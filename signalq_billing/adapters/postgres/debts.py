"""What parks owe from negative adjustments: never written down, always summed up from the payouts that stand."""

from collections.abc import Sequence
from decimal import Decimal

from sqlalchemy import ColumnElement, Connection, func, not_, or_, select

from signalq_billing.adapters.postgres.tables import StoredRow, is_any, payout
from signalq_billing.domain.carrying import carried_into
from signalq_billing.domain.payout import Payout

# What debt_of in domain/carrying.py sums up, with the condition of the index payout_debt.
_OWED = func.sum(payout.c.carried - func.least(payout.c.total, 0))
_COUNTS: ColumnElement[bool] = or_(payout.c.total < 0, payout.c.carried < 0)


def carried_by(connection: Connection, computed: Payout, existing: StoredRow | None) -> Decimal:
    """What a payout about to be stored carries. Its park is locked, so that no debt is carried twice; what the
    `existing` payout that it replaces carried counts as owed again."""
    owed = debts(connection, [computed.park_id], [] if existing is None else [existing.id])
    return carried_into(computed.total, owed.get((computed.park_id, computed.currency), Decimal(0)))


def debts(
    connection: Connection, park_ids: Sequence[str], without: Sequence[int] = ()
) -> dict[tuple[str, str], Decimal]:
    """(park, currency): what is owed, of those of these parks that owe anything. The payouts `without` count as if
    they were not there."""
    owed = (
        select(payout.c.park_id, payout.c.currency, _OWED.label("owed"))
        .where(_COUNTS, payout.c.retired_at.is_(None), is_any(payout.c.park_id, park_ids))
        .where(not_(is_any(payout.c.id, without)))
        .group_by(payout.c.park_id, payout.c.currency)
        .having(_OWED > 0)
    )
    return {(row.park_id, row.currency): row.owed for row in connection.execute(owed)}
