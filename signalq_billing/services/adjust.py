"""Paying what late data and corrected configs change about periods that are paid already (SPEC section 7).

The period is recomputed from scratch, as a run would compute it now; what its revisions paid is taken off, line by
line, and what is left becomes the next revision. Safe to repeat, and beside runs of the same parks.
"""

from __future__ import annotations

import datetime as dt
import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import TypedDict, Unpack

from signalq_billing.domain.activity import ActivitySnapshot
from signalq_billing.domain.adjustment import Adjusted, Retirement, Step
from signalq_billing.domain.config import ParkConfig, paid_parks
from signalq_billing.domain.payout import Payout
from signalq_billing.domain.period import Cadence, Period
from signalq_billing.domain.progress import PayoutProgress
from signalq_billing.domain.source import Source
from signalq_billing.errors import ActivityIncomplete, BadRowsExceeded, SourceInvalid, UsageError
from signalq_billing.ports import ActivitySource, Adjustments, BillingOrders, ConfigStore, Metrics, PayoutStore
from signalq_billing.services.checking import check_dependencies, check_watermark
from signalq_billing.services.compute import batches_computed
from signalq_billing.services.extract import extract
from signalq_billing.services.losses import check_rows_kept
from signalq_billing.services.reforming import retirement_of
from signalq_billing.services.submit import SubmitReport, Submitter

log = logging.getLogger(__name__)

_NOBODY: Mapping[str, Retirement] = {}


class Options(TypedDict, total=False):
    """What adjusting can be told besides."""

    dry_run: bool
    rows_may_be_gone: bool


@dataclass(frozen=True, slots=True)
class PeriodAdjusted:
    """What became of one period: its parks, sorted bytewise, and their orders. `snapshot` is None where nothing was
    stored for the period, so that nothing was read. `refused`: why the period as a whole could not be adjusted."""

    period: Period
    parks: tuple[Adjusted, ...] = ()
    snapshot: ActivitySnapshot | None = None
    orders: SubmitReport = field(default_factory=SubmitReport)
    refused: str = ""

    @property
    def problems(self) -> list[Adjusted]:
        """Parks a person has to look at."""
        return [park for park in self.parks if park.step is Step.PROBLEM]

    @property
    def left(self) -> list[Adjusted]:
        """Parks with a revision that is not settled yet."""
        return [park for park in self.parks if park.step is Step.LEFT]


