"""Naming whose period a refused payout runs into."""

from collections.abc import Sequence
from itertools import groupby

import psycopg
from sqlalchemy import Connection, or_, select
from sqlalchemy.exc import IntegrityError

from signalq_billing.adapters.postgres.tables import StoredRow, is_any, payout
from signalq_billing.domain.payout import Payout
from signalq_billing.domain.period import Period


def is_overlap(error: IntegrityError) -> bool:
    """Whether the database refused a second first revision for part of a period."""
    return isinstance(error.orig, psycopg.errors.ExclusionViolation)


def in_the_way(connection: Connection, period: Period, park_ids: Sequence[str]) -> list[StoredRow]:
    """First revisions of these parks over part of `period`, but with other bounds; by park and time."""
    return list(
        connection.execute(
            select(payout)
            .where(is_any(payout.c.park_id, park_ids), payout.c.revision == 1)
            .where(payout.c.period_start < period.end, payout.c.period_end > period.start)
            .where(or_(payout.c.period_start != period.start, payout.c.period_end != period.end))
            .order_by(payout.c.park_id, payout.c.period_start)
        )
    )


def find(connection: Connection, period: Period, park_ids: Sequence[str]) -> list[tuple[str, str]]:
    """(park_id, description) of every park whose time in `period` belongs to other payouts."""
    grouped = groupby(in_the_way(connection, period, park_ids), key=lambda row: row.park_id)
    return [(park_id, _in_words(park_id, period, list(rows))) for park_id, rows in grouped]


def describe(connection: Connection, computed: Payout) -> str:
    """In words: which payouts the computed one overlaps with, and what to do."""
    rows = in_the_way(connection, computed.period, [computed.park_id])
    return _in_words(computed.park_id, computed.period, rows)


def _in_words(park_id: str, period: Period, rows: Sequence[StoredRow]) -> str:
    others = ", ".join(f"{row.cadence} {row.period_name} ({row.period_start} to {row.period_end})" for row in rows)
    return (
        f"park {park_id}: {period} ({period.start} to {period.end}) overlaps with "
        f"{others or 'another payout'}, which is stored already: no time is paid twice. "
        f"Check whether the cadence was redefined in cadences.yaml, and the cadence of the park's config versions"
    )
