"""A timeline tells every second of a device's period: what it counted for, what ended it, what was cut off."""

import datetime as dt
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from signalq_billing.domain.activity import ActivityRules
from signalq_billing.domain.device_history import DeviceHistory, Event, Sightings
from signalq_billing.domain.period import Period
from signalq_billing.domain.timeline import (
    Closing,
    Interval,
    Refusal,
    RefusedCarryIn,
    Timeline,
    local_days,
    merged,
    timeline,
)

DAY = Period("daily", dt.date(2026, 11, 2), dt.date(2026, 11, 3), "UTC")
THREE_DAYS = Period("daily", dt.date(2026, 11, 2), dt.date(2026, 11, 5), "Europe/Moscow")
START = DAY.start
HOUR = dt.timedelta(hours=1)
MICROSECOND = dt.timedelta(microseconds=1)
ONLINE = ActivityRules(("online",))
SILENT_AFTER_AN_HOUR = ActivityRules(("online",), max_silence_seconds=3600)


def at(hours: float, status: str = "online", park_id: str = "park") -> Event:
    return Event(START + dt.timedelta(hours=hours), park_id, status)


def seen(event: Event) -> tuple[Sightings, ...]:
    return (Sightings(event.park_id, event.at - HOUR, event.at, event.status, 2),)


def told(
    *events: Event, rules: ActivityRules = ONLINE, carried: Event | None = None, too_old: Event | None = None
) -> Timeline:
    lookback, before = (seen(event) if event else () for event in (carried, too_old))
    return timeline(DeviceHistory("device", 30, tuple(sorted(events)), lookback, before), DAY, "park", rules)


def hours(interval: Interval) -> tuple[float, float]:
    return (interval.begins - START) / HOUR, (interval.ends - START) / HOUR


def test_an_event_lasts_until_the_next_one_and_the_last_until_the_period_ends() -> None:
    first, second = told(at(1), at(3, "offline")).intervals
    assert (hours(first), first.active, first.closed_by) == ((1, 3), True, Closing.NEXT_EVENT)
    assert (first.next_park, first.next_status) == ("park", "offline")
    assert (hours(second), second.active, second.closed_by) == ((3, 24), False, Closing.PERIOD_END)
    assert (second.next_park, second.next_status) == (None, None)
    assert not first.carried_in


def test_another_parks_event_ends_an_interval_and_its_time_is_not_ours() -> None:
    found = told(at(1), at(3, park_id="other"), at(4))
    mine, others, again = found.intervals
    assert (hours(mine), mine.closed_by, mine.next_park, mine.next_status) == (
        (1, 3),
        Closing.OTHER_PARK,
        "other",
        "online",
    )
    assert (others.own, others.active, others.closed_by) == (False, False, Closing.OTHER_PARK)
    assert (again.own, again.active) == (True, True)
    assert found.day_seconds == (22 * 3600,)


def test_silence_ends_an_interval_and_says_what_it_cut_off() -> None:
    first, second = told(at(1), at(5, "offline"), rules=SILENT_AFTER_AN_HOUR).intervals
    assert (hours(first), first.closed_by, first.silenced) == ((1, 2), Closing.SILENCE, 3 * HOUR)
    assert (first.next_park, first.next_status) == (None, None)
    assert (hours(second), second.closed_by, second.silenced) == ((5, 6), Closing.SILENCE, 18 * HOUR)


@pytest.mark.parametrize("later", [-MICROSECOND, 0 * HOUR])
def test_silence_up_to_the_limit_cuts_nothing_off(later: dt.timedelta) -> None:
    following = Event(START + HOUR + later, "park", "offline")
    first = told(at(0), following, rules=SILENT_AFTER_AN_HOUR).intervals[0]
    assert (first.closed_by, first.silenced) == (Closing.NEXT_EVENT, 0 * HOUR)
    assert first.ends == following.at


def test_a_microsecond_of_silence_too_many_is_cut_off() -> None:
    following = Event(START + HOUR + MICROSECOND, "park", "offline")
    first = told(at(0), following, rules=SILENT_AFTER_AN_HOUR).intervals[0]
    assert (first.closed_by, first.silenced, first.microseconds) == (Closing.SILENCE, MICROSECOND, 3_600_000_000)


def test_silence_that_lasts_to_the_end_of_the_period_exactly_is_the_periods_end() -> None:
    (only,) = told(at(23), rules=SILENT_AFTER_AN_HOUR).intervals
    assert (only.closed_by, only.silenced) == (Closing.PERIOD_END, 0 * HOUR)


def test_another_parks_intervals_know_no_silence_of_ours() -> None:
    (only,) = told(at(0, park_id="other"), rules=SILENT_AFTER_AN_HOUR).intervals
    assert (hours(only), only.closed_by) == ((0, 24), Closing.PERIOD_END)


