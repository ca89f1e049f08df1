"""The payouts timetable: one run per period of a cadence, its data interval exactly the period (SPEC section 5)."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pendulum
from airflow.timetables.base import DagRunInfo, DataInterval, TimeRestriction, Timetable

from signalq_billing.domain.period import Cadence, Every, Period

FIRST_START_WINDOW = dt.timedelta(days=7)


class PeriodTimetable(Timetable):
    """Runs start `settle` after their period's end; missed periods follow one by one, oldest first.

    The very first run of a DAG is for the first period from `catch_up_from` on or, without that, for the first one
    that ended within the last seven days (or the last complete one): nobody wants years of empty runs, and what is
    older can be asked for with `airflow backfill create`, which tells itself from the scheduler by an end date.
    """

    def __init__(
        self,
        name: str,
        every: str,
        count: int,
        anchor: str,
        timezone: str,
        settle_seconds: float,
        catch_up_from: str | None = None,
    ) -> None:
        self.cadence = Cadence(
            name=name,
            every=Every(every),
            count=count,
            anchor=dt.date.fromisoformat(anchor),
            timezone=timezone,
            settle=dt.timedelta(seconds=settle_seconds),
            catch_up_from=dt.date.fromisoformat(catch_up_from) if catch_up_from else None,
        )

    @classmethod
    def of(cls, cadence: Cadence) -> PeriodTimetable:
        """The timetable of a cadence."""
        return cls(**_fields(cadence))

    def serialize(self) -> dict[str, Any]:
        return _fields(self.cadence)

    @classmethod
    def deserialize(cls, data: dict[str, Any]) -> PeriodTimetable:
        return cls(**data)

    @property
    def summary(self) -> str:
        """What the UI shows as the schedule."""
        every = f"{self.cadence.count} {self.cadence.every}s" if self.cadence.count > 1 else str(self.cadence.every)
        return f"every {every} from {self.cadence.anchor}, {self.cadence.timezone}"

    def infer_manual_data_interval(self, *, run_after: pendulum.DateTime) -> DataInterval:
        """The last period complete at `run_after`; the first one of all if none is (the run will refuse it)."""
        return _interval(self.cadence.last_complete(run_after) or self.cadence.nth(0))

    def next_dagrun_info(
        self, *, last_automated_data_interval: DataInterval | None, restriction: TimeRestriction
    ) -> DagRunInfo | None:
        period = self._next(last_automated_data_interval, restriction)
        if restriction.latest is not None and period.start > restriction.latest:
            return None
        return DagRunInfo(run_after=_instant(period.end + self.cadence.settle), data_interval=_interval(period))

    def _next(self, last: DataInterval | None, restriction: TimeRestriction) -> Period:
        if last is None and restriction.latest is None:
            return self._first()
        bounds = [bound for bound in (last and last.end, restriction.earliest) if bound]
        period = self._starting_at_or_after(max(bounds)) if bounds else self.cadence.nth(0)
        if restriction.latest is None and self.cadence.catch_up_from and period.name < self.cadence.catch_up_from:
            return next(self.cadence.since(self.cadence.catch_up_from))
        return period

    def _first(self) -> Period:
        if self.cadence.catch_up_from:
            return next(self.cadence.since(self.cadence.catch_up_from))
        now = _now()
        period = self.cadence.last_complete(now)
        if period is None:
            return self.cadence.nth(0)
        while (before := self.cadence.preceding(period)) and before.end > now - FIRST_START_WINDOW:
            period = before
        return period

    def _starting_at_or_after(self, instant: dt.datetime) -> Period:
        day = instant.astimezone(dt.UTC).date() - dt.timedelta(days=2)
        return next(period for period in self.cadence.since(day) if period.start >= instant)


def _now() -> dt.datetime:
    return dt.datetime.now(dt.UTC)


def _fields(cadence: Cadence) -> dict[str, Any]:
    return {
        "name": cadence.name,
        "every": cadence.every.value,
        "count": cadence.count,
        "anchor": cadence.anchor.isoformat(),
        "timezone": cadence.timezone,
        "settle_seconds": cadence.settle.total_seconds(),
        "catch_up_from": cadence.catch_up_from.isoformat() if cadence.catch_up_from else None,
    }


def _interval(period: Period) -> DataInterval:
    return DataInterval(_instant(period.start), _instant(period.end))


def _instant(moment: dt.datetime) -> pendulum.DateTime:
    return pendulum.instance(moment)
