"""Counts what is open, held and unknown. Starts from the indexes of open orders: settled ones cost nothing."""

import datetime as dt

from sqlalchemy import Connection, Engine, func, select, union_all

from signalq_billing.adapters.postgres.tables import config_version, order_attempt, payout, payout_order
from signalq_billing.adapters.postgres.transaction import transaction
from signalq_billing.domain.progress import PaymentProgress
from signalq_billing.domain.standing import OpenPayouts, Standing, UnknownOrders


class PostgresStandings:
    """The Standings port on PostgreSQL."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def standing(self) -> Standing:
        """What is open, held and unknown by the database's clock."""
        with transaction(self._engine) as connection:
            now: dt.datetime = connection.execute(select(func.clock_timestamp())).scalar_one()
            return Standing(now, _known(connection), _open(connection, now), _unknown(connection, now))


def _known(connection: Connection) -> frozenset[tuple[str, str]]:
    currency = config_version.c.body["currency"].astext
    pairs = select(config_version.c.cadence, currency.label("currency")).distinct()
    return frozenset((row.cadence, row.currency) for row in connection.execute(pairs) if row.currency)


def _open(connection: Connection, now: dt.datetime) -> tuple[OpenPayouts, ...]:
    order = payout_order.c
    open_orders = union_all(
        *(
            select(order.payout_id, order.amount).where(order.payment_progress == progress)
            for progress in (PaymentProgress.NOT_CREATED, PaymentProgress.IN_PROGRESS)
        )
    ).subquery()
    waiting = (
        select(open_orders.c.payout_id, func.sum(open_orders.c.amount).label("amount"))
        .group_by(open_orders.c.payout_id)
        .subquery()
    )
    is_held = payout.c.hold_reason.is_not(None)
    counted = (
        select(
            payout.c.cadence,
            payout.c.currency,
            is_held.label("held"),
            func.count().label("payouts"),
            func.sum(waiting.c.amount).label("amount"),
            func.min(payout.c.created_at).label("oldest"),
            func.count().filter(is_held, payout.c.hold_expires_at <= now).label("expired"),
        )
        .join(waiting, waiting.c.payout_id == payout.c.id)
        .where(payout.c.retired_at.is_(None))
        .group_by(payout.c.cadence, payout.c.currency, is_held)
    )
    return tuple(OpenPayouts(**row) for row in connection.execute(counted).mappings())


def _unknown(connection: Connection, now: dt.datetime) -> tuple[UnknownOrders, ...]:
    order = payout_order.c
    begun = (
        select(order_attempt.c.order_id, func.min(order_attempt.c.claimed_at).label("claimed_at"))
        .join(payout_order, order.id == order_attempt.c.order_id)
        .where(order.payment_progress == PaymentProgress.IN_PROGRESS, order.claimed_until <= now)
        .group_by(order_attempt.c.order_id)
        .subquery()
    )
    counted = (
        select(payout.c.cadence, func.count().label("orders"), func.min(begun.c.claimed_at).label("oldest"))
        .join(payout_order, order.payout_id == payout.c.id)
        .join(begun, begun.c.order_id == order.id)
        .where(payout.c.retired_at.is_(None))
        .group_by(payout.c.cadence)
    )
    return tuple(UnknownOrders(**row) for row in connection.execute(counted).mappings())
