"""What waits for somebody, of whatever period: found by open orders alone, however many payouts are settled."""

import datetime as dt
from itertools import groupby

from sqlalchemy import CTE, Connection, Select, and_, func, or_, select

from signalq_billing.adapters.postgres.period_pages import glance_of
from signalq_billing.adapters.postgres.states import RANK, STATE, open_orders, rank
from signalq_billing.adapters.postgres.tables import payout
from signalq_billing.domain.glance import ParkPage, PayoutState, StateSum

_FOUND_AT_ONCE = (PayoutState.HELD, PayoutState.UNKNOWN, PayoutState.FAILED)


def waiting(connection: Connection, state: PayoutState, idle: dt.timedelta, offset: int, limit: int) -> ParkPage:
    """Payouts in `state`, those first that have waited longest."""
    found = _open_payouts(idle)
    rows = connection.execute(
        select(found, func.count().over().label("found"))
        .where(found.c.rank == RANK[state])
        .order_by(found.c.since, found.c.park_id, found.c.revision)
        .offset(offset)
        .limit(limit)
    ).all()
    return ParkPage([glance_of(row) for row in rows], rows[0].found if rows else 0)


def heads(connection: Connection, idle: dt.timedelta, limit: int) -> dict[PayoutState, ParkPage]:
    """Of every state in which payouts wait, the `limit` that have waited longest; found in one go for all states."""
    found = _open_payouts(idle)
    order = (found.c.since, found.c.park_id, found.c.revision)
    numbered = select(
        found,
        func.count().over(partition_by=found.c.rank).label("found"),
        func.row_number().over(partition_by=found.c.rank, order_by=order).label("number"),
    ).cte("numbered")
    rows = connection.execute(
        select(numbered).where(numbered.c.number <= limit).order_by(numbered.c.rank, numbered.c.number)
    )
    pages = ((STATE[place], list(shown)) for place, shown in groupby(rows, key=lambda row: row.rank))
    return {state: ParkPage([glance_of(row) for row in shown], shown[0].found) for state, shown in pages}


def sums(connection: Connection, idle: dt.timedelta) -> list[StateSum]:
    """How many payouts wait in each state, and how much money."""
    found = _open_payouts(idle)
    rows = connection.execute(
        select(found.c.rank, found.c.currency, func.count().label("parks"), func.sum(found.c.total).label("total"))
        .group_by(found.c.rank, found.c.currency)
        .order_by(found.c.rank, found.c.currency)
    )
    return [StateSum(STATE[row.rank], row.currency, row.parks, row.total) for row in rows]


def _open_payouts(idle: dt.timedelta) -> CTE:
    """Open payouts with their money that is not created yet; the merely unfinished ones once they are idle."""
    open_order = open_orders()
    since = func.coalesce(payout.c.held_at, open_order.c.touched_at)
    payouts: Select[*tuple[object, ...]] = select(
        *(payout.c[name] for name in ("park_id", "cadence", "period_name", "timezone", "currency", "revision")),
        *(payout.c.devices, payout.c.paid_devices),
        open_order.c.open_amount.label("total"),
        rank(open_order).label("rank"),
        since.label("since"),
        payout.c.hold_expires_at.label("expires_at"),
        func.coalesce(payout.c.hold_reason, open_order.c.last_error).label("problem"),
    ).join(open_order, open_order.c.payout_id == payout.c.id)
    found = payouts.where(payout.c.retired_at.is_(None)).cte("open_payouts")
    at_once = [found.c.rank == RANK[state] for state in _FOUND_AT_ONCE]
    long_ago = and_(found.c.rank == RANK[PayoutState.NOT_CREATED], found.c.since <= func.clock_timestamp() - idle)
    return select(found).where(or_(*at_once, long_ago)).cte("waiting")
