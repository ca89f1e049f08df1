"""The intervals of one device in one period, as one park sees them (SPEC section 4): what `explain` shows of the
seconds that activity is summed up from. Exact to the microsecond."""

import datetime as dt
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from itertools import pairwise
from typing import NamedTuple

from signalq_billing.domain.activity import ActivityRules
from signalq_billing.domain.device_history import DeviceHistory, Event
from signalq_billing.domain.period import Period

MICROSECOND = dt.timedelta(microseconds=1)
NOTHING = dt.timedelta(0)


class Closing(StrEnum):
    """What ended an interval: the device's next event in the same park or in another one, `max_silence`, or the end
    of the period."""

    NEXT_EVENT = "next_event"
    OTHER_PARK = "other_park"
    SILENCE = "silence"
    PERIOD_END = "period_end"


class Refusal(StrEnum):
    """Why the last event before a period does not count in it: it is older than `lookback_days`, or `max_silence` of
    its park had run out when the period began."""

    TOO_OLD = "too_old"
    SILENCE = "silence"


class Interval(NamedTuple):
    """What an event lasted for inside the period: [begins, ends), never empty.

    `own` tells whether it is of the park that was asked for; other parks' intervals are never active here, and their
    `max_silence` is not applied. `opened_at` is before `begins` if it is `carried_in`. `next_park` and `next_status`
    are of the event that ended it. `silenced` is what `max_silence` cut off inside the period. `events` is 1, or how
    many events a merged interval is made of.
    """

    park_id: str
    own: bool
    status: str
    active: bool
    opened_at: dt.datetime
    begins: dt.datetime
    ends: dt.datetime
    closed_by: Closing
    carried_in: bool = False
    next_park: str | None = None
    next_status: str | None = None
    silenced: dt.timedelta = NOTHING
    events: int = 1

    @property
    def microseconds(self) -> int:
        return (self.ends - self.begins) // MICROSECOND


@dataclass(frozen=True, slots=True)
class RefusedCarryIn:
    """The last event before the period, which could have counted from the period's start until `until` (the device's
    next event, or the period's end) and does not."""

    park_id: str
    own: bool
    status: str
    opened_at: dt.datetime
    until: dt.datetime
    reason: Refusal


class Piece(NamedTuple):
    """The part of an interval that lies in one local day."""

    interval: Interval
    begins: dt.datetime
    ends: dt.datetime

    @property
    def microseconds(self) -> int:
        return (self.ends - self.begins) // MICROSECOND


@dataclass(frozen=True, slots=True)
class LocalDay:
    """A local day of the period, [begins, ends), with its pieces in order."""

    date: dt.date
    begins: dt.datetime
    ends: dt.datetime
    pieces: tuple[Piece, ...]

    @property
    def active_microseconds(self) -> int:
        return sum(piece.microseconds for piece in self.pieces if piece.interval.active)

    @property
    def active_seconds(self) -> int:
        """Whole seconds, the rest dropped (SPEC section 4)."""
        return self.active_microseconds // 1_000_000


@dataclass(frozen=True)
class Timeline:
    """A device's intervals of all parks in one period, in order, as `park_id` sees them.

    `superseded` are the period's events that never stood: at their microsecond there is a later one in the order.
    """

    period: Period
    park_id: str
    intervals: tuple[Interval, ...]
    refused: RefusedCarryIn | None = None
    superseded: tuple[Event, ...] = ()

    @property
    def has_line(self) -> bool:
        """Whether a payout of the park has a line for the device: any interval of it is left, active or not."""
        return any(interval.own for interval in self.intervals)

    @cached_property
    def days(self) -> tuple[LocalDay, ...]:
        """The period's local days with the intervals cut at their midnights."""
        return local_days(self.intervals, self.period)

    @cached_property
    def day_seconds(self) -> tuple[int, ...]:
        """Active seconds in the park, a number for each local day."""
        return tuple(day.active_seconds for day in self.days)


def timeline(history: DeviceHistory, period: Period, park_id: str, rules: ActivityRules) -> Timeline:
    """The device's timeline in `period` by the rules of `park_id` (SPEC section 4)."""
    standing, superseded = _standing(history.events)
    upto = standing[0].at if standing else period.end
    view = _View(period, park_id, frozenset(rules.active_statuses), _silence(rules))
    refused = view.refused(history, upto)
    if history.carried is not None:
        standing.insert(0, history.carried)
    following = [*standing, None][1:]
    found = (view.interval(event, after) for event, after in zip(standing, following, strict=True))
    return Timeline(period, park_id, tuple(each for each in found if each is not None), refused, superseded)


