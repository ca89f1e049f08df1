"""One park: what it was paid over time, and what happened to its payouts."""

import datetime as dt
from collections.abc import Sequence

from sqlalchemy import Connection, func, select

from signalq_billing.adapters.postgres.states import STATE, open_orders, rank
from signalq_billing.adapters.postgres.tables import history, is_any, payout, payout_order
from signalq_billing.domain.glance import HistoryEntry, TrendPoint


def trend(connection: Connection, cadence: str, park_id: str, until: dt.date, periods: int) -> list[TrendPoint]:
    """What a park was paid for up to `periods` periods ending with `until`, the oldest first."""
    of_park = (payout.c.park_id == park_id) & (payout.c.cadence == cadence) & (payout.c.period_name <= until)
    open_order = open_orders(of_park)
    rows = connection.execute(
        select(
            payout.c.period_name,
            payout.c.currency,
            func.sum(payout.c.total).label("total"),
            func.max(payout.c.devices).label("devices"),
            func.min(rank(open_order)).label("rank"),
        )
        .outerjoin(open_order, open_order.c.payout_id == payout.c.id)
        .where(of_park, payout.c.retired_at.is_(None))
        .group_by(payout.c.period_name, payout.c.currency)
        .order_by(payout.c.period_name.desc(), payout.c.currency)
        .limit(periods)
    )
    return [TrendPoint(row.period_name, row.currency, row.total, row.devices, STATE[row.rank]) for row in rows][::-1]


def history_of(connection: Connection, payout_ids: Sequence[int], offset: int, limit: int) -> list[HistoryEntry]:
    """What happened to these payouts, the newest first."""
    rows = connection.execute(
        select(history, payout.c.revision, payout_order.c.external_ref)
        .outerjoin(payout, payout.c.id == history.c.payout_id)
        .outerjoin(payout_order, payout_order.c.id == history.c.order_id)
        .where(is_any(history.c.payout_id, payout_ids))
        .order_by(history.c.id.desc())
        .offset(offset)
        .limit(limit)
    )
    return [
        HistoryEntry(row.at, row.actor, row.action, row.revision, row.external_ref, row.why, row.data) for row in rows
    ]
