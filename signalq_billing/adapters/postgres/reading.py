"""Reading progress back: payouts with their orders, their lines, and what reconcile should go on with."""

import datetime as dt
from collections.abc import Iterable, Iterator, Sequence
from fractions import Fraction
from itertools import groupby

from sqlalchemy import Connection, LargeBinary, Select, and_, case, cast, func, or_, select, text, union_all

from signalq_billing.adapters.postgres.tables import StoredRow, is_any, payout, payout_line, payout_order
from signalq_billing.domain.payout import PayoutLine
from signalq_billing.domain.progress import Hold, OrderProgress, PaymentProgress, PayoutProgress, Release

_NOW = func.clock_timestamp()
_PAYOUTS_AT_ONCE = 200
_order = payout_order.c
# What order_of reads: an order's payload is long, and whoever only asks how far it is does not look at it.
_OF_ORDER = (
    *(_order.payout_id, _order.id, _order.external_ref, _order.device_id, _order.amount, _order.payment_progress),
    *(_order.attempts, _order.doc_id, _order.last_error, _order.claimed_until, _order.retry_at, _order.ambiguous),
    _order.carried,
)

# As bytes: what is stored of an id is escaped, and sorts otherwise.
IN_ORDER = (
    cast(payout.c.cadence, LargeBinary),
    payout.c.period_name,
    cast(payout.c.park_id, LargeBinary),
    payout.c.revision,
)


def payouts(
    connection: Connection,
    cadence: str | None = None,
    period_name: dt.date | None = None,
    park_ids: Sequence[str] | None = None,
) -> list[PayoutProgress]:
    """Payouts sorted by cadence, period, park (bytewise) and revision."""
    wanted = select(payout)
    if cadence is not None:
        wanted = wanted.where(payout.c.cadence == cadence)
    if period_name is not None:
        wanted = wanted.where(payout.c.period_name == period_name)
    if park_ids is not None:
        wanted = wanted.where(is_any(payout.c.park_id, park_ids))
    found = with_orders(connection, connection.execute(wanted).all())
    return sorted(
        found, key=lambda each: (each.cadence.encode(), each.period_name, each.park_id.encode(), each.revision)
    )


def of_one_state(connection: Connection) -> None:
    """Let all that this transaction reads be of one moment. Before its first statement, and only for reading."""
    connection.execute(text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY"))


def each_payout(connection: Connection, cadence: str | None, period_name: dt.date | None) -> Iterator[PayoutProgress]:
    """What `payouts` gives, in the same order, some at a time."""
    wanted = select(payout)
    if cadence is not None:
        wanted = wanted.where(payout.c.cadence == cadence)
    if period_name is not None:
        wanted = wanted.where(payout.c.period_name == period_name)
    found = connection.execute(wanted.order_by(*IN_ORDER), execution_options={"yield_per": _PAYOUTS_AT_ONCE})
    for rows in found.partitions():
        yield from with_orders(connection, rows)


def unfinished(connection: Connection, limit: int) -> list[PayoutProgress]:
    """Payouts with an order to send or to ask about: those never tried first, oldest period in front, then those tried
    longest ago, so that many that stay unknown keep nobody waiting. Of held ones only those to ask about."""
    order = payout_order.c
    due_order = (order.payout_id, order.attempts, order.updated_at)
    to_send = (
        select(*due_order)
        .join(payout, and_(payout.c.id == order.payout_id, payout.c.hold_reason.is_(None)))
        .where(order.payment_progress == PaymentProgress.NOT_CREATED)
        .where(or_(order.retry_at.is_(None), order.retry_at <= _NOW))
    )
    to_ask = select(*due_order).where(
        order.payment_progress == PaymentProgress.IN_PROGRESS, order.claimed_until <= _NOW
    )
    orders = union_all(to_send, to_ask).subquery()
    tried_at = func.min(case((orders.c.attempts > 0, orders.c.updated_at)))
    untried = func.bool_or(orders.c.attempts == 0)
    due = (
        select(orders.c.payout_id, case((untried, None), else_=tried_at).label("tried_at"))
        .group_by(orders.c.payout_id)
        .subquery()
    )
    wanted = (
        select(payout)
        .join(due, due.c.payout_id == payout.c.id)
        .where(payout.c.retired_at.is_(None))
        .order_by(due.c.tried_at.nulls_first(), payout.c.period_end, payout.c.id)
        .limit(limit)
    )
    return with_orders(connection, connection.execute(wanted).all())


def lines(connection: Connection, payout_id: int) -> list[PayoutLine]:
    """The lines of one payout, bytewise by device."""
    wanted = select(payout_line).where(payout_line.c.payout_id == payout_id).order_by(payout_line.c.line_no)
    return [line_of(row) for row in connection.execute(wanted)]


def line_of(row: StoredRow) -> PayoutLine:
    """A stored line as a value."""
    return PayoutLine(
        device_id=row.device_id,
        active_seconds=row.active_seconds,
        active_days=row.active_days,
        units=Fraction(row.units_exact),
        amount=row.amount,
        reason=row.reason,
        day_seconds=tuple(row.day_seconds),
    )


def with_orders(connection: Connection, rows: Sequence[StoredRow]) -> list[PayoutProgress]:
    """Payout rows as progress, each with its orders, in the order of `rows`."""
    ids = [row.id for row in rows]
    wanted: Select[tuple[object, ...]] = (
        select(*_OF_ORDER)
        .where(is_any(payout_order.c.payout_id, ids))
        .order_by(payout_order.c.payout_id, payout_order.c.id)
    )
    grouped = groupby(connection.execute(wanted), key=lambda order: order.payout_id)
    orders = {payout_id: [order_of(row) for row in of_payout] for payout_id, of_payout in grouped}
    return [progress_of(row, orders.get(row.id, ())) for row in rows]


def progress_of(row: StoredRow, orders: Iterable[OrderProgress]) -> PayoutProgress:
    """A stored payout as a value."""
    return PayoutProgress(
        payout_id=row.id,
        park_id=row.park_id,
        cadence=row.cadence,
        period_name=row.period_name,
        revision=row.revision,
        currency=row.currency,
        total=row.total,
        devices=row.devices,
        reason=row.reason,
        hold_reason=row.hold_reason,
        orders=tuple(orders),
        approved=row.released_at is not None and row.hold_payload_hash == row.digest,
        carried=row.carried,
        retired=row.retired_at is not None,
        digest=row.digest,
        hold=_hold(row),
        release=None if row.released_at is None else Release(row.released_at, row.released_by, row.release_note),
    )


def _hold(row: StoredRow) -> Hold | None:
    if row.hold_reason is None:
        return None
    return Hold(row.held_at, row.hold_expires_at or row.held_at, outdated=row.hold_payload_hash != row.digest)


def order_of(row: StoredRow) -> OrderProgress:
    """A stored order as a value."""
    return OrderProgress(
        order_id=row.id,
        external_ref=row.external_ref,
        device_id=row.device_id,
        amount=row.amount,
        payment_progress=row.payment_progress,
        attempts=row.attempts,
        doc_id=row.doc_id,
        last_error=row.last_error,
        claimed_until=row.claimed_until,
        retry_at=row.retry_at,
        ambiguous=row.ambiguous,
        carried=row.carried,
    )
