"""From an amount down to the seconds: everything that stands behind one device's part of one payout, gathered.

A stored payout is explained by what it was computed from, kept with it; one that is not stored is computed as a run
would compute it. The intervals come from the source at the time of asking, by the same rules.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from signalq_billing.domain.activity import ActivitySnapshot, BadRows
from signalq_billing.domain.adjustment import paid_by_device
from signalq_billing.domain.calculation import Calculation, Share
from signalq_billing.domain.charge import ChargeStep, charge_steps
from signalq_billing.domain.compute import recalculate
from signalq_billing.domain.config import ParkConfig, PayTerms, Scope
from signalq_billing.domain.device_history import DeviceHistory
from signalq_billing.domain.near_miss import suggestion
from signalq_billing.domain.payout import PayoutLine
from signalq_billing.domain.period import Cadence, Period
from signalq_billing.domain.progress import OrderProgress
from signalq_billing.domain.record import OrderAttempt, PayoutRecord
from signalq_billing.domain.source import Source
from signalq_billing.domain.timeline import Timeline, timeline
from signalq_billing.errors import ActivityIncomplete, SourceInvalid, SourceUnavailable, UsageError
from signalq_billing.ports import ActivitySource, ConfigStore, Metrics, PayoutStore
from signalq_billing.services.preview import preview
from signalq_billing.services.selecting import cadence_named, configs_for, period_named


class NotRecalculated(UsageError):
    """A payout is stored and its charge model or unit is not there any more: what was paid stands, how does not."""

    def __init__(self, problem: str, records: Sequence[PayoutRecord]) -> None:
        super().__init__(problem)
        self.records = tuple(records)


@dataclass(frozen=True, slots=True)
class Facts:
    """What was read for an amount: the state of the source, when, and what of it was left out."""

    clock: dt.datetime
    watermark: dt.datetime | None
    rows_read: int
    bad_rows: BadRows
    source_revision: str


@dataclass(frozen=True, slots=True)
class Explanation:
    """Everything behind one device's part of one payout.

    `stored` is the payout explained, None if nothing is stored yet and `lines` are what a run would pay now;
    `revisions` are all payouts of the park and period. The lines of a later revision have all its activity and the
    difference to what was paid before: what a device got is `paid`, over the revisions that stand. `history` and
    `timeline` are None where the source could not be asked: `source_problem` then says why. `applied_at` and
    `applied_by` tell of the config version.
    """

    period: Period
    park_id: str
    device_id: str
    config: ParkConfig
    applied_at: dt.datetime | None
    applied_by: str | None
    stored: PayoutRecord | None
    revisions: tuple[PayoutRecord, ...]
    lines: tuple[PayoutLine, ...]
    calculation: Calculation
    facts: Facts
    attempts: tuple[OrderAttempt, ...]
    history: DeviceHistory | None
    timeline: Timeline | None
    source_problem: str = ""

    @property
    def terms(self) -> PayTerms:
        assert self.config.terms is not None, "a payout is computed by an enabled config"
        return self.config.terms

    @property
    def line(self) -> PayoutLine | None:
        """The device's line, if the payout has one."""
        return next((line for line in self.lines if line.device_id == self.device_id), None)

    @property
    def standing(self) -> tuple[PayoutRecord, ...]:
        """The revisions that are not retired, up to the one explained."""
        return tuple(each for each in self.revisions if each.retired_at is None or each is self.stored)

    @property
    def paid(self) -> dict[str, Decimal]:
        """What each device got over all revisions that stand; of a payout that is not stored, what it would get."""
        if self.stored is None:
            return {line.device_id: line.amount for line in self.lines}
        return paid_by_device(self.standing)

    @property
    def orders(self) -> tuple[tuple[PayoutRecord, OrderProgress], ...]:
        """The orders that pay the device's lines, with their revisions, retired ones too."""
        found = []
        for record in self.revisions:
            line, order = record.line_of(self.device_id), record.order_of(self.device_id)
            if line is not None and line.amount and order is not None:
                found.append((record, order))
        return tuple(found)

    @property
    def share(self) -> Share | None:
        """The arithmetic of the device's line."""
        return next((share for share in self.calculation.shares if share.counted.device_id == self.device_id), None)

    @property
    def steps(self) -> tuple[ChargeStep, ...]:
        """How the charge model came to its price: of this device, or in scope park of all devices together."""
        share = self.share
        if share is None or not share.counted.eligible:
            return ()
        units = self.calculation.park_units if self.terms.charge.scope is Scope.PARK else share.counted.units
        assert units is not None, "scope park sums units up"
        return charge_steps(self.terms.charge.model, units)

    @property
    def changed_days(self) -> tuple[tuple[dt.date, int, int], ...]:
        """(day, seconds paid for, seconds the source says now) where the two differ."""
        line, told = self.line, self.timeline
        if told is None or line is None or not line.day_seconds:
            return ()
        both = zip(self.period.days, line.day_seconds, told.day_seconds, strict=True)
        return tuple((day, then, now) for day, then, now in both if then != now)


