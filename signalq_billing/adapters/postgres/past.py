"""What guards ask about the past: settled periods of parks, the sums of a run, config versions. Each is a statement
or two, however many parks there are and however long they have been paid."""

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import replace
from decimal import Decimal
from itertools import groupby
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, and_, exists, func, select, true
from sqlalchemy.dialects.postgresql import aggregate_order_by
from sqlalchemy.sql.selectable import LateralFromClause

from signalq_billing.adapters.postgres.tables import StoredRow, config_version, is_any, payout, payout_order
from signalq_billing.domain.config import ParkConfig
from signalq_billing.domain.config_body import from_body
from signalq_billing.domain.payment_history import PastPeriod, PaymentHistory
from signalq_billing.domain.progress import PaymentProgress

_judged, _earlier = payout.alias("judged"), payout.alias("earlier")


def payment_histories(connection: Connection, payout_ids: Sequence[int], periods: int) -> list[PaymentHistory]:
    """Per payout, up to `periods` settled periods of its park and cadence before it, and the latest that was paid.

    Left out: payouts that adjust another revision, for they are differences; and ids that are gone.
    """
    found = [_history(list(rows)) for _, rows in groupby(connection.execute(_with_past(payout_ids, periods)), _id)]
    # Paid in another cadence, or longer ago than was asked for: few parks, so only these are looked up.
    unpaid = [each.payout_id for each in found if each.last_paid is None]
    paid = {row.id: _past(row) for row in connection.execute(_last_paid(unpaid))} if unpaid else {}
    return [replace(each, last_paid=each.last_paid or paid.get(each.payout_id)) for each in found]


def period_totals(connection: Connection, cadence: str, period_name: dt.date) -> dict[tuple[str, str], Decimal]:
    """What the period pays by park and currency: sums over revisions, retired ones left out."""
    rows = connection.execute(
        select(payout.c.park_id, payout.c.currency, func.sum(payout.c.total).label("total"))
        .where(payout.c.cadence == cadence, payout.c.period_name == period_name, payout.c.retired_at.is_(None))
        .group_by(payout.c.park_id, payout.c.currency)
    )
    return {(row.park_id, row.currency): row.total for row in rows}


def config_versions(connection: Connection, ids: Iterable[int]) -> dict[int, ParkConfig]:
    """Stored config versions by id, those that another one has superseded among them."""
    wanted = select(config_version.c.id, config_version.c.body).where(is_any(config_version.c.id, ids))
    return {row.id: from_body(row.body) for row in connection.execute(wanted)}


def _with_past(payout_ids: Sequence[int], periods: int) -> Select[*tuple[Any, ...]]:
    """A row per payout and period before it; one with nulls for a payout with none."""
    before = _before(periods)
    return (
        select(*_of_judged(), before)
        .select_from(_judged.outerjoin(before, true()))
        .where(is_any(_judged.c.id, payout_ids), ~_adjusts())
        .order_by(_judged.c.id, before.c.period_name.desc())
    )


def _of_judged() -> list[ColumnElement[object]]:
    return [
        _judged.c.id,
        _judged.c.currency.label("judged_currency"),
        _judged.c.total.label("judged_total"),
        _judged.c.paid_devices.label("judged_devices"),
        _judged.c.config_version_id.label("judged_version"),
    ]


def _adjusts() -> ColumnElement[bool]:
    """An earlier revision stands; a retired one does not, so that the next revision is the payout itself."""
    other = payout.alias("other")
    same = and_(*(other.c[name] == _judged.c[name] for name in ("park_id", "cadence", "period_name")))
    return exists().where(same, other.c.revision < _judged.c.revision, other.c.retired_at.is_(None))


def _before(periods: int) -> LateralFromClause:
    """The latest settled periods of the judged payout's park and cadence: read backwards out of the key's index."""
    # Both sorted as the index is: sorted otherwise, every period of the park would be read.
    latest = _earlier.c.revision.desc()
    return (
        select(
            _earlier.c.period_name,
            func.min(_earlier.c.cadence).label("cadence"),
            func.min(_earlier.c.currency).label("currency"),
            func.sum(_earlier.c.total).label("total"),
            func.array_agg(aggregate_order_by(_earlier.c.paid_devices, latest))[func.count()].label("paid_devices"),
            func.array_agg(aggregate_order_by(_earlier.c.config_version_id, latest))[1].label("version_id"),
        )
        .where(_earlier.c.park_id == _judged.c.park_id, _earlier.c.cadence == _judged.c.cadence)
        .where(_earlier.c.period_name < _judged.c.period_name, *_settled())
        .group_by(_earlier.c.period_name)
        .order_by(_earlier.c.period_name.desc())
        .limit(periods)
        .lateral("before")
    )


def _settled() -> list[ColumnElement[bool]]:
    """Stands, and none of its orders is open: two lookups in the small indexes of open orders."""
    of_payout = payout_order.c.payout_id == _earlier.c.id
    open_orders = [
        exists().where(of_payout, payout_order.c.payment_progress == progress)
        for progress in (PaymentProgress.NOT_CREATED, PaymentProgress.IN_PROGRESS)
    ]
    return [_earlier.c.retired_at.is_(None), *(~each for each in open_orders)]


def _last_paid(payout_ids: Sequence[int]) -> Select[*tuple[Any, ...]]:
    columns = ("cadence", "period_name", "currency", "total", "paid_devices")
    before = (
        select(*(_earlier.c[name] for name in columns), _earlier.c.config_version_id.label("version_id"))
        .where(_earlier.c.park_id == _judged.c.park_id, _earlier.c.period_start < _judged.c.period_start)
        .where(_earlier.c.total > 0, *_settled())
        .order_by(_earlier.c.period_start.desc(), _earlier.c.revision.desc())
        .limit(1)
        .lateral("before")
    )
    return (
        select(_judged.c.id, before).select_from(_judged.join(before, true())).where(is_any(_judged.c.id, payout_ids))
    )


def _id(row: StoredRow) -> int:
    payout_id: int = row.id
    return payout_id


def _history(rows: Sequence[StoredRow]) -> PaymentHistory:
    of_payout = rows[0]
    past = tuple(_past(row) for row in rows if row.period_name is not None)
    return PaymentHistory(
        *(of_payout.id, of_payout.judged_currency, of_payout.judged_total),
        *(of_payout.judged_devices, of_payout.judged_version),
        past=past,
        last_paid=next((each for each in past if each.total > 0), None),
    )


def _past(row: StoredRow) -> PastPeriod:
    return PastPeriod(row.cadence, row.period_name, row.currency, row.total, row.paid_devices, row.version_id)
