"""Noticing that the source has lost rows since a period was paid: rows that are gone are not inactivity."""

from collections.abc import Iterable

from signalq_billing.domain.activity import ActivitySnapshot, BadRows
from signalq_billing.domain.record import PayoutRecord
from signalq_billing.errors import SourceInvalid

# Rows counted wherever they would belong, because no usable time says where that is.
_WITHOUT_TIME = ("status_at_missing", "status_at_before_2000", "status_at_in_the_future")


def check_rows_kept(snapshot: ActivitySnapshot, paid: Iterable[PayoutRecord]) -> None:
    """Raises SourceInvalid if the source has fewer rows of the period and its lookback than when it was paid.

    History only grows by late rows. Fewer of them means that old ones were dropped, and a recompute would take money
    back for work that was done.
    """
    most = max(paid, key=lambda record: _within(record.origin.bad_rows), default=None)
    now = _within(snapshot.bad_rows)
    if most is None or now >= (then := _within(most.origin.bad_rows)):
        return
    raise SourceInvalid(
        f"status_history has {now:,} rows of {snapshot.period} and its lookback, and had {then:,} when park "
        f"{most.park_id} was computed on {most.origin.clock:%Y-%m-%d %H:%M} UTC: rows are gone. Nothing was adjusted, "
        f"for what is missing was not idle. Restore them; if they were left out rightly (repeated rows were removed, "
        f"lookback_days is shorter now), say so with --rows-may-be-gone"
    )


def _within(rows: BadRows) -> int:
    """Rows of the period and its lookback, usable or not."""
    return rows.considered - sum(rows.by_reason.get(reason, 0) for reason in _WITHOUT_TIME)
