"""Periods whose payouts should stand by now: one alert per cadence, whether somebody began with them or nobody did.

A period is judged from its deadline on. Parks whose config was applied only after a period's end are not missed in
it, and what a run of an old period stores has as long as a new one: neither history nor a backfill alerts.
"""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from signalq_billing.domain.alert import late_key
from signalq_billing.domain.config import ParkConfig, paid_parks
from signalq_billing.domain.period import Cadence, Period
from signalq_billing.domain.progress import PaymentProgress
from signalq_billing.domain.record import AppliedVersion
from signalq_billing.domain.telling import Told
from signalq_billing.errors import UsageError
from signalq_billing.ports import OpenPayout
from signalq_billing.services.watching.findings import Limits, Plan, Stored

Begun = Callable[[Period], bool]


@dataclass(frozen=True, slots=True)
class LatePeriod:
    """One period past its deadline: `open` payouts that nobody holds, `held` ones, and parks without any payout.
    `begun` False: nothing tells that anybody started it."""

    cadence: Cadence
    period: Period
    due_at: dt.datetime
    parks: int
    open: tuple[OpenPayout, ...] = ()
    held: tuple[OpenPayout, ...] = ()
    missing: tuple[str, ...] = ()
    begun: bool = True

    @property
    def money(self) -> dict[str, Decimal]:
        """By currency, what its open payouts still have to create; held ones are not in it."""
        return money_of(self.open)

    @property
    def waiting_parks(self) -> frozenset[str]:
        return frozenset(each.payout.park_id for each in self.open) | frozenset(self.missing)


def money_of(payouts: Iterable[OpenPayout]) -> dict[str, Decimal]:
    """By currency, the orders of these payouts that are not created."""
    sums: dict[str, Decimal] = defaultdict(Decimal)
    for each in payouts:
        for order in each.payout.orders:
            if order.payment_progress is not PaymentProgress.CREATED:
                sums[each.payout.currency] += order.amount
    return dict(sums)


@dataclass(frozen=True, slots=True)
class Lateness:
    """Finds the late periods of cadences, from what was read once. `begun` knows of runs that stored nothing yet.
    `missed` names periods whose run missed its deadline: like those that were told, they are late until they are
    paid, whenever their parks were applied or their payouts stored."""

    plan: Plan
    limits: Limits
    stored: Stored
    known: Sequence[Told]
    now: dt.datetime
    begun: Begun = lambda _: False
    open_payouts: tuple[OpenPayout, ...] = ()
    versions: tuple[AppliedVersion, ...] = field(default=())
    missed: frozenset[str] = frozenset()

    def periods(self, cadence: Cadence) -> list[LatePeriod]:
        """The late periods of a cadence, oldest first."""
        known = self._known(cadence)
        open_by_name: dict[dt.date, list[OpenPayout]] = defaultdict(list)
        for each in self.open_payouts:
            if each.payout.cadence == cadence.name:
                open_by_name[each.payout.period_name].append(each)
        judged = {period.name: period for period in self._ended(cadence)}
        for name in open_by_name.keys() - judged.keys():
            if period := _named(cadence, name):
                judged[name] = period
        overdue = [judged[name] for name in sorted(judged) if self.limits.due_at(cadence, judged[name]) <= self.now]
        if not overdue:
            return []
        names = [period.name for period in overdue]
        parks = self.stored.work.parks_stored(cadence.name, names)
        extracted = self.stored.work.extracted(cadence.name, names)
        found = (
            self._judged(cadence, period, parks.get(period.name, frozenset()), extracted, open_by_name, known)
            for period in overdue
        )
        return [each for each in found if each.open or each.missing]

    def _judged(
        self,
        cadence: Cadence,
        period: Period,
        stored: frozenset[str],
        extracted: Collection[dt.date],
        open_by_name: Mapping[dt.date, Sequence[OpenPayout]],
        known: Collection[str],
    ) -> LatePeriod:
        due_at = self.limits.due_at(cadence, period)
        told = period.name.isoformat() in known
        of_period = [each for each in open_by_name.get(period.name, ()) if told or self._overdue(each, due_at, cadence)]
        paid = self._paid_parks(cadence, period, anything=bool(stored), told=told)
        begun = bool(stored) or period.name in extracted
        missing = tuple(sorted(paid - stored, key=str.encode))
        return LatePeriod(
            *(cadence, period, due_at, len(paid | stored)),
            open=tuple(each for each in of_period if each.payout.hold_reason is None),
            held=tuple(each for each in of_period if each.payout.hold_reason is not None),
            missing=missing,
            begun=begun or not missing or self.begun(period),
        )

    def _overdue(self, each: OpenPayout, due_at: dt.datetime, cadence: Cadence) -> bool:
        """What was stored in time is due with its period; what was stored later has as long as a period has."""
        return each.created_at <= due_at or each.created_at + self.limits.after_end(cadence) <= self.now

    def _paid_parks(self, cadence: Cadence, period: Period, *, anything: bool, told: bool) -> frozenset[str]:
        """Parks that should have a payout by now."""
        if period.end <= self.now - self.limits.window or (
            cadence.catch_up_from is not None and period.name < cadence.catch_up_from
        ):
            return frozenset()
        applied = {(each.config.park_id, each.config.effective_from): each.applied_at for each in self.versions}
        configs = paid_parks((each.config for each in self.versions), cadence, period, dict(self.plan.cadences))
        if told:
            return frozenset(config.park_id for config in configs)
        newest = not anything and period == cadence.last_complete(self.now)
        return frozenset(
            config.park_id for config in configs if self._missed(cadence, period, _at(applied, config), newest=newest)
        )

    def _missed(self, cadence: Cadence, period: Period, applied_at: dt.datetime, *, newest: bool) -> bool:
        """Whether a park's payout is missed: its config was there when the period ended or, of the newest period with
        nothing stored at all, has been there for as long as a period may take."""
        return applied_at <= period.end or (newest and applied_at + self.limits.after_end(cadence) <= self.now)

    def _ended(self, cadence: Cadence) -> Iterator[Period]:
        period = cadence.last_complete(self.now)
        while period is not None and period.end > self.now - self.limits.window:
            yield period
            period = cadence.preceding(period)

    def _known(self, cadence: Cadence) -> frozenset[str]:
        key = late_key(cadence.name)
        return self.missed.union(*(told.alert.members for told in self.known if told.alert.key == key))


def _at(applied: Mapping[tuple[str, dt.date], dt.datetime], config: ParkConfig) -> dt.datetime:
    return applied[config.park_id, config.effective_from]


def _named(cadence: Cadence, name: dt.date) -> Period | None:
    """The period a payout is stored under; None if the cadence was redefined since and has none of that name."""
    try:
        return cadence.starting(name)
    except UsageError:
        return None
