"""Rules between tiers, limits and versions: no quantity without a price, no day paid twice or never."""

import datetime as dt
from decimal import Decimal
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from signalq_billing.domain.config import Limits
from signalq_billing.domain.config_rules import (
    STORED,
    Place,
    PlacedVersion,
    change_dates,
    limit_problems,
    tier_problems,
    timeline_problems,
)
from signalq_billing.domain.period import Cadence, Every, local_midnight

DAY = dt.date(2026, 1, 1)
DAILY = Cadence("daily", Every.DAY, 1, DAY, "Europe/Moscow")
WEEKLY = Cadence("weekly", Every.WEEK, 1, dt.date(2026, 1, 5), "Europe/Moscow")
MONTHLY = Cadence("monthly", Every.MONTH, 1, DAY, "Europe/Moscow")
YEKATERINBURG = Cadence("ykt", Every.DAY, 1, DAY, "Asia/Yekaterinburg")
ISTANBUL = Cadence("istanbul", Every.MONTH, 1, DAY, "Europe/Istanbul")  # the same instants as Moscow
BERLIN = Cadence("berlin", Every.DAY, 1, DAY, "Europe/Berlin")
KIRITIMATI = Cadence("kiritimati", Every.DAY, 1, DAY, "Pacific/Kiritimati")  # UTC+14
HONOLULU = Cadence("honolulu", Every.DAY, 1, DAY, "Pacific/Honolulu")  # UTC-10: the same midnights, a day apart
LATE = Cadence("late", Every.DAY, 1, dt.date(2027, 1, 1), "Europe/Moscow")
CADENCES = {
    each.name: each for each in (DAILY, WEEKLY, MONTHLY, YEKATERINBURG, ISTANBUL, BERLIN, KIRITIMATI, HONOLULU, LATE)
}


def version(date: str, cadence: str = "", park_id: str = "p", line: int = 1) -> PlacedVersion:
    return PlacedVersion(park_id, dt.date.fromisoformat(date), cadence, Place("f", line), Place("f", line + 100))


def told(*versions: PlacedVersion) -> list[str]:
    return [str(problem) for problem in timeline_problems(versions, CADENCES)]


def ends(*numbers: int | None) -> list[Decimal | None]:
    return [None if number is None else Decimal(number) for number in numbers]


@pytest.mark.parametrize("good", [ends(None), ends(5, None), ends(1, 2, 3, None)])
def test_ascending_tiers_with_an_open_end_are_good(good: list[Decimal | None]) -> None:
    assert list(tier_problems(good)) == []


@pytest.mark.parametrize(
    ("bad", "where"),
    [
        (ends(5), [0]),
        (ends(None, None), [0]),
        (ends(5, None, None), [1]),
        (ends(0, None), [0]),
        (ends(-1, None), [0]),
        (ends(5, 5, None), [1]),
        (ends(5, 4, None), [1]),
        (ends(5, None, 4), [1, 2, 2]),
        (ends(3, 2, 1, None), [1, 2]),
    ],
)
def test_tiers_with_gaps_are_told_where_they_are(bad: list[Decimal | None], where: list[int]) -> None:
    assert [index for index, _ in tier_problems(bad)] == where


@settings(deadline=None)
@given(st.lists(st.none() | st.decimals(-5, 20, places=1), min_size=1, max_size=5))
def test_tiers_are_good_exactly_when_they_cover_every_quantity_once(numbers: list[Decimal | None]) -> None:
    bounds = [Decimal(0), *(Decimal("Infinity") if number is None else number for number in numbers)]
    covers = bounds[-1].is_infinite() and all(low < high for low, high in pairwise(bounds))
    assert (not list(tier_problems(numbers))) == covers


def test_a_minimum_may_equal_its_maximum_but_not_pass_it() -> None:
    assert list(limit_problems(Limits(*[Decimal(5)] * 4))) == []
    assert list(limit_problems(Limits(park_min=Decimal(5), device_max=Decimal(1)))) == []
    assert list(limit_problems(Limits(Decimal("2.50"), Decimal(2), Decimal(3), Decimal(1)))) == [
        ("device_min", "2.5 is above device_max, which is 2"),
        ("park_min", "3 is above park_max, which is 1"),
    ]


def test_a_change_of_cadence_on_a_day_that_starts_both_is_good() -> None:
    assert told(version("2026-11-02", "weekly"), version("2027-02-01", "monthly")) == []


def test_versions_of_one_cadence_may_begin_on_any_day() -> None:
    assert told(version("2026-11-02", "monthly"), version("2026-11-17", "monthly")) == []


def test_the_first_version_may_begin_on_any_day() -> None:
    assert told(version("2026-11-17", "monthly")) == []


