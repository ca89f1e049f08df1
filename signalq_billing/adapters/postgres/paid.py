"""Asking what has been paid, for what configs would change: which periods a version would touch, and sums of them."""

import datetime as dt
from collections.abc import Sequence
from decimal import Decimal
from itertools import groupby

from sqlalchemy import ARRAY, Connection, DateTime, Integer, and_, distinct, func, literal, or_, select, tuple_

from signalq_billing.adapters.postgres.stored_text import StoredText
from signalq_billing.adapters.postgres.tables import StoredRow, config_version, is_any, payout
from signalq_billing.domain.paid import ConfigSpan, PaidSpan, StoredTotal
from signalq_billing.domain.period import Period

_INSTANT = DateTime(timezone=True)
_FOR_EVER = dt.datetime(9999, 1, 1, tzinfo=dt.UTC)


def paid_within(connection: Connection, spans: Sequence[ConfigSpan]) -> list[PaidSpan]:
    """Per span with any, the claimed periods of its park that start in it; in the order of `spans`."""
    if not spans:
        return []
    wanted = (
        func.unnest(
            literal(list(range(len(spans))), ARRAY(Integer)),
            literal([span.park_id for span in spans], ARRAY(StoredText())),
            literal([span.begins for span in spans], ARRAY(_INSTANT)),
            literal([span.ends or _FOR_EVER for span in spans], ARRAY(_INSTANT)),
        )
        .table_valued("number", "park_id", "begins", "ends", name="span")
        .render_derived()
    )
    starts = payout.c.period_start
    found = (
        select(
            wanted.c.number,
            func.min(payout.c.period_name).label("first"),
            func.max(payout.c.period_name).label("last"),
            func.count(distinct(tuple_(payout.c.cadence, payout.c.period_name))).label("periods"),
        )
        .join(payout, and_(payout.c.park_id == wanted.c.park_id, starts >= wanted.c.begins, starts < wanted.c.ends))
        .where(payout.c.frozen_at.is_not(None), payout.c.retired_at.is_(None))
        .group_by(wanted.c.number)
        .order_by(wanted.c.number)
    )
    return [PaidSpan(spans[row.number], row.first, row.last, row.periods) for row in connection.execute(found)]


def stored_totals(connection: Connection, period: Period, park_ids: Sequence[str]) -> list[StoredTotal]:
    """What is stored under the name of `period`, and for these parks over any part of its time, by park (bytewise)."""
    same_time = and_(payout.c.period_start < period.end, payout.c.period_end > period.start)
    same_name = and_(payout.c.cadence == period.cadence, payout.c.period_name == period.name)
    rows = connection.execute(
        select(payout, config_version.c.effective_from)
        .join(config_version, config_version.c.id == payout.c.config_version_id)
        .where(payout.c.retired_at.is_(None))
        .where(or_(same_name, and_(same_time, is_any(payout.c.park_id, park_ids))))
        .order_by(payout.c.park_id, payout.c.cadence, payout.c.period_start, payout.c.currency, payout.c.revision)
    )
    return [_total(list(revisions)) for _, revisions in groupby(rows, key=_payout_of)]


def _payout_of(row: StoredRow) -> tuple[object, ...]:
    return row.park_id, row.cadence, row.period_start, row.period_end, row.currency


def _total(revisions: Sequence[StoredRow]) -> StoredTotal:
    last = revisions[-1]
    return StoredTotal(
        *(last.park_id, last.cadence, last.period_name, last.period_start, last.period_end, last.currency),
        total=sum((row.total for row in revisions), Decimal(0)),
        version=last.effective_from,
    )
