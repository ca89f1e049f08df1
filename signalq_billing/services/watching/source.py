"""The source: a replica that falls behind, and rows that cannot be used."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

from signalq_billing.domain.alert import Alert, AlertKind, key_of
from signalq_billing.domain.alert_text import duration, instant
from signalq_billing.domain.bad_rows_text import bad_rows_text, example_lines, share_text
from signalq_billing.domain.period import Cadence, Period
from signalq_billing.domain.source import Source
from signalq_billing.domain.telling import Told
from signalq_billing.errors import BadRowsExceeded
from signalq_billing.ports import Extraction
from signalq_billing.services.checking import ready_at
from signalq_billing.services.watching.findings import Findings, Limits, Plan, known_since

_EXAMPLES = 3


def watermark_lag(
    watermark: dt.datetime | None, plan: Plan, limits: Limits, known: Sequence[Told], now: dt.datetime
) -> Findings:
    """An alert if the replica is further behind than it may be."""
    key, covered = key_of(AlertKind.WATERMARK_LAG), frozenset([AlertKind.WATERMARK_LAG.value])
    if watermark is not None and now - watermark <= limits.lag:
        return Findings((), covered)
    waiting = [period for each in plan.cadences.values() if (period := _waits(each, watermark, plan.source, now))]
    seen = "has no usable row at all"
    if watermark is not None:
        seen = f"is complete only to {instant(watermark)}, {duration(now - watermark)} behind"
    return Findings(
        (
            Alert(
                key=key,
                kind=AlertKind.WATERMARK_LAG,
                title=f"watermark lag: {plan.source.table} {seen}",
                since=watermark or known_since(known, key, now),
                waiting=tuple(
                    f"{period} waits for it: it needs {instant(ready_at(period, plan.source))}" for period in waiting
                )
                or ("no period waits for it yet",),
                why=("missing rows are never read as inactivity: whoever needs them waits, nobody is paid less",),
                do=(
                    "Have the replication of the table mended; the runs that wait go on by themselves.",
                    "Never lower replica_lag_allowance_seconds to get a run through: cameras would be paid too little.",
                ),
                members=frozenset([str(plan.source.table)]),
                level=_doublings(now - watermark, limits.lag) if watermark else 0,
            ),
        ),
        covered,
    )


def _waits(cadence: Cadence, watermark: dt.datetime | None, source: Source, now: dt.datetime) -> Period | None:
    """The newest complete period of a cadence, if the replica is not complete for it."""
    period = cadence.last_complete(now)
    if period is None or (watermark is not None and watermark >= ready_at(period, source)):
        return None
    return period


def _doublings(lag: dt.timedelta, limit: dt.timedelta) -> int:
    return max((lag // limit).bit_length() - 1, 0)


def bad_rows(extractions: Sequence[Extraction], known: Sequence[Told], plan: Plan) -> Findings:
    """An alert per cadence whose newest extraction left out more than half of what would have stopped it. That a run
    was stopped is told by the run itself (`stopped_by_bad_rows`), and is over with the next extraction."""
    near = [
        each for each in extractions if each.bad_rows.total and 2 * each.bad_rows.share >= plan.source.bad_row_share
    ]
    covered = {key_of(AlertKind.BAD_ROWS, each.cadence) for each in extractions}
    stopped = {told.alert.key: told.alert.since for told in known}
    for each in extractions:
        key = _stopped_key(each.cadence)
        if key in stopped and stopped[key] < each.extracted_at:
            covered.add(key)
    return Findings(tuple(_near(each, plan.source) for each in near), frozenset(covered))


def _near(found: Extraction, source: Source) -> Alert:
    bad, period = found.bad_rows, f"{found.cadence} {found.period_name}"
    return Alert(
        key=key_of(AlertKind.BAD_ROWS, found.cadence),
        kind=AlertKind.BAD_ROWS,
        title=f"bad rows: {share_text(bad.share)} of the rows for {period} were left out, "
        f"above {share_text(source.bad_row_share)} nobody would be paid",
        since=found.extracted_at,
        waiting=(bad_rows_text(bad), *example_lines(bad)[:_EXAMPLES]),
        why=("cameras of rows that are left out are paid too little, until the rows are mended and adjusted",),
        do=(
            f"Show the examples to whoever writes {source.table}.",
            f"Once the rows are mended: `signalq-billing adjust --cadence {found.cadence} --period {found.period_name} "
            f"--dry-run` shows what they change.",
        ),
        members=frozenset([period]),
        once=True,
        cadence=found.cadence,
        period_name=found.period_name,
    )


def stopped_by_bad_rows(period: Period, error: BadRowsExceeded, now: dt.datetime) -> Alert:
    """The alert of a run that stopped because too many rows are bad."""
    told = [line.strip() for line in str(error).splitlines() if line.strip() and not line.startswith("Mend ")]
    return Alert(
        key=_stopped_key(period.cadence),
        kind=AlertKind.BAD_ROWS,
        title=f"bad rows: too many for {period}, the run stopped and nobody is paid",
        since=now,
        waiting=tuple(told[1 : 1 + _EXAMPLES]),
        why=(told[0],),
        do=(
            "Have the source mended, then clear the task `extract` and all that follows.",
            "If leaving these rows out is right: raise bad_row_share in source.yaml, then clear `extract`.",
        ),
        members=frozenset([str(period)]),
        level=1,
        cadence=period.cadence,
        period_name=period.name,
    )


def _stopped_key(cadence: str) -> str:
    return key_of(AlertKind.BAD_ROWS, f"stopped {cadence}")