@pytest.mark.parametrize(
    ("date", "idle", "dates"),
    [
        ("2026-12-01", "weekly", "2027-02-01"),
        ("2027-02-02", "weekly or monthly", "2027-02-01 and 2027-03-01"),
        ("2027-02-08", "monthly", "2027-02-01 and 2027-03-01"),
    ],
)
def test_an_untimely_change_of_cadence_is_told_with_the_nearest_dates_that_would_do(
    date: str, idle: str, dates: str
) -> None:
    assert told(version("2026-11-17", "weekly"), version(date, "monthly", line=7)) == [
        f"f:7: park p effective_from: the cadence cannot change from weekly to monthly on {date}: no period of {idle} "
        f"starts then, so days would be paid twice or never; the nearest dates that would do: {dates}"
    ]


def test_zones_are_compared_as_instants() -> None:
    assert told(version("2026-11-17", "daily"), version("2026-12-01", "istanbul")) == []
    assert told(version("2026-11-17", "kiritimati"), version("2026-12-01", "honolulu")) == []


def test_zones_whose_midnights_never_meet_have_no_date_to_offer() -> None:
    [only] = told(version("2026-11-17", "daily"), version("2026-12-01", "ykt"))
    assert only.endswith("paid twice or never; no date within years would do")
    assert "no period of daily starts then" in only


def test_zones_whose_midnights_do_not_meet_now_may_meet_in_another_season() -> None:
    sofia = Cadence("sofia", Every.DAY, 1, DAY, "Europe/Sofia")  # UTC+3, like Moscow, in summer only
    assert change_dates(DAILY, sofia, dt.date(2026, 12, 1), dt.date(2026, 5, 1)) == (
        dt.date(2026, 10, 25),
        dt.date(2027, 3, 29),
    )


def test_versions_that_pay_nothing_between_do_not_make_an_untimely_change_good() -> None:
    versions = version("2026-11-02", "weekly"), version("2026-12-15"), version("2027-01-13", "monthly", line=9)
    [only] = told(*versions)
    assert only.startswith("f:9: park p effective_from: the cadence cannot change from weekly to monthly on 2027-01-13")


def test_each_change_is_compared_with_the_version_right_before_it_in_time() -> None:
    shuffled = version("2027-03-01", "weekly"), version("2026-11-02", "weekly"), version("2027-02-01", "monthly")
    assert told(*shuffled) == []


def test_before_its_anchor_a_cadence_starts_no_period() -> None:
    [only] = told(version("2026-11-02", "weekly"), version("2026-11-09", "late"))
    assert "no period of late starts then" in only
    assert only.endswith("the nearest dates that would do: 2027-01-04")


def test_dates_before_the_version_that_is_changed_from_are_not_offered() -> None:
    assert change_dates(WEEKLY, MONTHLY, dt.date(2027, 2, 10), dt.date(2027, 2, 1)) == (None, dt.date(2027, 3, 1))
    assert change_dates(WEEKLY, MONTHLY, dt.date(2027, 2, 10), dt.date(2027, 1, 31))[0] == dt.date(2027, 2, 1)


@settings(deadline=None)
@given(
    old=st.sampled_from([*CADENCES.values()]),
    new=st.sampled_from([*CADENCES.values()]),
    around=st.dates(dt.date(2026, 1, 1), dt.date(2028, 1, 1)),
)
def test_every_date_that_is_offered_is_accepted(old: Cadence, new: Cadence, around: dt.date) -> None:
    after = dt.date(2026, 3, 1)
    for date in change_dates(old, new, around, after):
        if date is not None:
            assert told(version(str(after), old.name), version(str(date), new.name)) == []
            instant = local_midnight(date, new.timezone)
            assert old.containing_instant(instant).start == instant == new.containing_instant(instant).start


def test_two_versions_of_one_date_are_told_once_each_beyond_the_first() -> None:
    twice = version("2026-11-02", "weekly", line=1), version("2026-11-02", "weekly", line=5), version("2026-11-02")
    assert [line.split(": ", 1)[0] for line in told(*twice)] == ["f:5", "f:1"]
    assert "2026-11-02 has a version already, at f:1; a park has one version per date" in told(*twice)[0]


def test_parks_do_not_mix() -> None:
    assert told(version("2026-11-02", "weekly", "a"), version("2026-11-02", "monthly", "b")) == []
    assert told(version("2026-11-02", "weekly", "a"), version("2026-11-04", "monthly", "b")) == []


def test_an_unknown_cadence_is_told_where_it_is_named() -> None:
    assert told(version("2026-11-02", "wekly")) == [
        "f:101: park p cadence: there is no cadence 'wekly' in cadences.yaml; did you mean 'weekly'?"
    ]


def test_a_stored_version_that_needs_a_cadence_that_is_gone_is_told_by_its_date() -> None:
    gone = PlacedVersion("p", DAY, "gone", STORED, STORED)
    assert told(gone) == [
        "stored in the database: park p cadence: version 2026-01-01 needs it: there is no cadence 'gone' in "
        "cadences.yaml; known are berlin, daily, honolulu, istanbul, kiritimati, late, monthly, weekly, ykt"
    ]


def test_names_known_to_exist_though_not_usable_are_not_called_unknown() -> None:
    versions = [version("2026-11-02", "broken"), version("2026-11-04", "weekly")]
    assert timeline_problems(versions, CADENCES, {*CADENCES, "broken"}) == []
