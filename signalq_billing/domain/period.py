"""Cadences and the periods they cut time into (SPEC section 5): local midnights, kept as UTC instants."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cache, lru_cache
from zoneinfo import ZoneInfoNotFoundError

import pendulum
from pendulum.tz.timezone import Timezone

from signalq_billing.errors import UsageError

UTC = dt.UTC


class Every(StrEnum):
    """The calendar unit a cadence counts in."""

    DAY = "day"
    WEEK = "week"
    MONTH = "month"


@cache
def zone(name: str) -> Timezone:
    """The IANA zone of that name. Raises UsageError for a name the zone database does not know."""
    try:
        found = pendulum.timezone(name)
    except (ZoneInfoNotFoundError, ValueError, KeyError, OSError) as error:
        raise UsageError(f"{name!r} is not an IANA time zone name such as Europe/Moscow") from error
    if not isinstance(found, Timezone):
        raise UsageError(f"{name!r} is not an IANA time zone name such as Europe/Moscow")
    return found


@lru_cache(maxsize=65536)
def local_midnight(day: dt.date, timezone: str) -> dt.datetime:
    """The instant `day` begins in `timezone`, in UTC: its midnight, the first of two where clocks go back over
    it, and the first instant the calendar reaches that day where midnight (or the whole day) does not exist."""
    tz = zone(timezone)
    naive = dt.datetime.combine(day, dt.time())
    instant = naive.replace(tzinfo=tz, fold=0).astimezone(UTC)
    if instant.astimezone(tz).replace(tzinfo=None) == naive:
        return instant
    before, after = instant - dt.timedelta(days=2), instant + dt.timedelta(days=2)
    while after - before > dt.timedelta(seconds=1):
        middle = before + dt.timedelta(seconds=(after - before).total_seconds() // 2)
        if middle.astimezone(tz).replace(tzinfo=None) < naive:
            before = middle
        else:
            after = middle
    return after


@dataclass(frozen=True, slots=True)
class Period:
    """One payment period of a cadence: [start, end) in UTC, named by its first local date."""

    cadence: str
    name: dt.date
    end_date: dt.date
    timezone: str
    start: dt.datetime = field(init=False)
    end: dt.datetime = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "start", local_midnight(self.name, self.timezone))
        object.__setattr__(self, "end", local_midnight(self.end_date, self.timezone))

    @property
    def days(self) -> tuple[dt.date, ...]:
        """The local calendar days of the period, in order."""
        return tuple(self.name + dt.timedelta(days=n) for n in range((self.end_date - self.name).days))

    @property
    def midnights(self) -> tuple[dt.datetime, ...]:
        """The instants at which the days begin, and the period's end: one more than there are days."""
        return (*(local_midnight(day, self.timezone) for day in self.days), self.end)

    def __str__(self) -> str:
        return f"{self.cadence} {self.name}"


@dataclass(frozen=True, slots=True)
class Cadence:
    """How often a park is paid. Period k is [anchor + k*count*every, anchor + (k+1)*count*every), k >= 0.

    `settle` is how long after a period's end a scheduled run starts; `catch_up_from` is the local date before
    which the scheduler never starts a run by itself; `deadline` is how long after a period's end its payouts must
    stand before somebody is alerted, None for no alert.
    """

    name: str
    every: Every
    count: int
    anchor: dt.date
    timezone: str
    settle: dt.timedelta = dt.timedelta(minutes=15)
    catch_up_from: dt.date | None = None
    deadline: dt.timedelta | None = None

    def _boundary(self, index: int) -> dt.date:
        steps = index * self.count
        if self.every is Every.MONTH:
            return shift_months(self.anchor, steps)
        return self.anchor + dt.timedelta(days=steps * (7 if self.every is Every.WEEK else 1))

    def _index(self, day: dt.date) -> int:
        """The number of the period that `day` falls into; negative before the anchor."""
        if self.every is Every.MONTH:
            months = (day.year - self.anchor.year) * 12 + day.month - self.anchor.month
            return (months - (day.day < self.anchor.day)) // self.count
        return (day - self.anchor).days // (self.count * (7 if self.every is Every.WEEK else 1))

    def nth(self, index: int) -> Period:
        """Period number `index`, counted from 0 at the anchor. Raises UsageError for a negative one."""
        if index < 0:
            raise UsageError(f"cadence {self.name} has no period before its anchor {self.anchor}")
        return Period(self.name, self._boundary(index), self._boundary(index + 1), self.timezone)

    def starting(self, day: dt.date) -> Period:
        """The period whose first local date is `day`. Raises UsageError, naming the nearest ones, if none is."""
        if day < self.anchor:
            raise UsageError(f"{day} is before the anchor {self.anchor} of cadence {self.name}: no period starts there")
        period = self.containing(day)
        if period.name != day:
            raise UsageError(
                f"no period of cadence {self.name} starts on {day}; "
                f"the nearest ones start on {period.name} and {period.end_date}"
            )
        return period

    def containing(self, day: dt.date) -> Period:
        """The period that the local date `day` falls into. Raises UsageError before the anchor."""
        return self.nth(self._index(day))

    def containing_instant(self, instant: dt.datetime) -> Period:
        """The period that `instant` falls into. Raises UsageError before the anchor."""
        period = self.containing(instant.astimezone(zone(self.timezone)).date())
        return self.following(period) if period.end <= instant else period

    def starts_at(self, day: dt.date) -> bool:
        """Whether one of the cadence's periods begins on the local date `day`."""
        return day >= self.anchor and self._boundary(self._index(day)) == day

    def last_complete(self, now: dt.datetime) -> Period | None:
        """The newest period that has ended by `now`; None while the first one still runs."""
        index = self._index(now.astimezone(zone(self.timezone)).date())
        for candidate in range(index, index - 3, -1):
            if candidate >= 0 and (period := self.nth(candidate)).end <= now:
                return period
        return None

    def following(self, period: Period) -> Period:
        """The period right after `period`."""
        return self.nth(self._index(period.name) + 1)

    def preceding(self, period: Period) -> Period | None:
        """The period right before `period`; None before the first."""
        index = self._index(period.name)
        return self.nth(index - 1) if index else None

    def since(self, day: dt.date) -> Iterator[Period]:
        """All periods from the first that starts on or after `day`, without end."""
        index = max(self._index(day), 0)
        if self._boundary(index) < day:
            index += 1
        while True:
            yield self.nth(index)
            index += 1


def shift_months(day: dt.date, months: int) -> dt.date:
    """`day` moved by whole months. Anchors have day 1..28, so every month has that day."""
    total = day.year * 12 + day.month - 1 + months
    return day.replace(year=total // 12, month=total % 12 + 1)
