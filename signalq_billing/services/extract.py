"""Activity of one period: computed in YTsaurus, held against the watermark and the bad-row limit, remembered."""

import datetime as dt
import logging
from collections.abc import Sequence

from signalq_billing.domain.activity import BAD_ROW_REASONS, ActivityRequest, ActivitySnapshot
from signalq_billing.domain.bad_rows_text import bad_rows_text, example_lines, reasons_text, share_text
from signalq_billing.domain.config import ParkConfig
from signalq_billing.domain.period import Period
from signalq_billing.domain.source import Source
from signalq_billing.errors import BadRowsExceeded, SignalqBillingError
from signalq_billing.ports import ActivitySource, Metrics, PayoutStore
from signalq_billing.services.checking import check_watermark, measure_lag

log = logging.getLogger(__name__)

_FEW_PARKS = 100


def request_for(
    period: Period, configs: Sequence[ParkConfig], clock: dt.datetime, *, narrow: bool = False
) -> ActivityRequest:
    """What to extract so that `configs` can be computed; `narrow` says that they are some of many parks."""
    rules = {config.park_id: config.terms.activity for config in configs if config.terms}
    return ActivityRequest(period, rules, clock, narrow=narrow and len(rules) <= _FEW_PARKS)


def extract(
    period: Period,
    configs: Sequence[ParkConfig],
    *,
    source: Source,
    activity: ActivitySource,
    metrics: Metrics,
    now: dt.datetime,
    of_run: bool = False,
    narrow: bool = False,
) -> ActivitySnapshot:
    """Extract the activity of `configs`' parks into a result table of its own.

    `narrow`: they are some of many, so that nothing else is worked on; bad rows and watermark are those of the whole
    source all the same. Gauges are set for the extraction of a run (`of_run`) alone: they tell how it stands now, not
    what somebody looked at. Raises ActivityIncomplete and BadRowsExceeded, and leaves no result table behind then.
    """
    with metrics.timer("extract.duration", cadence=period.cadence):
        snapshot = activity.extract(request_for(period, configs, now, narrow=narrow))
    if of_run:
        _measure(snapshot, metrics, now)
    _report(snapshot)
    try:
        check_watermark(period, snapshot.watermark, source)
        check_bad_rows(snapshot, source)
    except SignalqBillingError:
        activity.discard(snapshot.result_table)
        raise
    return snapshot


def extract_and_save(
    period: Period,
    configs: Sequence[ParkConfig],
    *,
    source: Source,
    activity: ActivitySource,
    payouts: PayoutStore,
    metrics: Metrics,
    now: dt.datetime,
    actor: str,
    narrow: bool = False,
) -> int:
    """`extract`, and keep in PostgreSQL what it was made from. Returns the snapshot's id."""
    snapshot = extract(
        *(period, configs), source=source, activity=activity, metrics=metrics, now=now, of_run=True, narrow=narrow
    )
    return payouts.save_snapshot(snapshot, actor)


def check_bad_rows(snapshot: ActivitySnapshot, source: Source) -> None:
    """Raises BadRowsExceeded, with examples, if the share of bad rows is above `bad_row_share`."""
    bad = snapshot.bad_rows
    if bad.share <= source.bad_row_share:
        return
    examples = "\n".join(f"  {line}" for line in example_lines(bad))
    raise BadRowsExceeded(
        f"{bad.total:,} of {bad.considered:,} rows of {source.table} for {snapshot.period} are unusable: "
        f"{share_text(bad.share)}, allowed is {share_text(source.bad_row_share)}. Nothing was computed.\n"
        f"By reason: {reasons_text(bad)}.\n"
        f"Mend the source, or raise bad_row_share in source.yaml if leaving them out is right. Examples:\n{examples}"
    )


def _measure(snapshot: ActivitySnapshot, metrics: Metrics, now: dt.datetime) -> None:
    """Every reason there is, zeros too, so that an alert ends when its reason does."""
    cadence, bad = snapshot.period.cadence, snapshot.bad_rows
    metrics.gauge("extract.rows_read", snapshot.rows_read, cadence=cadence)
    for reason in sorted({*BAD_ROW_REASONS, *bad.by_reason}):
        metrics.gauge("extract.bad_rows", bad.by_reason.get(reason, 0), cadence=cadence, reason=reason)
    metrics.gauge("extract.bad_row_share", float(bad.share), cadence=cadence)
    measure_lag(snapshot.watermark, cadence, metrics, now)


def _report(snapshot: ActivitySnapshot) -> None:
    log.info(
        "%s: %d rows read, %s, watermark %s, result %s",
        snapshot.period,
        snapshot.rows_read,
        bad_rows_text(snapshot.bad_rows),
        snapshot.watermark,
        snapshot.result_table,
    )
    for line in example_lines(snapshot.bad_rows):
        log.info("bad row, left out: %s", line)