@dataclass(frozen=True, slots=True)
class Explainer:
    """What explaining works with."""

    cadences: Mapping[str, Cadence]
    source: Source
    activity: ActivitySource
    payouts: PayoutStore
    configs: ConfigStore
    metrics: Metrics
    now: dt.datetime

    def explain(
        self, park_id: str, device_id: str, period_name: dt.date, cadence: str | None = None, *, intervals: bool = True
    ) -> Explanation:
        """Explain what `device_id` earned in the park's payout, or why it has no part in it.

        `intervals` False leaves the source alone where the payout is stored. Raises UsageError for a park without a
        config, NotRecalculated with what is stored where the charge's rules are gone, PeriodNotOver, and what a preview
        raises where nothing is stored.
        """
        records = self._records(park_id, period_name, cadence)
        if records:
            return self._stored(records, device_id, intervals=intervals)
        return self._computed(park_id, device_id, period_name, cadence)

    def _records(self, park_id: str, period_name: dt.date, cadence: str | None) -> Sequence[PayoutRecord]:
        records = self.payouts.records(cadence, period_name, [park_id])
        names = sorted({record.progress.cadence for record in records})
        if len(names) > 1:
            raise UsageError(
                f"park {park_id} has payouts of {' and '.join(names)} for {period_name}: name one with --cadence"
            )
        return records

    def _stored(self, records: Sequence[PayoutRecord], device_id: str, *, intervals: bool) -> Explanation:
        record = next((each for each in reversed(records) if each.retired_at is None), records[-1])
        config, origin = record.origin.config, record.origin
        assert config.terms is not None, "a payout is computed by an enabled config"
        try:
            calculation = recalculate(config.terms, record.lines)
        except UsageError as error:
            raise NotRecalculated(str(error), records) from error
        history, problem = self._history(device_id, record.period) if intervals else (None, "")
        return Explanation(
            period=record.period,
            park_id=record.park_id,
            device_id=device_id,
            config=config,
            applied_at=origin.applied_at,
            applied_by=origin.applied_by,
            stored=record,
            revisions=tuple(records),
            lines=record.lines,
            calculation=calculation,
            facts=Facts(origin.clock, origin.watermark, origin.rows_read, origin.bad_rows, origin.source_revision),
            attempts=tuple(each for one in records for each in self.payouts.attempts(one.progress.payout_id)),
            history=history,
            timeline=_timeline(history, record.period, config),
            source_problem=problem,
        )

    def _history(self, device_id: str, period: Period) -> tuple[DeviceHistory | None, str]:
        """What the source says of the device; a stored payout can be explained without, so its trouble is told."""
        try:
            return self.activity.history(device_id, period, self.now), ""
        except (SourceUnavailable, SourceInvalid, ActivityIncomplete) as error:
            return None, str(error)

    def _computed(self, park_id: str, device_id: str, period_name: dt.date, cadence: str | None) -> Explanation:
        period, config = self._in_force(park_id, period_name, cadence)
        assert config.terms is not None, "only enabled versions are in force"
        with preview(
            *(period, [config]),
            source=self.source,
            activity=self.activity,
            metrics=self.metrics,
            now=self.now,
            narrow=True,
        ) as made:
            payouts = list(made.payouts)
        if made.not_computed:
            raise UsageError(made.not_computed[0])
        (payout,) = payouts
        history = self.activity.history(device_id, period, self.now)
        applied = {each.config.effective_from: each for each in self.configs.applied([park_id])}
        version = applied.get(config.effective_from)
        return Explanation(
            period=period,
            park_id=park_id,
            device_id=device_id,
            config=config,
            applied_at=version.applied_at if version else None,
            applied_by=version.applied_by if version else None,
            stored=None,
            revisions=(),
            lines=payout.lines,
            calculation=recalculate(config.terms, payout.lines),
            facts=_facts(made.snapshot),
            attempts=(),
            history=history,
            timeline=_timeline(history, period, config),
        )

    def _cadences_of(self, versions: Sequence[ParkConfig]) -> list[str]:
        return sorted({each.cadence for each in versions if each.enabled and each.cadence in self.cadences})

    def _in_force(self, park_id: str, period_name: dt.date, cadence: str | None) -> tuple[Period, ParkConfig]:
        """The period of that name that the park is paid for, and the config it is paid by."""
        versions = self.configs.current([park_id])
        if not versions:
            known = {each.park_id for each in self.configs.current()}
            raise UsageError(f"there is no park {park_id!r}; {suggestion(park_id, known)}")
        names = [cadence] if cadence is not None else self._cadences_of(versions)
        if not names:
            last = versions[-1].version
            raise UsageError(f"park {park_id!r} is not paid by any cadence there is: its last version is of {last}")
        problems: list[UsageError] = []
        for name in names:
            try:
                period = period_named(cadence_named(self.cadences, name), period_name, self.now)
                (config,) = configs_for(versions, self.cadences, period, [park_id])
            except UsageError as error:
                problems.append(error)
            else:
                return period, config
        raise problems[0]


def _timeline(history: DeviceHistory | None, period: Period, config: ParkConfig) -> Timeline | None:
    if history is None or config.terms is None:
        return None
    return timeline(history, period, config.park_id, config.terms.activity)


def _facts(snapshot: ActivitySnapshot) -> Facts:
    return Facts(snapshot.clock, snapshot.watermark, snapshot.rows_read, snapshot.bad_rows, snapshot.source_revision)
