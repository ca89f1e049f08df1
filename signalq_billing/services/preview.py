"""What a period would pay, without storing or sending anything."""

import datetime as dt
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
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
    """Computed payouts of one period, sorted bytewise by park, and what they were computed from.

    They are computed as they are asked for, once; after the last one `not_computed` says in words which parks have
    none, for a charge model or unit that is missing.
    """

    snapshot: ActivitySnapshot
    payouts: Iterable[Payout]
    not_computed: Sequence[str] = ()


@contextmanager
def preview(
    period: Period,
    configs: Sequence[ParkConfig],
    *,
    source: Source,
    activity: ActivitySource,
    metrics: Metrics,
    now: dt.datetime,
    narrow: bool = False,
) -> Iterator[Preview]:
    """Extract, compute, and clean up at the end; `narrow` where `configs` are those of some parks.

    Raises what a run would: ActivityIncomplete, BadRowsExceeded.
    """
    snapshot = extract(period, configs, source=source, activity=activity, metrics=metrics, now=now, narrow=narrow)
    try:
        not_computed: list[str] = []
        yield Preview(snapshot, _payouts(snapshot, configs, activity, not_computed), not_computed)
    finally:
        activity.discard(snapshot.result_table)


def _payouts(
    snapshot: ActivitySnapshot, configs: Sequence[ParkConfig], activity: ActivitySource, not_computed: list[str]
) -> Iterator[Payout]:
    for each in each_computed(snapshot, configs, activity):
        if isinstance(each, Payout):
            yield each
        else:
            not_computed.append(str(each))
