"""Periods: local midnights in every zone, whatever its clocks do."""

import datetime as dt
import zoneinfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from signalq_billing.domain.period import Cadence, Every, local_midnight
from signalq_billing.errors import UsageError

UTC = dt.UTC
ZONES = sorted(zoneinfo.available_timezones() - {"localtime", "Factory", "posixrules"})


def cadence(**keys: object) -> Cadence:
    return Cadence(
        **(
            {"name": "c", "every": Every.WEEK, "count": 1, "anchor": dt.date(2026, 1, 5), "timezone": "Europe/Moscow"}
            | keys
        )
    )  # type: ignore[arg-type]


def test_a_day_begins_at_local_midnight() -> None:
    assert local_midnight(dt.date(2026, 11, 2), "Europe/Moscow") == dt.datetime(2026, 11, 1, 21, tzinfo=UTC)


@pytest.mark.parametrize(
    ("zone", "day", "begins"),
    [
        ("America/Sao_Paulo", dt.date(2018, 11, 4), dt.datetime(2018, 11, 4, 3, tzinfo=UTC)),  # 00:00 -> 01:00
        ("America/Havana", dt.date(2026, 11, 1), dt.datetime(2026, 11, 1, 4, tzinfo=UTC)),  # 00:00 comes twice
        ("America/Toronto", dt.date(1919, 3, 31), dt.datetime(1919, 3, 31, 4, 30, tzinfo=UTC)),  # 23:30 -> 00:30
        ("Pacific/Apia", dt.date(2011, 12, 30), dt.datetime(2011, 12, 30, 10, tzinfo=UTC)),  # no such day
        ("Asia/Kolkata", dt.date(2026, 1, 1), dt.datetime(2025, 12, 31, 18, 30, tzinfo=UTC)),
    ],
)
def test_a_day_without_a_plain_midnight_begins_at_its_first_instant(
    zone: str, day: dt.date, begins: dt.datetime
) -> None:
    assert local_midnight(day, zone) == begins


@settings(max_examples=300)
@given(st.sampled_from(ZONES), st.dates(dt.date(2000, 1, 2), dt.date(2037, 12, 30)))
def test_days_begin_in_order_and_at_the_first_instant_that_shows_their_date(zone: str, day: dt.date) -> None:
    begins = local_midnight(day, zone)
    tz = zoneinfo.ZoneInfo(zone)
    assert (
        local_midnight(day - dt.timedelta(days=1), zone) <= begins <= local_midnight(day + dt.timedelta(days=1), zone)
    )
    assert begins.astimezone(tz).date() >= day
    assert (begins - dt.timedelta(microseconds=1)).astimezone(tz).date() < day


def test_weeks_are_counted_from_the_anchor() -> None:
    period = cadence(count=2).starting(dt.date(2026, 1, 19))
    assert (period.name, period.end_date) == (dt.date(2026, 1, 19), dt.date(2026, 2, 2))


def test_months_keep_the_anchors_day() -> None:
    monthly = cadence(every=Every.MONTH, count=3, anchor=dt.date(2025, 11, 28))
    assert [monthly.nth(k).name for k in range(3)] == [
        dt.date(2025, 11, 28),
        dt.date(2026, 2, 28),
        dt.date(2026, 5, 28),
    ]


def test_a_date_that_starts_no_period_names_the_nearest() -> None:
    with pytest.raises(UsageError, match="2026-11-02 and 2026-11-09"):
        cadence().starting(dt.date(2026, 11, 4))


def test_there_is_no_period_before_the_anchor() -> None:
    with pytest.raises(UsageError, match="anchor"):
        cadence().starting(dt.date(2025, 12, 29))


cadences = st.builds(
    cadence,
    every=st.sampled_from(Every),
    count=st.integers(1, 5),
    anchor=st.dates(dt.date(2015, 1, 1), dt.date(2030, 1, 1)).map(lambda day: day.replace(day=min(day.day, 28))),
    timezone=st.sampled_from(
        ["Europe/Moscow", "America/Sao_Paulo", "Asia/Kathmandu", "Africa/Cairo", "America/Havana"]
    ),
)


@settings(max_examples=200)
@given(cadences, st.integers(0, 300))
def test_periods_follow_each_other_without_gap_or_overlap(each: Cadence, k: int) -> None:
    period, following = each.nth(k), each.nth(k + 1)
    assert period.end == following.start > period.start
    assert each.following(period) == following
    assert each.preceding(following) == period
    assert each.starting(period.name) == period
    assert each.starts_at(period.name)
    assert len(period.midnights) == len(period.days) + 1
    assert period.midnights[0] == period.start
    assert period.midnights[-1] == period.end


@settings(max_examples=200)
@given(cadences, st.integers(0, 300), st.floats(0, 0.999999))
def test_every_instant_lies_in_the_period_found_for_it(each: Cadence, k: int, share: float) -> None:
    period = each.nth(k)
    instant = period.start + (period.end - period.start) * share
    assert each.containing_instant(instant) == period


@settings(max_examples=200)
@given(cadences, st.integers(0, 300), st.integers(0, 86_399_999_999))
def test_the_last_complete_period_is_the_newest_that_is_over(each: Cadence, k: int, offset: int) -> None:
    now = each.nth(k).end + dt.timedelta(microseconds=offset)
    last = each.last_complete(now)
    assert last is not None
    assert last.end <= now < each.following(last).end


def test_no_period_is_complete_before_the_first_one_ends() -> None:
    assert cadence().last_complete(dt.datetime(2026, 1, 8, tzinfo=UTC)) is None
