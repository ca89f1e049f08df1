"""One look at everything: services first, all at once; then, if PostgreSQL answers, what is stored."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from signalq_billing.domain.alert import Alert, AlertKind
from signalq_billing.domain.period import Cadence
from signalq_billing.domain.telling import Told
from signalq_billing.ports import OpenPayout
from signalq_billing.services.watching.dependencies import Asked, ask_all, dependencies_down, fault_text
from signalq_billing.services.watching.findings import Findings, Limits, Plan, Stored, Trouble
from signalq_billing.services.watching.late import Begun, Lateness
from signalq_billing.services.watching.late_alert import late_alert, late_unseen
from signalq_billing.services.watching.source import bad_rows, watermark_lag
from signalq_billing.services.watching.stuck import holds_expired, unknown_outcomes

DATABASE, SOURCE, CONFIG, _WATERMARK, _PLAN = "PostgreSQL", "YTsaurus", "configuration", "watermark", "plan"


@dataclass(frozen=True, slots=True)
class Watcher:
    """Looks for everything an operator should be told. What it looks with is made when it is asked for, so that a
    connection nobody set is a finding too, not the end of the look.

    `services` by name: returns if the service works. `begun` knows of runs that stored nothing yet.
    """

    services: Mapping[str, Callable[[], object]]
    watermark: Callable[[dt.datetime], dt.datetime | None]
    plan: Callable[[], Plan]
    stored: Callable[[], Stored]
    limits: Limits
    begun: Begun = field(default=lambda _: False)

    def look(self, now: dt.datetime) -> Findings:
        """Everything that is wrong now. Never raises for what is wrong outside."""
        asked = self._ask(now)
        faults = {name: each.fault for name, each in asked.items() if each.fault is not None}
        down = {name: fault for name, fault in faults.items() if name in self.services}
        if _PLAN in faults:
            down[CONFIG] = faults[_PLAN]
        known: Sequence[Told] = ()
        found = Findings()
        if DATABASE not in down:
            known, found, fault = self._stored(asked, down, now)
            if fault is not None:
                down[DATABASE] = fault
        plan = asked[_PLAN].answer
        watermark = asked[_WATERMARK]
        if isinstance(plan, Plan) and watermark.fault is None and SOURCE not in down:
            reached = watermark.answer
            assert reached is None or isinstance(reached, dt.datetime)
            found += watermark_lag(reached, plan, self.limits, known, now)
        return dependencies_down(down, [*self.services, CONFIG], known, now) + found

    def late(
        self, cadence_name: str, *, period_start: dt.datetime | None, now: dt.datetime, runs: Sequence[str]
    ) -> Findings:
        """The late periods of one cadence, after the deadline of a run passed; `runs` tell of that run. Without the
        database at least that it passed."""
        asked = self._ask(now)
        down = {name: each.fault for name, each in asked.items() if name in self.services and each.fault is not None}
        plan = asked[_PLAN].answer
        if not isinstance(plan, Plan) or cadence_name not in plan.cadences:
            return dependencies_down({CONFIG: asked[_PLAN].fault or "the cadence is gone"}, [], (), now)
        cadence = plan.cadences[cadence_name]
        begun = cadence.containing_instant(period_start) if period_start else None
        if DATABASE in down:
            return Findings((late_unseen(cadence, begun, self.limits, down, runs, now),))
        stored = self.stored()
        lateness = self._lateness(plan, stored, stored.tellings.open(), now, stored.work.open_payouts())
        if begun is not None:
            known_run = lateness.begun
            lateness = replace(
                lateness,
                begun=lambda period: period == begun or known_run(period),
                missed=frozenset([begun.name.isoformat()]),
            )
        alert = self._late(cadence, lateness, _trouble(asked, down), runs)
        return Findings((alert,) if alert else ())

    def _ask(self, now: dt.datetime) -> dict[str, Asked]:
        questions: dict[str, Callable[[], object]] = dict(self.services)
        questions |= {_WATERMARK: lambda: self.watermark(now), _PLAN: self.plan}
        return ask_all(questions, self.limits.seconds)

    def _stored(
        self, asked: Mapping[str, Asked], down: Mapping[str, str], now: dt.datetime
    ) -> tuple[Sequence[Told], Findings, str | None]:
        """What is known, what is found in the database, and why not if it cannot be read after all."""
        try:
            stored = self.stored()
            known = stored.tellings.open()
            return known, self._looked(asked, down, stored, known, now), None
        except Exception as error:
            return (), Findings(), fault_text(error)

    def _looked(
        self,
        asked: Mapping[str, Asked],
        down: Mapping[str, str],
        stored: Stored,
        known: Sequence[Told],
        now: dt.datetime,
    ) -> Findings:
        unknown = stored.work.unknown_orders(self.limits.unknown_after)
        plan = asked[_PLAN].answer
        open_payouts = stored.work.open_payouts()
        found = holds_expired(open_payouts, now) + unknown_outcomes(unknown, now)
        if not isinstance(plan, Plan):
            return found + _found_by_others(known, found)
        found += bad_rows(stored.work.extractions(), known, plan)
        found += _found_by_others(known, found)
        lateness = self._lateness(plan, stored, known, now, open_payouts)
        late = [self._late(cadence, lateness, _trouble(asked, down), ()) for cadence in plan.cadences.values()]
        return found + Findings(tuple(each for each in late if each), frozenset([AlertKind.LATE.value]))

    def _lateness(
        self, plan: Plan, stored: Stored, known: Sequence[Told], now: dt.datetime, open_payouts: Sequence[OpenPayout]
    ) -> Lateness:
        return Lateness(
            *(plan, self.limits, stored, known, now, self.begun),
            open_payouts=tuple(open_payouts),
            versions=tuple(stored.configs.applied()),
        )

    def _late(self, cadence: Cadence, lateness: Lateness, trouble: Trouble, runs: Sequence[str]) -> Alert | None:
        return late_alert(lateness.periods(cadence), lateness.plan, trouble, lateness.stored, lateness.now, runs)


def _trouble(asked: Mapping[str, Asked], down: Mapping[str, str]) -> Trouble:
    watermark = asked[_WATERMARK]
    known = watermark.fault is None and SOURCE not in down
    reached = watermark.answer if isinstance(watermark.answer, dt.datetime) else None
    return Trouble(dict(down), reached, known)


def _found_by_others(known: Sequence[Told], found: Findings) -> Findings:
    """What whoever compares or extracts found, and is not over by what was `found` here; nothing is covered by that."""
    by_others = (AlertKind.DISCREPANCY, AlertKind.BAD_ROWS)
    return Findings(
        tuple(
            told.alert
            for told in known
            if told.alert.kind in by_others and told.gone_at is None and not found.covers(told.alert.key)
        )
    )