def test_the_last_event_before_the_period_is_carried_in() -> None:
    first, _ = told(at(4, "offline"), carried=at(-2), too_old=at(-3, "offline")).intervals
    assert (first.carried_in, first.opened_at, hours(first), first.active) == (True, at(-2).at, (0, 4), True)


def test_silence_counts_from_the_event_that_is_carried_in() -> None:
    (only,) = told(carried=at(-0.25), rules=SILENT_AFTER_AN_HOUR).intervals
    assert (hours(only), only.closed_by, only.silenced) == ((0, 0.75), Closing.SILENCE, 23.25 * HOUR)


@pytest.mark.parametrize("before", [1, 1.5, 700])
def test_an_event_that_fell_silent_before_the_period_is_refused_and_told(before: float) -> None:
    found = told(at(2), carried=at(-before), rules=SILENT_AFTER_AN_HOUR)
    assert [hours(each) for each in found.intervals] == [(2, 3)]
    expected = RefusedCarryIn("park", True, "online", at(-before).at, at(2).at, Refusal.SILENCE)
    assert found.refused == expected


def test_an_event_older_than_the_lookback_is_refused_and_told() -> None:
    found = told(too_old=at(-800, "offline", "other"))
    assert found.intervals == ()
    assert found.refused == RefusedCarryIn("other", False, "offline", at(-800).at, DAY.end, Refusal.TOO_OLD)
    assert not found.has_line
    assert found.day_seconds == (0,)


def test_an_event_at_the_start_of_the_period_leaves_nothing_to_carry_in_or_to_refuse() -> None:
    for carried, too_old in ((at(-2), None), (None, at(-900)), (at(-1), None)):
        found = told(at(0, "offline"), carried=carried, too_old=too_old, rules=SILENT_AFTER_AN_HOUR)
        assert found.refused is None
        assert [(each.status, each.carried_in) for each in found.intervals] == [("offline", False)]


def test_of_several_events_at_one_microsecond_the_last_in_the_order_stands() -> None:
    crowd = [at(1, "a", "park"), at(1, "z", "park"), at(1, "b", "другой"), at(1, "a", "другой")]
    found = told(at(0), *crowd, at(2))
    assert [(each.park_id, each.status, hours(each)) for each in found.intervals] == [
        ("park", "online", (0, 1)),
        ("другой", "b", (1, 2)),
        ("park", "online", (2, 24)),
    ]
    assert found.intervals[0].next_status == "b"
    assert [(each.park_id, each.status) for each in found.superseded] == [("park", "a"), ("park", "z"), ("другой", "a")]


def test_of_the_last_events_before_the_period_the_last_in_the_order_is_carried_in() -> None:
    parks = tuple(Sightings(park, START - HOUR, START - HOUR, "online", 1) for park in ("other", "park"))
    later = Sightings("aa", START - 3 * HOUR, START - 2 * HOUR, "z", 2)
    history = DeviceHistory("device", 30, lookback=(later, *parks))
    assert history.carried == Event(START - HOUR, "park", "online")
    assert timeline(history, DAY, "park", ONLINE).day_seconds == (86_400,)
    assert timeline(history, DAY, "other", ONLINE).day_seconds == (0,)


def test_a_line_is_there_for_an_inactive_interval_too_but_not_for_other_parks_ones() -> None:
    assert told(at(1, "offline")).has_line
    assert not told(at(1, park_id="other")).has_line
    assert not told().has_line


def test_seconds_are_whole_only_once_a_day_is_summed_up() -> None:
    half, rest = dt.timedelta(microseconds=500_000), dt.timedelta(microseconds=499_999)
    begins = [START, START + HOUR]
    events = [Event(begins[0], "park", "online"), Event(begins[0] + half, "park", "off")]
    assert told(*events).day_seconds == (0,)
    events += [Event(begins[1], "park", "online"), Event(begins[1] + half, "park", "off")]
    assert told(*events).day_seconds == (1,)
    events[-1] = Event(begins[1] + rest, "park", "off")
    assert told(*events).day_seconds == (0,)


def test_intervals_are_cut_at_local_midnights() -> None:
    begins = THREE_DAYS.start + 20 * HOUR
    history = DeviceHistory("device", 30, (Event(begins, "park", "online"), Event(begins + 30 * HOUR, "park", "off")))
    found = timeline(history, THREE_DAYS, "park", ONLINE)
    assert found.day_seconds == (4 * 3600, 24 * 3600, 2 * 3600)
    assert [[piece.interval.status for piece in day.pieces] for day in found.days] == [
        ["online"],
        ["online"],
        ["online", "off"],
    ]
    assert [day.date for day in found.days] == list(THREE_DAYS.days)
    assert found.days[1].pieces[0].begins == found.days[1].begins == THREE_DAYS.midnights[1]


