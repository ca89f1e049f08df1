"""What parks owe from negative adjustments: never written down, always summed up from the payouts that stand."""

from collections.abc import Sequence
from decimal import Decimal

from sqlalchemy import ColumnElement, Connection, func, or_, select

from signalq_billing.adapters.postgres.tables import StoredRow, is_any, payout
from signalq_billing.domain.carrying import carried_into
from signalq_billing.domain.payout import Payout

# What debt_of in domain/carrying.py sums up, with the condition of the index payout_debt.
_OWED = func.sum(payout.c.carried - func.least(payout.c.total, 0))
_COUNTS: ColumnElement[bool] = or_(payout.c.total < 0, payout.c.carried < 0)


def carried_by(connection: Connection, computed: Payout, existing: StoredRow | None) -> Decimal:
    """What a payout about to be stored carries. Its park is locked, so that no debt is carried twice; what the
    `existing` payout that it replaces carried counts as owed again."""
    owed = select(func.coalesce(_OWED, 0)).where(_COUNTS, payout.c.retired_at.is_(None))
    owed = owed.where(payout.c.park_id == computed.park_id, payout.c.currency == computed.currency)
    if existing is not None:
        owed = owed.where(payout.c.id != existing.id)
    return carried_into(computed.total, Decimal(connection.scalar(owed) or 0))


def debts(connection: Connection, park_ids: Sequence[str]) -> dict[tuple[str, str], Decimal]:
    """(park, currency): what is owed, of those of these parks that owe anything."""
    owed = (
        select(payout.c.park_id, payout.c.currency, _OWED.label("owed"))
        .where(_COUNTS, payout.c.retired_at.is_(None), is_any(payout.c.park_id, park_ids))
        .group_by(payout.c.park_id, payout.c.currency)
        .having(_OWED > 0)
    )
    return {(row.park_id, row.currency): row.owed for row in connection.execute(owed)}
