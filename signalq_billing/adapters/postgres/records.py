"""Payouts read back whole: lines, orders, and what they were computed from."""

import datetime as dt
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import groupby

from sqlalchemy import Connection, select

from signalq_billing.adapters.postgres.reading import IN_ORDER, line_of, progress_of, with_orders
from signalq_billing.adapters.postgres.snapshots import bad_rows_of, period_of
from signalq_billing.adapters.postgres.tables import (
    StoredRow,
    activity_snapshot,
    config_version,
    is_any,
    order_attempt,
    payout,
    payout_line,
    payout_order,
)
from signalq_billing.domain.config_body import from_body
from signalq_billing.domain.payout import PayoutLine
from signalq_billing.domain.record import OrderAttempt, Origin, PayoutRecord

_PAYOUTS_AT_ONCE, _LINES_AT_ONCE = 100, 5_000


def records(
    connection: Connection, cadence: str | None, period_name: dt.date, park_ids: Sequence[str] | None
) -> list[PayoutRecord]:
    """The payouts of one period with lines and origin, sorted by cadence, park (bytewise) and revision.

    Raises SourceInvalid if time zone data changed the bounds of a stored period since.
    """
    return list(each_record(connection, cadence, period_name, park_ids))


def each_record(
    connection: Connection, cadence: str | None, period_name: dt.date, park_ids: Sequence[str] | None
) -> Iterator[PayoutRecord]:
    """The same, so many at a time that their lines take little memory together."""
    wanted = select(payout).where(payout.c.period_name == period_name)
    if cadence is not None:
        wanted = wanted.where(payout.c.cadence == cadence)
    if park_ids is not None:
        wanted = wanted.where(is_any(payout.c.park_id, park_ids))
    rows = connection.execute(wanted.order_by(*IN_ORDER), execution_options={"yield_per": _PAYOUTS_AT_ONCE})
    for some in _few(rows):
        yield from _whole(connection, some)


def _few(rows: Iterable[StoredRow]) -> Iterator[list[StoredRow]]:
    some: list[StoredRow] = []
    for row in rows:
        some.append(row)
        if len(some) >= _PAYOUTS_AT_ONCE or sum(each.devices for each in some) >= _LINES_AT_ONCE:
            yield some
            some = []
    if some:
        yield some


def _whole(connection: Connection, rows: Sequence[StoredRow]) -> list[PayoutRecord]:
    lines = _lines(connection, [row.id for row in rows])
    return [
        replace(record, progress=progress, lines=lines.get(progress.payout_id, ()))
        for record, progress in zip(without_lines(connection, rows), with_orders(connection, rows), strict=True)
    ]


def without_lines(connection: Connection, rows: Sequence[StoredRow]) -> list[PayoutRecord]:
    """Payout rows as records, in their order, without lines and orders: how large they are does not matter.

    Raises SourceInvalid if time zone data changed the bounds of a stored period since.
    """
    origins = _origins(connection, [row.id for row in rows])
    return [
        PayoutRecord(
            progress=progress_of(row, ()),
            period=period_of(origins[row.id]),
            lines=(),
            origin=_origin(row, origins[row.id]),
            frozen_at=row.frozen_at,
            retired_at=row.retired_at,
            released_by=row.released_by,
            release_note=row.release_note,
        )
        for row in rows
    ]


def attempts(connection: Connection, payout_id: int) -> list[OrderAttempt]:
    """Every claim of the payout's orders, in the order they were made."""
    wanted = (
        select(order_attempt)
        .join(payout_order, payout_order.c.id == order_attempt.c.order_id)
        .where(payout_order.c.payout_id == payout_id)
        .order_by(order_attempt.c.id)
    )
    return [attempt_of(row) for row in connection.execute(wanted)]


def attempt_of(row: StoredRow) -> OrderAttempt:
    """A stored attempt as a value."""
    return OrderAttempt(
        *(row.order_id, row.fencing, row.purpose, row.worker, row.claimed_at, row.recorded_at),
        *(row.outcome, row.definite, row.detail),
    )


def _lines(connection: Connection, payout_ids: Sequence[int]) -> dict[int, tuple[PayoutLine, ...]]:
    wanted = select(payout_line).where(is_any(payout_line.c.payout_id, payout_ids))
    ordered = connection.execute(wanted.order_by(payout_line.c.payout_id, payout_line.c.line_no))
    return {
        payout_id: tuple(line_of(row) for row in of_payout)
        for payout_id, of_payout in groupby(ordered, key=lambda row: row.payout_id)
    }


def _origins(connection: Connection, payout_ids: Sequence[int]) -> dict[int, StoredRow]:
    """Per payout: its snapshot, with the config version beside it."""
    wanted = (
        select(
            payout.c.id.label("of_payout"),
            activity_snapshot,
            config_version.c.body.label("config_body"),
            config_version.c.applied_at,
            config_version.c.applied_by,
        )
        .join(activity_snapshot, activity_snapshot.c.id == payout.c.snapshot_id)
        .join(config_version, config_version.c.id == payout.c.config_version_id)
        .where(is_any(payout.c.id, payout_ids))
    )
    return {row.of_payout: row for row in connection.execute(wanted)}


def _origin(row: StoredRow, source: StoredRow) -> Origin:
    return Origin(
        config=from_body(source.config_body),
        applied_at=source.applied_at,
        applied_by=source.applied_by,
        snapshot_id=row.snapshot_id,
        watermark=source.watermark,
        rows_read=source.rows_read,
        bad_rows=bad_rows_of(source),
        source_revision=source.source_revision,
        clock=source.clock,
        digest=row.digest,
        activity_digest=row.activity_digest,
        code_version=row.code_version,
        computed_at=row.computed_at,
    )
