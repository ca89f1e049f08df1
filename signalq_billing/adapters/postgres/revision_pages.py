"""A park's payouts of one period with as much of them as a page shows, however many cameras the park has."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import replace
from itertools import groupby
from typing import Any

from sqlalchemy import ColumnElement, Connection, and_, collate, func, literal, or_, select

from signalq_billing.adapters.postgres.reading import line_of, order_of
from signalq_billing.adapters.postgres.records import attempt_of, without_lines
from signalq_billing.adapters.postgres.stored_text import escape
from signalq_billing.adapters.postgres.tables import (
    StoredRow,
    is_any,
    order_attempt,
    payout,
    payout_line,
    payout_order,
)
from signalq_billing.domain.glance import LineGlance, LineOrder, LinePage, LineSearch, Revision
from signalq_billing.domain.progress import OrderProgress


def revisions(
    connection: Connection, cadence: str, period_name: dt.date, park_id: str, orders: int, attempts: int
) -> list[Revision]:
    """A park's payouts of a period, the first one first, each with up to so many orders and attempts."""
    of_park = and_(payout.c.park_id == park_id, payout.c.cadence == cadence, payout.c.period_name == period_name)
    rows = connection.execute(select(payout).where(of_park).order_by(payout.c.revision)).all()
    ids = [row.id for row in rows]
    shown, counted = _orders(connection, ids, orders), _counts(connection, payout_order.c.payout_id, ids)
    eligible = _counts(connection, payout_line.c.payout_id, ids, payout_line.c.reason.is_(None))
    made = []
    for record in without_lines(connection, rows):
        payout_id = record.progress.payout_id
        progress = replace(record.progress, orders=tuple(shown.get(payout_id, ())))
        found, latest = _attempts(connection, payout_id, attempts)
        told = counted.get(payout_id, 0), eligible.get(payout_id, 0), latest, found
        made.append(Revision(replace(record, progress=progress), *told))
    return made


def lines(connection: Connection, payout_id: int, standing: Sequence[int], search: LineSearch) -> LinePage:
    """The lines of a payout that `search` asks for, and how many there are of them."""
    line = payout_line.c
    paid: ColumnElement[Any] = line.amount
    wanted = select(payout_line, func.count().over().label("found")).where(line.payout_id == payout_id)
    if list(standing) != [payout_id]:
        sums = (
            select(line.device_id, func.sum(line.amount).label("paid"))
            .where(is_any(line.payout_id, standing))
            .group_by(line.device_id)
            .subquery()
        )
        paid, wanted = sums.c.paid, wanted.join(sums, sums.c.device_id == line.device_id)
    if search.text:
        # Both lowered by the same rule, that of ASCII: other letters are found as they are written.
        text = func.lower(collate(literal(escape(search.text)), "C"))
        wanted = wanted.where(func.strpos(func.lower(line.device_id), text) > 0)
    wanted = wanted.add_columns(paid.label("paid")).order_by(*_ordering(search, paid))
    rows = connection.execute(wanted.offset(search.offset).limit(search.limit)).all()
    if not rows and search.offset:
        return LinePage((), lines(connection, payout_id, standing, replace(search, offset=0, limit=1)).found)
    return LinePage([LineGlance(line_of(row), row.paid) for row in rows], rows[0].found if rows else 0)


def _ordering(search: LineSearch, paid: ColumnElement[Any]) -> Sequence[ColumnElement[Any]]:
    line = payout_line.c
    column = {
        LineOrder.DEVICE: line.line_no,
        LineOrder.SECONDS: line.active_seconds,
        LineOrder.DAYS: line.active_days,
        LineOrder.UNITS: line.units,
        LineOrder.AMOUNT: paid,
    }[search.order]
    return [column.desc() if search.descending else column.asc(), line.line_no]


def _orders(connection: Connection, payout_ids: Sequence[int], most: int) -> dict[int, list[OrderProgress]]:
    """The first orders of each payout, and one of every state that its orders are in: the payout's own follows from
    those."""
    order = payout_order.c
    stale, failed = order.claimed_until <= func.clock_timestamp(), order.last_error.is_not(None)
    number = func.row_number().over(partition_by=order.payout_id, order_by=order.id).label("number")
    states = (order.payout_id, order.payment_progress, stale, failed)
    of_state = func.row_number().over(partition_by=states, order_by=order.id).label("of_state")
    numbered = select(order.id, number, of_state).where(is_any(order.payout_id, payout_ids)).subquery()
    wanted = (
        select(payout_order)
        .join(numbered, numbered.c.id == order.id)
        .where(or_(numbered.c.number <= most, numbered.c.of_state == 1))
        .order_by(order.payout_id, order.id)
    )
    grouped = groupby(connection.execute(wanted), key=lambda row: row.payout_id)
    return {payout_id: [order_of(row) for row in found] for payout_id, found in grouped}


def _counts(
    connection: Connection, column: ColumnElement[int], payout_ids: Sequence[int], *only: ColumnElement[bool]
) -> dict[int, int]:
    """Rows by `column`, which is the id of a payout."""
    counted = select(column.label("of_payout"), func.count().label("number")).where(is_any(column, payout_ids), *only)
    return {row.of_payout: row.number for row in connection.execute(counted.group_by(column))}


def _attempts(connection: Connection, payout_id: int, latest: int) -> tuple[int, list[Any]]:
    """How many there were, and the latest of them, the newest first."""
    wanted = (
        select(order_attempt, func.count().over().label("found"))
        .join(payout_order, payout_order.c.id == order_attempt.c.order_id)
        .where(payout_order.c.payout_id == payout_id)
        .order_by(order_attempt.c.id.desc())
        .limit(latest)
    )
    rows: Sequence[StoredRow] = connection.execute(wanted).all()
    return (rows[0].found if rows else 0), [attempt_of(row) for row in rows]
