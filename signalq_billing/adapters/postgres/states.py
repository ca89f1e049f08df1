"""How far payouts are, as SQL: one row of states per payout, found by the small indexes of open orders."""

from sqlalchemy import CTE, ColumnElement, Select, String, and_, case, cast, func, or_, select

from signalq_billing.adapters.postgres.tables import payout, payout_order
from signalq_billing.domain.glance import PayoutState
from signalq_billing.domain.progress import PaymentProgress

_NOT_CREATED = payout_order.c.payment_progress == PaymentProgress.NOT_CREATED
_IN_PROGRESS = payout_order.c.payment_progress == PaymentProgress.IN_PROGRESS

RANK = {state: number for number, state in enumerate(PayoutState)}
STATE = tuple(PayoutState)


def open_orders(of: ColumnElement[bool] | None = None) -> CTE:
    """Per payout with an order that is not created: what is open about it. `of` is a condition on payouts."""
    stale = and_(_IN_PROGRESS, payout_order.c.claimed_until <= func.clock_timestamp())
    error = cast(payout_order.c.last_error, String)
    wanted: Select[*tuple[object, ...]] = select(
        payout_order.c.payout_id,
        func.bool_or(stale).label("unknown"),
        func.bool_or(and_(_NOT_CREATED, payout_order.c.last_error.is_not(None))).label("failed"),
        func.bool_or(_NOT_CREATED).label("not_created"),
        func.max(payout_order.c.updated_at).label("touched_at"),
        func.sum(payout_order.c.amount).label("open_amount"),
        func.max(error).label("last_error"),
    ).where(or_(_NOT_CREATED, _IN_PROGRESS))
    if of is not None:
        wanted = wanted.join(payout, payout.c.id == payout_order.c.payout_id).where(of)
    return wanted.group_by(payout_order.c.payout_id).cte("open_orders")


def rank(open_order: CTE) -> ColumnElement[int]:
    """The state of a payout outer-joined with `open_order`, as its rank: the smaller, the more urgent."""
    is_open = open_order.c.payout_id.is_not(None)
    return case(
        (payout.c.retired_at.is_not(None), RANK[PayoutState.RETIRED]),
        (payout.c.total + payout.c.carried <= 0, RANK[PayoutState.ZERO]),
        (and_(is_open, payout.c.hold_reason.is_not(None)), RANK[PayoutState.HELD]),
        (open_order.c.unknown, RANK[PayoutState.UNKNOWN]),
        (open_order.c.failed, RANK[PayoutState.FAILED]),
        (open_order.c.not_created, RANK[PayoutState.NOT_CREATED]),
        (is_open, RANK[PayoutState.IN_PROGRESS]),
        else_=RANK[PayoutState.CREATED],
    )
