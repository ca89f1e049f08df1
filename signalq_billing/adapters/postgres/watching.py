"""The StoredWork of ports on PostgreSQL: what is late or stuck, found by the small indexes of open orders."""

import datetime as dt
from collections.abc import Sequence
from decimal import Decimal

from sqlalchemy import Engine, func, select, union
from sqlalchemy.dialects.postgresql import distinct_on

from signalq_billing.adapters.postgres import past
from signalq_billing.adapters.postgres.reading import with_orders
from signalq_billing.adapters.postgres.snapshots import bad_rows_of
from signalq_billing.adapters.postgres.tables import activity_snapshot, is_any, order_attempt, payout, payout_order
from signalq_billing.adapters.postgres.transaction import transaction
from signalq_billing.domain.progress import PaymentProgress
from signalq_billing.ports.watching import Extraction, OpenPayout, UnknownOrder


class PostgresStoredWork:
    """Reads alone; safe under a role that may only read."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def open_payouts(self) -> list[OpenPayout]:
        """Payouts with an order that is not created, the oldest period first."""
        open_orders = [
            select(payout_order.c.payout_id).where(payout_order.c.payment_progress == progress)
            for progress in (PaymentProgress.NOT_CREATED, PaymentProgress.IN_PROGRESS)
        ]
        wanted = (
            select(payout)
            .where(payout.c.id.in_(union(*open_orders)), payout.c.retired_at.is_(None))
            .order_by(payout.c.period_end, payout.c.park_id, payout.c.id)
        )
        with transaction(self._engine) as connection:
            rows = connection.execute(wanted).all()
            found = with_orders(connection, rows)
        return [OpenPayout(each, row.created_at) for each, row in zip(found, rows, strict=True)]

    def parks_stored(self, cadence: str, names: Sequence[dt.date]) -> dict[dt.date, frozenset[str]]:
        """Parks with a payout, by period."""
        wanted = select(payout.c.period_name, payout.c.park_id).where(payout.c.cadence == cadence)
        found: dict[dt.date, set[str]] = {}
        with transaction(self._engine) as connection:
            for row in connection.execute(wanted.where(is_any(payout.c.period_name, names))):
                found.setdefault(row.period_name, set()).add(row.park_id)
        return {name: frozenset(parks) for name, parks in found.items()}

    def extracted(self, cadence: str, names: Sequence[dt.date]) -> frozenset[dt.date]:
        """The periods whose activity was extracted at least once."""
        name = activity_snapshot.c.period_name
        wanted = select(name).where(activity_snapshot.c.cadence == cadence, is_any(name, names)).distinct()
        with transaction(self._engine) as connection:
            return frozenset(connection.execute(wanted).scalars())

    def unknown_orders(self, longer_than: dt.timedelta) -> list[UnknownOrder]:
        """Orders in progress for longer than that, by the database's clock, the oldest first."""
        sent_at = (
            select(func.max(order_attempt.c.claimed_at))
            .where(order_attempt.c.order_id == payout_order.c.id, order_attempt.c.purpose == "pay")
            .scalar_subquery()
        )
        since = func.coalesce(sent_at, payout_order.c.updated_at)
        wanted = (
            select(payout_order, payout.c.park_id, payout.c.cadence, payout.c.period_name, since.label("sent_at"))
            .join(payout, payout.c.id == payout_order.c.payout_id)
            .where(payout_order.c.payment_progress == PaymentProgress.IN_PROGRESS)
            .where(since <= func.clock_timestamp() - longer_than)
            .order_by(since, payout_order.c.id)
        )
        with transaction(self._engine) as connection:
            return [
                UnknownOrder(
                    *(row.park_id, row.cadence, row.period_name, row.external_ref),
                    *(row.amount, row.currency, row.sent_at, row.last_error),
                )
                for row in connection.execute(wanted)
            ]

    def extractions(self) -> list[Extraction]:
        """The newest extraction of each cadence."""
        wanted = (
            select(activity_snapshot)
            .ext(distinct_on(activity_snapshot.c.cadence))
            .order_by(activity_snapshot.c.cadence, activity_snapshot.c.id.desc())
        )
        with transaction(self._engine) as connection:
            return [
                Extraction(row.cadence, row.period_name, row.created_at, bad_rows_of(row))
                for row in connection.execute(wanted)
            ]

    def period_totals(self, cadence: str, period_name: dt.date) -> dict[tuple[str, str], Decimal]:
        """What a period pays by (park_id, currency)."""
        with transaction(self._engine) as connection:
            return past.period_totals(connection, cadence, period_name)
