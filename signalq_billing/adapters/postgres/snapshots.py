"""Keeping what extractions were made from."""

from typing import Any

from sqlalchemy import Connection, func, insert, select

from signalq_billing.adapters.postgres.tables import StoredRow, activity_snapshot
from signalq_billing.domain.activity import ActivitySnapshot, BadRows
from signalq_billing.domain.period import Period
from signalq_billing.errors import SourceInvalid, UsageError


def save(connection: Connection, snapshot: ActivitySnapshot, actor: str) -> int:
    """Store a snapshot; returns its id."""
    period, bad = snapshot.period, snapshot.bad_rows
    values = {
        "cadence": period.cadence,
        "period_name": period.name,
        "period_end_date": period.end_date,
        "period_start": period.start,
        "period_end": period.end,
        "timezone": period.timezone,
        "result_table": snapshot.result_table,
        "watermark": snapshot.watermark,
        "rows_read": snapshot.rows_read,
        "bad_rows": {
            "by_reason": dict(bad.by_reason),
            "considered": bad.considered,
            "examples": [dict(example) for example in bad.examples],
        },
        "clock": snapshot.clock,
        "source_revision": snapshot.source_revision,
        "rules_digest": snapshot.rules_digest,
        "created_by": actor,
    }
    stored = insert(activity_snapshot).values(created_at=func.clock_timestamp(), **values)
    return int(connection.execute(stored.returning(activity_snapshot.c.id)).scalar_one())


def load(connection: Connection, snapshot_id: int) -> ActivitySnapshot:
    """The snapshot with that id. Raises UsageError if there is none, and SourceInvalid if time zones changed since."""
    row = connection.execute(select(activity_snapshot).where(activity_snapshot.c.id == snapshot_id)).one_or_none()
    if row is None:
        raise UsageError(f"there is no activity snapshot {snapshot_id}")
    return ActivitySnapshot(
        period=period_of(row),
        result_table=row.result_table,
        watermark=row.watermark,
        rows_read=row.rows_read,
        bad_rows=bad_rows_of(row),
        clock=row.clock,
        source_revision=row.source_revision,
        rules_digest=row.rules_digest,
    )


def period_of(row: StoredRow) -> Period:
    """The period of a snapshot. Raises SourceInvalid if time zone data moved its bounds since."""
    period = Period(row.cadence, row.period_name, row.period_end_date, row.timezone)
    if (period.start, period.end) != (row.period_start, row.period_end):
        raise SourceInvalid(
            f"the bounds of {period} were {row.period_start} to {row.period_end} when its activity was extracted, "
            f"and are {period.start} to {period.end} now: time zone data changed. Extract again"
        )
    return period


def bad_rows_of(row: StoredRow) -> BadRows:
    """What a snapshot left out."""
    bad: dict[str, Any] = row.bad_rows
    return BadRows(bad["by_reason"], bad["considered"], tuple(bad["examples"]))
