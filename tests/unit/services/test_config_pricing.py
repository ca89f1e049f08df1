"""The version that prices a park when a directory is tried on a period that is over."""

import datetime as dt

from signalq_billing.domain.config import ParkConfig
from signalq_billing.services.config_pricing import Priced, priced
from tests.unit.services.test_configs import MONTHLY, WEEKLY, configs, version

WEEK = WEEKLY.starting(dt.date(2026, 11, 16))
OCTOBER = MONTHLY.starting(dt.date(2026, 10, 1))
NEXT = "2026-11-30"


def pricing(stored: list[ParkConfig], *wanted: ParkConfig) -> Priced:
    return priced(configs(*wanted), stored, WEEK)


def test_a_version_that_takes_effect_later_prices_the_period_and_the_last_of_several() -> None:
    now, later, latest = version(), version("p", NEXT, amount=12), version("p", "2026-12-28", amount=13)
    assert pricing([now], now, later).configs == (later,)
    assert pricing([now], now, later, latest).configs == (latest,)


def test_a_version_that_comes_earlier_than_the_one_in_force_changes_nothing() -> None:
    assert pricing([version()], version("p", "2026-10-05", amount=12)).configs == (version(),)


def test_what_is_applied_already_does_not_price_before_it_takes_effect() -> None:
    stored = [version(), version("p", NEXT, amount=12)]
    assert pricing(stored, *stored).configs == (version(),)
    changed = version("p", NEXT, amount=13)
    assert pricing(stored, version(), changed).configs == (changed,)


def test_a_park_that_begins_later_is_priced_and_one_that_the_directory_has_not_stays() -> None:
    assert pricing([version("kept")], version("new", NEXT)).configs == (version("kept"), version("new", NEXT))


def test_a_park_whose_newest_version_is_disabled_would_be_paid_nothing() -> None:
    found = pricing([version()], version(), version("p", NEXT, enabled=False))
    assert found == Priced((), {"p": dt.date(2026, 11, 30)}, {})


def test_a_park_that_moves_to_another_cadence_is_compared_in_neither() -> None:
    moved = version("p", "2027-02-01", "monthly")
    reason = {"p": "version 2027-02-01 moves it from cadence weekly to monthly"}
    assert pricing([version()], version(), moved) == Priced((), {}, reason)
    month = priced(configs(version("p", "2026-09-07"), moved), [version("p", "2026-09-07")], OCTOBER)
    assert month == Priced((), {}, reason)
    assert pricing([], version(), moved) == Priced((), {}, reason)


def test_a_park_that_the_directory_moves_before_the_period_is_not_compared_either() -> None:
    reason = {"p": "version 2026-11-02 moves it from cadence weekly to monthly"}
    assert pricing([version()], version("p", cadence="monthly")) == Priced((), {}, reason)
    found = pricing([version()], version("p", cadence="monthly"), version("p", "2026-12-01", "monthly", amount=12))
    assert found == Priced((), {}, {"p": "version 2026-12-01 moves it from cadence weekly to monthly"})


def test_a_park_moved_long_ago_is_compared() -> None:
    stored = [version("p", "2026-06-01", "monthly"), version("p", "2026-11-02")]
    assert pricing(stored, *stored, version("p", NEXT, amount=12)).configs == (version("p", NEXT, amount=12),)


def test_a_park_of_another_cadence_is_none_of_this_period() -> None:
    monthly = version("p", "2026-10-01", "monthly")
    assert pricing([monthly], monthly, version("p", "2026-12-01", "monthly", amount=12)) == Priced((), {}, {})


def test_a_choice_for_what_is_in_force_leaves_out_what_takes_effect_later() -> None:
    wanted = configs(version("p", "2026-11-16", amount=11), version("p", NEXT, amount=12))
    assert priced(wanted, [version()], WEEK, in_force=True).configs == (version("p", "2026-11-16", amount=11),)


def test_parks_are_sorted_as_payouts_are() -> None:
    parks = ["б", "a", "é", "B"]
    assert [each.park_id for each in pricing([], *map(version, parks)).configs] == ["B", "a", "é", "б"]