def merged(intervals: Iterable[Interval]) -> Iterator[Interval]:
    """The intervals with each run of events that only repeat a status put into one."""
    last: Interval | None = None
    for interval in intervals:
        if last is not None and _goes_on(last, interval):
            last = interval._replace(
                opened_at=last.opened_at,
                begins=last.begins,
                carried_in=last.carried_in,
                events=last.events + interval.events,
            )
            continue
        if last is not None:
            yield last
        last = interval
    if last is not None:
        yield last


def local_days(intervals: Iterable[Interval], period: Period) -> tuple[LocalDay, ...]:
    """The local days of `period` with the intervals, which are in order, cut at their midnights."""
    pieces: list[list[Piece]] = [[] for _ in period.days]
    midnights = period.midnights
    number = 0
    for interval in intervals:
        while midnights[number + 1] <= interval.begins:
            number += 1
        begins = interval.begins
        while True:
            ends = min(interval.ends, midnights[number + 1])
            if begins < ends:
                pieces[number].append(Piece(interval, begins, ends))
            if ends == interval.ends:
                break
            begins, number = ends, number + 1
    return tuple(
        LocalDay(date, begins, ends, tuple(found))
        for date, (begins, ends), found in zip(period.days, pairwise(midnights), pieces, strict=True)
    )


def _standing(events: Sequence[Event]) -> tuple[list[Event], tuple[Event, ...]]:
    """The last event of each instant, and the others."""
    standing: list[Event] = []
    superseded: list[Event] = []
    for event in events:
        if standing and standing[-1].at == event.at:
            superseded.append(standing.pop())
        standing.append(event)
    return standing, tuple(superseded)


class _View(NamedTuple):
    """How one park sees events: what is active, and for how long after an event."""

    period: Period
    park_id: str
    active_statuses: frozenset[str]
    limit: dt.timedelta

    def interval(self, event: Event, after: Event | None) -> Interval | None:
        """What `event` lasts for until the next one stands; None if that is nothing inside the period."""
        at, park_id, status, _ = event
        own = park_id == self.park_id
        until = after.at if after else self.period.end
        begins = max(at, self.period.start)
        silent = own and until - at > self.limit
        ends = at + self.limit if silent else until
        if ends <= begins:
            return None
        ended_by = None if silent else after
        return Interval(
            park_id,
            own,
            status,
            active=own and status in self.active_statuses,
            opened_at=at,
            begins=begins,
            ends=ends,
            closed_by=Closing.SILENCE if silent else _closing(event, after),
            carried_in=at < begins,
            next_park=ended_by.park_id if ended_by else None,
            next_status=ended_by.status if ended_by else None,
            silenced=until - ends if silent else NOTHING,
        )

    def refused(self, history: DeviceHistory, until: dt.datetime) -> RefusedCarryIn | None:
        """The last event before the period if it could have counted until then and does not."""
        carried = history.carried
        event = carried or history.too_old
        start = self.period.start
        if event is None or until <= start:
            return None
        own = event.park_id == self.park_id
        if carried and not (own and start - carried.at >= self.limit):
            return None
        reason = Refusal.SILENCE if carried else Refusal.TOO_OLD
        return RefusedCarryIn(event.park_id, own, event.status, event.at, until, reason)


def _closing(event: Event, after: Event | None) -> Closing:
    if after is None:
        return Closing.PERIOD_END
    return Closing.NEXT_EVENT if after.park_id == event.park_id else Closing.OTHER_PARK


def _goes_on(last: Interval, interval: Interval) -> bool:
    return (last.park_id, last.status, last.ends) == (interval.park_id, interval.status, interval.begins)


def _silence(rules: ActivityRules) -> dt.timedelta:
    """`max_silence` as far as a timedelta goes; none is longer than any period."""
    seconds = rules.max_silence_seconds
    longest = dt.timedelta.max // dt.timedelta(seconds=1)
    return dt.timedelta.max if seconds is None else dt.timedelta(seconds=min(seconds, longest))
