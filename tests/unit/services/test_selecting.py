"""What a person names is checked at once, and the answer says what would be right."""

import datetime as dt

import pytest

from signalq_billing.domain.period import Cadence, Every
from signalq_billing.errors import PeriodNotOver, UsageError
from signalq_billing.services.selecting import cadence_named, configs_for, parse_date, period_named
from tests.unit.domain.builders import WEEKLY, config, period

NOW = dt.datetime(2026, 11, 23, 12, tzinfo=dt.UTC)


@pytest.mark.parametrize("text", ["", "20261116", "2026-W47-1", "16.11.2026", "2026-11-31", "9999-12-31", "0001-01-01"])
def test_a_date_is_written_in_one_way(text: str) -> None:
    with pytest.raises(UsageError, match="YYYY-MM-DD"):
        parse_date(text)


def test_an_unknown_cadence_is_told_which_there_are() -> None:
    with pytest.raises(UsageError, match="it has weekly_msk"):
        cadence_named({"weekly_msk": WEEKLY}, "weekly")


def test_nothing_named_is_the_last_complete_period() -> None:
    assert period_named(WEEKLY, None, NOW) == period()


def test_before_the_first_period_ends_there_is_none() -> None:
    young = Cadence("young", Every.MONTH, 1, dt.date(2026, 11, 1), "UTC")
    with pytest.raises(PeriodNotOver, match="anchor is 2026-11-01"):
        period_named(young, None, NOW)


def test_all_parks_in_force_are_paid_unless_some_are_named() -> None:
    versions = [config(park_id="b"), config(park_id="a")]
    cadences = {WEEKLY.name: WEEKLY}
    assert [each.park_id for each in configs_for(versions, cadences, period())] == ["a", "b"]
    assert [each.park_id for each in configs_for(versions, cadences, period(), ["b"])] == ["b"]


def test_parks_that_cannot_be_paid_are_all_named() -> None:
    versions = [config(park_id="park-1")]
    with pytest.raises(UsageError, match=r"no park 'park-2'; did you mean 'park-1'\?; there is no park 'zzz'"):
        configs_for(versions, {WEEKLY.name: WEEKLY}, period(), ["park-2", "zzz"])
    early = WEEKLY.starting(dt.date(2026, 1, 5))
    late = [config(park_id="new")]
    assert configs_for(late, {WEEKLY.name: WEEKLY}, early)
    from dataclasses import replace

    with pytest.raises(UsageError, match="has no config in force"):
        configs_for([replace(late[0], effective_from=dt.date(2026, 6, 1))], {WEEKLY.name: WEEKLY}, early, ["new"])
