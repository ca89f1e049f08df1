"""One period from beginning to end without Airflow: what the payouts DAG does, in one call (SPEC section 9)."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from signalq_billing.domain.activity import ActivitySnapshot
from signalq_billing.domain.config import ParkConfig
from signalq_billing.domain.period import Period
from signalq_billing.domain.progress import PayoutProgress
from signalq_billing.domain.source import Source
from signalq_billing.ports import ActivitySource, BillingOrders, Metrics, PayoutStore
from signalq_billing.services.checking import check_dependencies, check_watermark, measured_watermark
from signalq_billing.services.compute import compute_and_store, frozen_hint
from signalq_billing.services.extract import extract_and_save
from signalq_billing.services.guards import fallen_to_zero
from signalq_billing.services.reporting import open_parks
from signalq_billing.services.submit import SubmitReport, Submitter

Announce = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class RunResult:
    """How the run ended: what it read from the source, all payouts of its parks, what came of their orders, and in
    words the parks still open and, as `warnings`, those that were paid before and now earn nothing,
    or would be paid otherwise."""

    snapshot: ActivitySnapshot
    payouts: Sequence[PayoutProgress]
    orders: SubmitReport
    unfinished: Sequence[str]
    warnings: Sequence[str] = ()

    @property
    def held(self) -> list[PayoutProgress]:
        return [payout for payout in self.payouts if payout.hold_reason and not payout.settled]


@dataclass(frozen=True, slots=True)
class Runner:
    """Everything a run works with. `announce` is told what begins, for a progress display."""

    source: Source
    activity: ActivitySource
    payouts: PayoutStore
    billing: BillingOrders
    submitter: Submitter
    metrics: Metrics
    actor: str
    announce: Announce

    def run(
        self, period: Period, configs: Sequence[ParkConfig], *, all_parks: bool, now: dt.datetime, submit: bool = True
    ) -> RunResult:
        """Check, extract, compute, submit; safe to repeat, and beside the DAG.

        `all_parks`: `configs` are all of the cadence, so payouts of parks that are no longer paid are taken back if
        they were never claimed. `submit` False leaves billing-orders alone: for the day when it is down and payouts
        are made by hand. Raises what its steps raise; nothing is sent before all of them passed.
        """
        with self.metrics.timer("run.duration", cadence=period.cadence):
            return self._run(period, configs, all_parks=all_parks, now=now, submit=submit)

    def _run(
        self, period: Period, configs: Sequence[ParkConfig], *, all_parks: bool, now: dt.datetime, submit: bool
    ) -> RunResult:
        self.announce("asking YTsaurus, PostgreSQL and billing-orders" if submit else "asking YTsaurus and PostgreSQL")
        check_dependencies(self.activity, self.payouts, self.billing if submit else None)
        self.announce("looking at the watermark")
        check_watermark(period, measured_watermark(self.activity, period.cadence, self.metrics, now), self.source)
        self.announce("computing activity in YTsaurus")
        snapshot_id = self._extract(period, configs, now, narrow=not all_parks)
        self.announce("computing payouts")
        snapshot, hint = self._compute(period, configs, snapshot_id, all_parks=all_parks)
        park_ids = [config.park_id for config in configs]
        report = SubmitReport()
        if submit:
            self.announce("creating orders")
            report = self.submitter.submit(self.payouts.payouts(period.cadence, period.name, park_ids))
        payouts = self.payouts.payouts(period.cadence, period.name, park_ids)
        stored = {payout.park_id for payout in payouts}
        expected = park_ids if submit else [park_id for park_id in park_ids if park_id not in stored]
        unfinished = open_parks(period, expected, payouts, self.payouts)
        fallen = fallen_to_zero(payouts, self.payouts, self.metrics if all_parks else None)
        warnings = [*fallen, *([hint] if hint else [])]
        return RunResult(snapshot, payouts, report, unfinished, warnings)

    def _extract(self, period: Period, configs: Sequence[ParkConfig], now: dt.datetime, *, narrow: bool) -> int:
        return extract_and_save(
            period,
            configs,
            source=self.source,
            activity=self.activity,
            payouts=self.payouts,
            metrics=self.metrics,
            now=now,
            actor=self.actor,
            narrow=narrow,
        )

    def _compute(
        self, period: Period, configs: Sequence[ParkConfig], snapshot_id: int, *, all_parks: bool
    ) -> tuple[ActivitySnapshot, str]:
        snapshot = self.payouts.snapshot(snapshot_id)
        stored = compute_and_store(
            snapshot, snapshot_id, configs, activity=self.activity, payouts=self.payouts, actor=self.actor
        )
        if all_parks:
            self.payouts.void_missing(period, [config.park_id for config in configs], self.actor)
        self.activity.discard(snapshot.result_table)
        return snapshot, frozen_hint(period, stored)