def test_days_of_23_and_25_hours_and_a_day_that_does_not_exist() -> None:
    for name, days, zone, expected in (
        (dt.date(2026, 3, 28), 3, "Europe/Berlin", (24, 23, 24)),
        (dt.date(2026, 10, 24), 3, "Europe/Berlin", (24, 25, 24)),
        (dt.date(2011, 12, 29), 4, "Pacific/Apia", (24, 0, 24, 24)),
    ):
        period = Period("some", name, name + dt.timedelta(days=days), zone)
        history = DeviceHistory("device", 30, (Event(period.start, "park", "online"),))
        found = timeline(history, period, "park", ONLINE)
        assert found.day_seconds == tuple(3600 * each for each in expected)
        assert [bool(day.pieces) for day in found.days] == [each > 0 for each in expected]


def test_events_that_only_repeat_a_status_merge_into_one_interval() -> None:
    beats = [at(each / 2) for each in range(2, 6)]
    found = told(*beats, at(3, "offline"), carried=at(-1))
    (only, rest) = merged(found.intervals)
    assert (hours(only), only.events, only.opened_at, only.carried_in) == ((0, 3), 5, at(-1).at, True)
    assert (only.closed_by, only.next_status) == (Closing.NEXT_EVENT, "offline")
    assert rest.events == 1


def test_what_silence_or_another_park_keeps_apart_does_not_merge() -> None:
    found = told(at(1), at(1.5), at(4), at(4.5, park_id="other"), at(5), rules=SILENT_AFTER_AN_HOUR)
    assert [(hours(each), each.own, each.events) for each in merged(found.intervals)] == [
        ((1, 2.5), True, 2),
        ((4, 4.5), True, 1),
        ((4.5, 5), False, 1),
        ((5, 6), True, 1),
    ]
    assert list(merged([])) == []


@pytest.mark.parametrize("seconds", [10**9, 10**30, None])
def test_a_silence_limit_without_end_is_none(seconds: int | None) -> None:
    rules = ActivityRules(("online",), max_silence_seconds=seconds)
    assert told(carried=at(-700), rules=rules).day_seconds == (86_400,)


def random_history(random: Random, period: Period) -> DeviceHistory:
    length = (period.end - period.start) // MICROSECOND
    instants = [random.choice([0, 1, length - 1, random.randrange(length)]) for _ in range(random.randint(0, 12))]
    names = [random.choice(["park", "other", "third"]) for _ in range(14)]
    events = {
        Event(period.start + instant * MICROSECOND, park_id, random.choice(["online", "off"]))
        for instant, park_id in zip(instants * 2, names * 2, strict=False)
    }
    carried, too_old = (
        Event(period.start - random.randint(*span) * MICROSECOND, random.choice(names), "online")
        for span in ((1, 8_000_000_000), (10**12, 2 * 10**12))
    )
    return DeviceHistory(
        "device",
        10,
        tuple(sorted(events)),
        seen(carried) if random.random() < 0.5 else (),
        seen(too_old) if random.random() < 0.5 else (),
    )


@settings(max_examples=300, deadline=None, database=None)
@given(random=st.randoms(use_true_random=False), silence=st.sampled_from([None, 1, 3600, 40_000]))
def test_every_microsecond_of_the_period_is_told_once(random: Random, silence: int | None) -> None:
    period = random.choice([DAY, THREE_DAYS, Period("some", dt.date(2026, 3, 28), dt.date(2026, 3, 31), "Asia/Gaza")])
    history = random_history(random, period)
    views = {
        park_id: timeline(history, period, park_id, ActivityRules(("online",), max_silence_seconds=silence))
        for park_id in ("park", "other", "third")
    }
    for found in views.values():
        reached = found.refused.until if found.refused else None
        if reached is None:
            reached = period.start if history.carried else history.events[0].at if history.events else period.end
        for interval in found.intervals:
            assert interval.begins == reached < interval.ends
            reached = interval.ends + interval.silenced
        assert reached == period.end
        pieces = [piece for day in found.days for piece in day.pieces]
        assert sum(piece.microseconds for piece in pieces) == sum(each.microseconds for each in found.intervals)
        assert all(day.begins <= piece.begins < piece.ends <= day.ends for day in found.days for piece in day.pieces)
        days = local_days(merged(found.intervals), period)
        assert [day.active_microseconds for day in days] == [day.active_microseconds for day in found.days]
    paid = sum(each.microseconds for found in views.values() for each in found.intervals if each.own)
    assert paid <= (period.end - period.start) // MICROSECOND
