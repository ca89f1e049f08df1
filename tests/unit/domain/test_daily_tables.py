"""A directory of daily tables: what they are called, and whose rows each may hold."""

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from signalq_billing.domain.source import DailyTables, check_daily_name

MONDAY = dt.datetime(2026, 11, 2, tzinfo=dt.UTC)
HOUR, DAY = dt.timedelta(hours=1), dt.timedelta(days=1)


def named(name: str) -> DailyTables:
    return DailyTables("//home/history", name)


@pytest.mark.parametrize("name", ["%Y-%m-%d", "%Y%m%d", "events.%d.%m.%Y (100%%)", "день %Y%%%m%d"])
@given(day=st.dates(dt.date(1970, 1, 1), dt.date(2199, 12, 31)))
def test_a_name_tells_its_day_back(name: str, day: dt.date) -> None:
    directory, _, found = named(name).path(day).rpartition("/")
    assert directory == "//home/history"
    assert named(name).day(found) == day


@pytest.mark.parametrize(
    "name", ["2026-11-2", "2026-11-02.tmp", "x2026-11-02", "2026-13-01", "2026-02-30", "latest", ""]
)
def test_what_is_no_day_is_no_daily_table(name: str) -> None:
    assert named("%Y-%m-%d").day(name) is None


@pytest.mark.parametrize("name", ["status", "%Y-%m", "%Y-%m-%d-%d", "%Y-%m-%D", "%Y/%m/%d", "%Y-%m-%d %H", "%Y-%m-%d%"])
def test_a_name_that_does_not_tell_the_day_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="%Y, %m and %d"):
        check_daily_name(name)


def test_days_are_those_of_the_tables_own_zone() -> None:
    start, end = MONDAY - 3 * HOUR, MONDAY + DAY - 3 * HOUR  # a day of Moscow
    assert DailyTables("//x", timezone="Europe/Moscow").days(start, end) == [MONDAY.date()]
    assert DailyTables("//x").days(start, end) == [MONDAY.date() - DAY, MONDAY.date()]
    around = DailyTables("//x", timezone="Europe/Moscow").days(start, end, around=1)
    assert around == [MONDAY.date() - DAY, MONDAY.date(), MONDAY.date() + DAY]


def test_the_end_of_a_day_is_not_in_it() -> None:
    assert DailyTables("//x").days(MONDAY, MONDAY + DAY) == [MONDAY.date()]


@given(
    micros=st.integers(0, 3 * 86_400_000_000),
    tables=st.sampled_from(["Pacific/Kiritimati", "Etc/GMT+12", "Asia/Kathmandu", "Europe/Moscow"]),
)
def test_a_margin_of_one_day_is_enough_for_days_of_any_zone(micros: int, tables: str) -> None:
    """Somebody who does not know the zone of the tables' days reads all rows all the same."""
    at = MONDAY + dt.timedelta(microseconds=micros)
    [own] = DailyTables("//x", timezone=tables).days(at, at + dt.timedelta(microseconds=1))
    assert own in DailyTables("//x").days(at, at + dt.timedelta(microseconds=1), around=1)