@dataclass(frozen=True, slots=True)
class Adjuster:
    """Everything adjusting works with. `announce` is told what begins, for a progress display."""

    cadences: Mapping[str, Cadence]
    source: Source
    activity: ActivitySource
    payouts: PayoutStore
    adjustments: Adjustments
    configs: ConfigStore
    billing: BillingOrders
    submitter: Submitter
    metrics: Metrics
    actor: str
    announce: Callable[[str], None]

    def adjust(
        self,
        period: Period,
        park_ids: Sequence[str] = (),
        *,
        now: dt.datetime,
        dry_run: bool = False,
        retirements: Mapping[str, Retirement] = _NOBODY,
        rows_may_be_gone: bool = False,
    ) -> PeriodAdjusted:
        """Pay the differences of a period: of all parks it paid, or of `park_ids`. `dry_run` stores and sends nothing.

        Raises UsageError for parks without a payout, and what a run raises: nothing is stored or sent then. Raises
        SourceInvalid if the source has lost rows of the period, unless `rows_may_be_gone`.
        """
        stored = self._stored(period, park_ids)
        if not stored:
            return PeriodAdjusted(period)
        if not dry_run:
            self.announce("asking YTsaurus, PostgreSQL and billing-orders")
            check_dependencies(self.activity, self.payouts, self.billing)
        check_watermark(period, self.activity.watermark(now), self.source)
        configs = self._in_force(period, stored)
        parks = list(self._not_in_force(stored, configs))
        self.announce(f"computing the activity of {period} in YTsaurus")
        snapshot = extract(
            *(period, configs),
            source=self.source,
            activity=self.activity,
            metrics=self.metrics,
            now=now,
            narrow=bool(park_ids),
        )
        try:
            if not rows_may_be_gone:
                check_rows_kept(snapshot, self.payouts.each_record(period.cadence, period.name, list(stored)))
            self.announce(f"holding {period} against what was paid")
            parks += self._differences(snapshot, configs, dry_run=dry_run, retirements=retirements)
        finally:
            self.activity.discard(snapshot.result_table)
        parks.sort(key=lambda park: park.park_id.encode())
        report = SubmitReport() if dry_run else self._submit(period, parks)
        self._measure(period, parks)
        return PeriodAdjusted(period, tuple(parks), snapshot, report)

    def adjust_window(
        self, periods: Sequence[Period], park_ids: Sequence[str] = (), *, now: dt.datetime, **options: Unpack[Options]
    ) -> Iterator[PeriodAdjusted]:
        """`adjust` for several periods; one whose source cannot be trusted does not keep the others waiting.

        Of `park_ids` those without a payout for a period are left out of it.
        """
        for period in periods:
            stored = self._stored(period, ())
            wanted = [park_id for park_id in park_ids if park_id in stored]
            if park_ids and not wanted:
                yield PeriodAdjusted(period)
                continue
            try:
                yield self.adjust(period, wanted, now=now, **options)
            except (SourceInvalid, BadRowsExceeded, ActivityIncomplete) as error:
                log.error("%s: %s", period, error)
                yield PeriodAdjusted(period, refused=str(error))

    def reform(
        self, period: Period, park_id: str, *, by: str, note: str, now: dt.datetime, dry_run: bool = False
    ) -> PeriodAdjusted:
        """Retire the keys of a park's rejected payout for ever and pay the period under the next revision.

        Raises Refused while it is not certain that none of its orders exists, or ever will.
        """
        self.announce("asking billing-orders about the keys to retire")
        payouts = self._stored(period, [park_id])[park_id]
        retirement = retirement_of(payouts, store=self.payouts, billing=self.billing, by=by, note=note)
        return self.adjust(period, [park_id], now=now, dry_run=dry_run, retirements={park_id: retirement})

    def _stored(self, period: Period, park_ids: Sequence[str]) -> dict[str, list[PayoutProgress]]:
        """Every stored revision by park, sorted bytewise."""
        stored: dict[str, list[PayoutProgress]] = {}
        for payout in self.payouts.payouts(period.cadence, period.name, list(park_ids) or None):
            stored.setdefault(payout.park_id, []).append(payout)
        if missing := sorted(set(park_ids) - stored.keys(), key=str.encode):
            raise UsageError(
                f"no payout of park {', '.join(missing)} is stored for {period}: there is nothing to adjust, `run` "
                f"pays it. `status` lists what is stored"
            )
        return stored

    def _in_force(self, period: Period, stored: Mapping[str, object]) -> list[ParkConfig]:
        versions = self.configs.current(list(stored))
        return paid_parks(versions, self.cadences[period.cadence], period, dict(self.cadences))

    def _not_in_force(
        self, stored: Mapping[str, Sequence[PayoutProgress]], configs: Sequence[ParkConfig]
    ) -> Iterator[Adjusted]:
        """Parks that were paid and that no config pays for the period any more: that may be a mistake as well."""
        known = {config.park_id for config in configs}
        for park_id, payouts in stored.items():
            if park_id not in known:
                paid = sum((each.total for each in payouts if not each.retired), Decimal(0))
                why = (
                    "no config in force pays it for this period any more. Not adjusted: if what was paid should be "
                    "taken back, apply a config that pays nothing for it; else correct the config"
                )
                yield Adjusted(park_id, payouts[-1].currency, Step.PROBLEM, paid, paid, why)

    def _differences(
        self,
        snapshot: ActivitySnapshot,
        configs: Sequence[ParkConfig],
        *,
        dry_run: bool,
        retirements: Mapping[str, Retirement],
    ) -> Iterator[Adjusted]:
        """Park after park, some at a time, what is stored for it, or would be."""
        snapshot_id: int | None = None
        for batch in batches_computed(snapshot, configs, self.activity):
            payouts = [each for _, each in batch if isinstance(each, Payout)]
            if dry_run:
                yield from self.adjustments.plan(payouts, retirements)
            else:
                if snapshot_id is None:
                    snapshot_id = self.payouts.save_snapshot(snapshot, self.actor)
                yield from self.adjustments.adjust(payouts, snapshot_id, self.actor, retirements)
            yield from (_not_computed(config, each) for config, each in batch if isinstance(each, UsageError))

    def _submit(self, period: Period, parks: Sequence[Adjusted]) -> SubmitReport:
        """Send what is to be paid, through the one submit there is."""
        due = {park.payout_id for park in parks if park.ordered and park.payout_id is not None}
        if not due:
            return SubmitReport()
        self.announce("creating orders")
        touched = [park.park_id for park in parks if park.payout_id in due]
        payouts = self.payouts.payouts(period.cadence, period.name, touched)
        return self.submitter.submit([each for each in payouts if each.payout_id in due])

    def _measure(self, period: Period, parks: Sequence[Adjusted]) -> None:
        for park in parks:
            self.metrics.count("payouts.adjusted", cadence=period.cadence, step=park.step.value)
            if park.step in (Step.PROBLEM, Step.LEFT):
                log.warning("park %s, %s: %s: %s", park.park_id, period, park.step.value, park.why)


def last_periods(cadence: Cadence, now: dt.datetime, count: int) -> list[Period]:
    """The last `count` complete periods, oldest first; fewer where the cadence has no more.

    Older ones come first, so that what they take back is carried by what the newer ones pay.
    """
    found: list[Period] = []
    period = cadence.last_complete(now)
    while period is not None and len(found) < count:
        found.append(period)
        period = cadence.preceding(period)
    return found[::-1]


def _not_computed(config: ParkConfig, error: UsageError) -> Adjusted:
    currency = config.terms.currency if config.terms else ""
    return Adjusted(config.park_id, currency, Step.PROBLEM, Decimal(0), Decimal(0), str(error))
