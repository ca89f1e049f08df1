"""Marking orders as created after they were paid by hand: all of a file in one transaction, or none."""

import datetime as dt
import hashlib
from collections.abc import Iterable, Sequence
from decimal import Decimal
from itertools import groupby

from sqlalchemy import Connection, Select, bindparam, func, or_, select, update

from signalq_billing.adapters.postgres.history import Entry, LockedParks, lock_parks
from signalq_billing.adapters.postgres.tables import (
    DEVICE_HASH,
    StoredRow,
    is_any,
    order_attempt,
    payout,
    payout_line,
    payout_order,
)
from signalq_billing.domain.marking import Mark, MarkedBy, StoredOrder
from signalq_billing.domain.progress import PaymentProgress
from signalq_billing.errors import RegisterMismatch

_PAYOUT = [
    *(payout.c.park_id, payout.c.cadence, payout.c.period_name, payout.c.revision, payout.c.digest),
    *(payout.c.retired_at.is_not(None).label("retired"), payout.c.frozen_at),
]


def orders(connection: Connection, external_refs: Iterable[str]) -> list[StoredOrder]:
    """The orders of these keys that there are, bytewise by key."""
    return _stored(connection, _wanted(external_refs))


def mark_created(connection: Connection, marks: Sequence[Mark], by: MarkedBy) -> None:
    """Make the orders `created`, freeze their payouts, and fence off whoever may still hold a claim.

    Raises RegisterMismatch, and changes nothing, if one of them is not what it was when the mark was made.
    """
    parks = lock_parks(connection, {mark.order.park_id for mark in marks})
    # Read again under the lock, rows and all: what is seen now stays true until the commit.
    locked = _wanted(mark.order.external_ref for mark in marks).with_for_update()
    now = {each.external_ref: each for each in _stored(connection, locked)}
    if changed := [mark.order.external_ref for mark in marks if _moved(mark.order, now.get(mark.order.external_ref))]:
        raise RegisterMismatch(
            "these orders changed while the file was checked, nothing was marked; run the command again:", changed
        )
    _update(parks, marks)
    parks.append(*(_entry(mark, by) for mark in marks))


def _wanted(external_refs: Iterable[str]) -> Select[tuple[object, ...]]:
    return (
        select(payout_order, *_PAYOUT)
        .join(payout, payout.c.id == payout_order.c.payout_id)
        .where(is_any(payout_order.c.external_ref, list(external_refs)))
        .order_by(payout_order.c.external_ref)
    )


def _stored(connection: Connection, wanted: Select[tuple[object, ...]]) -> list[StoredOrder]:
    rows = connection.execute(wanted).all()
    lines = _paid_lines(connection, {row.payout_id for row in rows})
    unsure = _unsure_since(connection, [row.id for row in rows])
    now = connection.scalar(select(func.clock_timestamp()))
    assert isinstance(now, dt.datetime)
    return [_order(row, lines.get(row.payout_id, {}), unsure.get(row.id), now) for row in rows]


def _paid_lines(connection: Connection, payout_ids: Iterable[int]) -> dict[int, dict[str, Decimal]]:
    line = payout_line.c
    wanted = select(line.payout_id, line.device_id, line.amount).where(is_any(line.payout_id, payout_ids))
    paid = connection.execute(wanted.where(line.amount != 0).order_by(line.payout_id, line.line_no))
    return {
        payout_id: {row.device_id: row.amount for row in of_payout}
        for payout_id, of_payout in groupby(paid, key=lambda row: row.payout_id)
    }


def _unsure_since(connection: Connection, order_ids: Sequence[int]) -> dict[int, dt.datetime]:
    """When the last attempt to pay that had no definite answer was over, as far as anybody knows."""
    attempt = order_attempt.c
    last = func.max(func.coalesce(attempt.recorded_at, attempt.claimed_at))
    wanted = (
        select(attempt.order_id, last.label("since"))
        .where(is_any(attempt.order_id, order_ids), attempt.purpose == "pay")
        .where(or_(attempt.definite.is_(None), attempt.definite.is_(False)))
        .group_by(attempt.order_id)
    )
    return {row.order_id: row.since for row in connection.execute(wanted)}


