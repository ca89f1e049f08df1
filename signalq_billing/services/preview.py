"""What a period would pay, without storing or sending anything."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from signalq_billing.domain.activity import ActivitySnapshot
from signalq_billing.domain.config import ParkConfig
from signalq_billing.domain.payout import Payout
from signalq_billing.domain.period import Period
from signalq_billing.domain.source import Source
from signalq_billing.ports import ActivitySource, Metrics
from signalq_billing.services.compute import each_computed
from signalq_billing.services.extract import extract


@dataclass(frozen=True, slots=True)
class Preview:
    """Computed payouts of one period, sorted bytewise by park, and what they were computed from. `not_computed` says in
    words which parks have none, for a charge model or unit that is missing."""

    snapshot: ActivitySnapshot
    payouts: Sequence[Payout]
    not_computed: Sequence[str] = ()


def preview(
    period: Period,
    configs: Sequence[ParkConfig],
    *,
    source: Source,
    activity: ActivitySource,
    metrics: Metrics,
    now: dt.datetime,
    narrow: bool = False,
) -> Preview:
    """Extract, compute, and clean up; `narrow` where `configs` are those of some parks.

    Raises what a run would: ActivityIncomplete, BadRowsExceeded.
    """
    snapshot = extract(period, configs, source=source, activity=activity, metrics=metrics, now=now, narrow=narrow)
    try:
        computed = list(each_computed(snapshot, configs, activity))
        return Preview(
            snapshot,
            [each for each in computed if isinstance(each, Payout)],
            [str(each) for each in computed if not isinstance(each, Payout)],
        )
    finally:
        activity.discard(snapshot.result_table)
