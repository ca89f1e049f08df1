"""Versions that applying would add or change, each against what it takes the place of; and which periods to compare."""

import datetime as dt

import pytest

from signalq_billing.domain.config import ParkConfig
from signalq_billing.domain.config_changes import ChangeKind
from signalq_billing.errors import PeriodNotOver, UsageError
from signalq_billing.services.config_diff import ConfigDiff, diff, merged
from signalq_billing.services.config_money import periods_to_compare
from signalq_billing.services.configs import check
from tests.unit.services.test_configs import configs, version

NOW = dt.datetime(2026, 11, 23, 12, tzinfo=dt.UTC)


def compared(stored: list[ParkConfig], *wanted: ParkConfig) -> ConfigDiff:
    found = configs(*wanted)
    return diff(found, stored, check(found, stored))


def test_an_added_version_is_held_against_the_one_in_front_of_it_wherever_that_stands() -> None:
    stored = [version("p", "2026-11-02", amount=10), version("q", "2026-11-02", amount=10)]
    found = compared(
        stored,
        version("p", "2026-11-16", amount=11),
        version("p", "2026-11-23", amount=12),
        version("q", "2026-10-05", amount=9),
    )
    assert [
        (change.config.park_id, change.config.version, change.summary.split(":")[0]) for change in found.changes
    ] == [
        ("p", "2026-11-16", "charge.unit_amount 10 -> 11"),
        ("p", "2026-11-23", "charge.unit_amount 11 -> 12"),
        ("q", "2026-10-05", "first version"),
    ]
    assert [change.before.version for change in found.changes if change.before] == ["2026-11-02", "2026-11-16"]
    assert [config.park_id for config in found.kept] == ["p", "q"]


def test_a_changed_version_is_held_against_itself_as_it_stands() -> None:
    stored = [version("p", "2026-10-05", amount=5), version("p", "2026-11-02", amount=10)]
    found = compared(stored, version("p", "2026-10-05", amount=5), version("p", "2026-11-02", amount=11))
    [change] = found.of(ChangeKind.CHANGED)
    assert (change.before, change.summary) == (stored[1], "charge.unit_amount 10 -> 11")
    assert (found.of(ChangeKind.ADDED), found.unchanged, found.kept) == ([], 1, ())


def test_a_park_is_never_held_against_another_one() -> None:
    found = compared([version("a", amount=10)], version("a", amount=10), version("b", amount=11))
    assert [change.before for change in found.changes] == [None]


def test_what_would_stand_is_the_directory_over_the_store() -> None:
    stored = [version("p", amount=10), version("gone")]
    assert merged(configs(version("p", amount=11)), stored) == [version("gone"), version("p", amount=11)]


def test_the_last_complete_period_of_every_cadence_is_compared() -> None:
    assert [str(period) for period in periods_to_compare(configs(), (), None, NOW)] == [
        "monthly 2026-10-01",
        "weekly 2026-11-16",
    ]
    assert [str(period) for period in periods_to_compare(configs(), ["weekly", "weekly"], None, NOW)] == [
        "weekly 2026-11-16"
    ]


def test_a_date_chooses_the_cadences_with_a_period_on_it() -> None:
    assert [str(each) for each in periods_to_compare(configs(), (), dt.date(2026, 11, 2), NOW)] == ["weekly 2026-11-02"]
    with pytest.raises(
        UsageError, match=r"no period of any cadence starts on 2026-11-03; cadences are monthly, weekly"
    ):
        periods_to_compare(configs(), (), dt.date(2026, 11, 3), NOW)
    with pytest.raises(UsageError, match=r"no period of cadence monthly starts on 2026-11-02"):
        periods_to_compare(configs(), ["monthly"], dt.date(2026, 11, 2), NOW)


def test_a_period_that_still_runs_is_not_compared() -> None:
    with pytest.raises(PeriodNotOver):
        periods_to_compare(configs(), (), dt.date(2026, 11, 23), NOW)
