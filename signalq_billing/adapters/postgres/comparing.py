"""Reading orders to hold them against billing-orders: those of a period, those of some keys, and which periods."""

import datetime as dt
from collections.abc import Iterable

from sqlalchemy import Connection, Engine, func, select, union

from signalq_billing.adapters.postgres.tables import StoredRow, is_any, payout, payout_order
from signalq_billing.adapters.postgres.transaction import transaction
from signalq_billing.domain.discrepancy import OwnOrder
from signalq_billing.domain.progress import PaymentProgress

_OWN = [
    *(payout_order.c.external_ref, payout_order.c.device_id, payout_order.c.amount, payout_order.c.currency),
    *(payout_order.c.payment_progress, payout_order.c.doc_id, payout_order.c.last_outcome),
    *(payout.c.park_id, payout.c.revision, payout.c.retired_at),
    (payout_order.c.claimed_until > func.clock_timestamp()).label("under_way"),
]


def own_orders(connection: Connection, cadence: str, period_name: dt.date) -> list[OwnOrder]:
    """Every order of a period, retired ones too, bytewise by key."""
    wanted = select(*_OWN).join(payout, payout.c.id == payout_order.c.payout_id)
    of_period = wanted.where(payout.c.cadence == cadence, payout.c.period_name == period_name)
    return [_own(row) for row in connection.execute(of_period.order_by(payout_order.c.external_ref))]


def own_orders_named(connection: Connection, external_refs: Iterable[str]) -> list[OwnOrder]:
    """The orders of these keys that there are, of whatever period, bytewise by key."""
    wanted = select(*_OWN).join(payout, payout.c.id == payout_order.c.payout_id)
    named = wanted.where(is_any(payout_order.c.external_ref, list(external_refs)))
    return [_own(row) for row in connection.execute(named.order_by(payout_order.c.external_ref))]


def _own(row: StoredRow) -> OwnOrder:
    return OwnOrder(
        external_ref=row.external_ref,
        park_id=row.park_id,
        revision=row.revision,
        device_id=row.device_id,
        amount=row.amount,
        currency=row.currency,
        payment_progress=row.payment_progress,
        doc_id=row.doc_id,
        by_hand=row.payment_progress is PaymentProgress.CREATED and row.last_outcome == "marked_created",
        retired=row.retired_at is not None,
        under_way=bool(row.under_way),
    )


def periods_touched(connection: Connection, within: dt.timedelta | None) -> list[tuple[str, dt.date]]:
    """(cadence, name) of the periods with a payout or an order changed within that time, by the database's clock, or
    of all periods for None; the newest first."""
    touched = select(payout.c.cadence, payout.c.period_name)
    if within is None:
        found = touched.distinct().subquery()
    else:
        since = func.clock_timestamp() - within
        changed = select(payout_order.c.payout_id).where(payout_order.c.updated_at >= since)
        found = union(touched.where(payout.c.updated_at >= since), touched.where(payout.c.id.in_(changed))).subquery()
    ordered = select(found).order_by(found.c.period_name.desc(), found.c.cadence)
    return [(row.cadence, row.period_name) for row in connection.execute(ordered)]


class PostgresOrderBooks:
    """The OrderBooks of ports.py on PostgreSQL."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def own_orders(self, cadence: str, period_name: dt.date) -> list[OwnOrder]:
        """Every order of a period, retired ones too, bytewise by key."""
        with transaction(self._engine) as connection:
            return own_orders(connection, cadence, period_name)

    def own_orders_named(self, external_refs: Iterable[str]) -> list[OwnOrder]:
        """The orders of these keys that there are, bytewise by key."""
        with transaction(self._engine) as connection:
            return own_orders_named(connection, external_refs)

    def periods_touched(self, within: dt.timedelta | None) -> list[tuple[str, dt.date]]:
        """The periods changed within that time, or all of them, the newest first."""
        with transaction(self._engine) as connection:
            return periods_touched(connection, within)
