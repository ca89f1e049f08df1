"""What the last complete periods would have paid under other configs, against what they paid (SPEC section 9,
`config diff --money`). Reads and computes; stores and sends nothing."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby

from signalq_billing.domain.activity import ActivityRules, ActivitySnapshot
from signalq_billing.domain.comparison import Paid, ParkComparison, PeriodComparison
from signalq_billing.domain.config import ParkConfig
from signalq_billing.domain.configs import Configs
from signalq_billing.domain.paid import StoredTotal
from signalq_billing.domain.payout import Payout
from signalq_billing.domain.period import Period
from signalq_billing.errors import BadRowsExceeded, Refused, UsageError
from signalq_billing.ports import ActivitySource, Metrics, PayoutStore
from signalq_billing.services.compute import payouts_of
from signalq_billing.services.config_pricing import priced
from signalq_billing.services.extract import extract
from signalq_billing.services.selecting import cadence_named, configs_for, period_named

Announce = Callable[[str], None]


def periods_to_compare(configs: Configs, names: Sequence[str], day: dt.date | None, now: dt.datetime) -> list[Period]:
    """The period that starts on `day`, or the last complete one, of the named cadences or of all that have one.

    Raises UsageError for an unknown cadence and a day on which no period starts, PeriodNotOver for one that runs.
    """
    if names:
        return [period_named(cadence_named(configs.cadences, name), day, now) for name in dict.fromkeys(names)]
    every = [configs.cadences[name] for name in sorted(configs.cadences)]
    if day is None:
        return [period for cadence in every if (period := cadence.last_complete(now))]
    found = [period_named(cadence, day, now) for cadence in every if cadence.starts_at(day)]
    if not found:
        raise UsageError(
            f"no period of any cadence starts on {day}; cadences are {', '.join(sorted(configs.cadences))}"
        )
    return found


@dataclass(frozen=True, slots=True)
class MoneyComparer:
    """Everything a comparison works with. `configs` would be applied over the `stored` versions; `activity` reads the
    source that `configs` describe. `in_force`: no version that takes effect after the period's start prices it."""

    configs: Configs
    stored: Sequence[ParkConfig]
    activity: ActivitySource
    payouts: PayoutStore
    metrics: Metrics
    now: dt.datetime
    announce: Announce
    in_force: bool = False

    def compare(self, period: Period) -> PeriodComparison:
        """Extract once, a second time only for parks that nothing is stored for and whose activity rules would change.

        A period whose activity is not complete, or has too many bad rows, is told as refused. Raises what the source
        raises.
        """
        new = priced(self.configs, self.stored, period, in_force=self.in_force)
        after = new.configs
        before = configs_for(self.stored, self.configs.cadences, period)
        self.announce(f"reading what is stored for {period}")
        park_ids = sorted({config.park_id for config in (*after, *before)} | new.not_compared.keys())
        totals = self.payouts.stored_totals(period, park_ids)
        if refused := _redefined(period, totals):
            return PeriodComparison(period, refused=refused)
        not_compared = {**new.not_compared, **_not_comparable(period, totals)}
        baseline = {total.park_id: _stored(total) for total in totals if total.park_id not in not_compared}
        try:
            paid, snapshot = self._computed(
                period,
                [config for config in after if config.park_id not in not_compared],
                [config for config in before if config.park_id not in not_compared | baseline],
            )
        except (Refused, BadRowsExceeded) as error:
            return PeriodComparison(period, refused=str(error))
        after_by_park = {config.park_id: paid[config] for config in after if config in paid}
        baseline |= {config.park_id: paid[config] for config in before if config.park_id not in not_compared | baseline}
        parks = sorted(baseline.keys() | after_by_park.keys(), key=str.encode)
        compared = (
            ParkComparison(park, baseline.get(park), after_by_park.get(park), new.ended.get(park)) for park in parks
        )
        return PeriodComparison(period, tuple(compared), tuple(sorted(not_compared.items())), snapshot=snapshot)

    def _computed(
        self, period: Period, after: Sequence[ParkConfig], before: Sequence[ParkConfig]
    ) -> tuple[dict[ParkConfig, Paid], ActivitySnapshot | None]:
        """What each config pays. One result table serves two configs of a park whose activity is the same by both."""
        rules = {config.park_id: _rules(config) for config in after}
        own = [config for config in before if rules.get(config.park_id, _rules(config)) != _rules(config)]
        shared = list(dict.fromkeys([*after, *(config for config in before if config not in own)]))
        paid: dict[ParkConfig, Paid] = {}
        snapshot: ActivitySnapshot | None = None
        for configs, what in ((shared, "the new configs"), (own, "the configs applied now")):
            if configs:
                self.announce(f"computing {period} by {what} in YTsaurus")
                computed = self._extracted(period, configs)
                snapshot, paid = snapshot or computed[0], paid | computed[1]
        return paid, snapshot

    def _extracted(
        self, period: Period, configs: Sequence[ParkConfig]
    ) -> tuple[ActivitySnapshot, dict[ParkConfig, Paid]]:
        snapshot = extract(
            period,
            configs,
            source=self.configs.source,
            activity=self.activity,
            metrics=self.metrics,
            now=self.now,
        )
        try:
            return snapshot, {each.config: _paid(each) for each in payouts_of(snapshot, configs, self.activity)}
        finally:
            self.activity.discard(snapshot.result_table)


def _rules(config: ParkConfig) -> tuple[frozenset[str], int | None] | None:
    """What the extraction of a park depends on."""
    rules: ActivityRules | None = config.terms.activity if config.terms else None
    return (frozenset(rules.active_statuses), rules.max_silence_seconds) if rules else None


def _paid(payout: Payout) -> Paid:
    return Paid(payout.total, payout.currency, payout.config.effective_from)


def _stored(total: StoredTotal) -> Paid:
    return Paid(total.total, total.currency, total.version, stored=True)


def _redefined(period: Period, totals: Iterable[StoredTotal]) -> str:
    """Why the period cannot be compared: what is stored under its name is for other days."""
    named = [each for each in totals if (each.cadence, each.period_name) == (period.cadence, period.name)]
    others = [each for each in named if (each.start, each.end) != (period.start, period.end)]
    if not others:
        return ""
    parks = "1 park" if len(others) == 1 else f"{len(others):,} parks"
    return (
        f"cadence {period.cadence} was redefined: payouts of {parks} are stored for {period} from "
        f"{_instant(others[0].start)} to {_instant(others[0].end)} UTC, which would now be from "
        f"{_instant(period.start)} to {_instant(period.end)} UTC"
    )


def _not_comparable(period: Period, totals: Iterable[StoredTotal]) -> Mapping[str, str]:
    """Parks that were paid for part of the period's time by other periods, or for all of it in two currencies."""
    found: dict[str, str] = {}
    for park_id, of_park in groupby(totals, key=lambda total: total.park_id):
        stored = list(of_park)
        others = [total for total in stored if (total.start, total.end) != (period.start, period.end)]
        if others:
            more = f" and {len(others) - 1} more" if len(others) > 1 else ""
            found[park_id] = f"part of its time is paid by {others[0].cadence} {others[0].period_name}{more}"
        elif len(stored) > 1:
            found[park_id] = f"what is stored is in {' and in '.join(total.currency for total in stored)}"
    return found


def _instant(instant: dt.datetime) -> str:
    return f"{instant:%Y-%m-%d %H:%M}"
