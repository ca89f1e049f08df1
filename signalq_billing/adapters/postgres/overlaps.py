"""Naming whose period a refused payout runs into."""

import psycopg
from sqlalchemy import Connection, select
from sqlalchemy.exc import IntegrityError

from signalq_billing.adapters.postgres.tables import payout
from signalq_billing.domain.payout import Payout


def is_overlap(error: IntegrityError) -> bool:
    """Whether the database refused a second first revision for part of a period."""
    return isinstance(error.orig, psycopg.errors.ExclusionViolation)


def describe(connection: Connection, computed: Payout) -> str:
    """In words: which payouts the computed one overlaps with, and what to do."""
    period = computed.period
    rows = connection.execute(
        select(payout.c.cadence, payout.c.period_name, payout.c.period_start, payout.c.period_end)
        .where(payout.c.park_id == computed.park_id, payout.c.revision == 1)
        .where(payout.c.period_start < period.end, payout.c.period_end > period.start)
        .order_by(payout.c.period_start)
    )
    others = ", ".join(f"{row.cadence} {row.period_name} ({row.period_start} to {row.period_end})" for row in rows)
    return (
        f"park {computed.park_id}: {period} ({period.start} to {period.end}) overlaps with "
        f"{others or 'another payout'}, which is stored already: no time is paid twice. "
        f"Check the cadence of the park's config versions"
    )