def _order(row: StoredRow, lines: dict[str, Decimal], unsure: dt.datetime | None, now: dt.datetime) -> StoredOrder:
    under_way = row.payment_progress is PaymentProgress.IN_PROGRESS
    return StoredOrder(
        order_id=row.id,
        payout_id=row.payout_id,
        external_ref=row.external_ref,
        park_id=row.park_id,
        cadence=row.cadence,
        period=row.period_name,
        revision=row.revision,
        device_id=row.device_id,
        currency=row.currency,
        amount=row.amount,
        payment_progress=row.payment_progress,
        doc_id=row.doc_id,
        fencing=row.fencing,
        leased=under_way and row.claimed_until > now,
        uncertain=under_way or row.ambiguous,
        unsure_for=None if unsure is None else now - unsure,
        retired=row.retired,
        digest=row.digest,
        lines=lines if row.device_id is None else {row.device_id: lines[row.device_id]},
        carried=row.carried,
    )


def _moved(before: StoredOrder, now: StoredOrder | None) -> bool:
    """Whether the order is not what was looked at: gone, computed anew, claimed, recorded or retired since."""
    if now is None or now.retired or now.leased:
        return True
    told = ("order_id", "fencing", "payment_progress", "digest", "amount", "currency", "lines")
    return any(getattr(before, name) != getattr(now, name) for name in told)


def _update(parks: LockedParks, marks: Sequence[Mark]) -> None:
    created = {
        "payment_progress": PaymentProgress.CREATED,
        "doc_id": bindparam("doc"),
        "fencing": payout_order.c.fencing + 1,
        "claimed_until": None,
        "retry_at": None,
        "last_outcome": "marked_created",
        "last_error": None,
        "updated_at": parks.now,
    }
    of_mark = [{"of_order": mark.order.order_id, "doc": mark.doc_id} for mark in marks]
    marked = update(payout_order).where(payout_order.c.id == bindparam("of_order")).values(created)
    parks.connection.execute(marked, of_mark)
    payout_ids = {mark.order.payout_id for mark in marks}
    unfrozen = update(payout).where(is_any(payout.c.id, payout_ids), payout.c.frozen_at.is_(None))
    parks.connection.execute(unfrozen.values(frozen_at=parks.now, updated_at=parks.now))
    _update_lines(parks, [mark.order for mark in marks])


def _update_lines(parks: LockedParks, marked: Sequence[StoredOrder]) -> None:
    """The lines an order pays are as far as the order is."""
    line = payout_line.c
    paid = update(payout_line).values(payment_progress=PaymentProgress.CREATED, updated_at=parks.now)
    paid = paid.where(line.amount != 0)
    whole = {order.payout_id for order in marked if order.device_id is None}
    parks.connection.execute(paid.where(is_any(line.payout_id, whole)))
    single = [
        {"of_payout": order.payout_id, "device_hash": hashlib.sha256(order.device_id.encode()).digest()}
        for order in marked
        if order.device_id is not None
    ]
    if single:
        of_device = paid.where(line.payout_id == bindparam("of_payout"), bindparam("device_hash") == DEVICE_HASH)
        parks.connection.execute(of_device, single)


def _entry(mark: Mark, by: MarkedBy) -> Entry:
    order = mark.order
    data = {
        "external_ref": order.external_ref,
        "amount": format(order.amount, "f"),
        "carried": format(order.carried, "f"),
        "currency": order.currency,
        "doc_id": mark.doc_id,
        "file": by.file_name,
        "file_sha256": by.file_sha256,
        "operator": by.operator,
        "fencing": order.fencing + 1,
        "before": order.payment_progress.value,
    }
    return Entry(order.park_id, by.name, "marked_created", by.note, order.payout_id, order.order_id, data)
