"""Payouts: eligibility, limits, scopes, and the one rounding point."""

from decimal import Decimal
from fractions import Fraction

import pytest

from signalq_billing.domain.activity import DeviceActivity
from signalq_billing.domain.charge import Flat, Graduated, Package, Standard, Tier
from signalq_billing.domain.compute import compute_payout
from signalq_billing.domain.config import Limits, ParkConfig, Rounding, Scope
from signalq_billing.domain.payout import Payout
from tests.unit.domain.builders import config, device, period

D = Decimal


def compute(terms: ParkConfig, *devices: DeviceActivity) -> Payout:
    return compute_payout(terms, period(), devices)


def amounts(payout: Payout) -> list[str]:
    return [str(line.amount) for line in payout.lines]


def test_a_device_below_the_minimum_of_active_days_earns_nothing_and_is_told_why() -> None:
    payout = compute(config(min_active_days=3), device("a", days=2), device("b", days=3))
    assert amounts(payout) == ["0.00", "30.00"]
    assert [line.reason for line in payout.lines] == ["below_min_active_days", None]


def test_a_day_counts_from_the_threshold_on() -> None:
    payout = compute(config(min_seconds=100), DeviceActivity("a", (99, 100, 101)))
    assert payout.lines[0].active_days == 2
    assert payout.lines[0].active_seconds == 300


def test_hours_count_every_second_of_every_day() -> None:
    payout = compute(config(Standard(D("36")), unit="active_hour", min_seconds=1000), DeviceActivity("a", (1000, 250)))
    assert payout.lines[0].units == Fraction(1250, 3600)
    assert payout.total == D("12.50")


def test_an_active_device_counts_as_one_only_if_eligible() -> None:
    payout = compute(config(unit="active_device", min_active_days=2), device("a", days=1), device("b", days=2))
    assert [line.units for line in payout.lines] == [0, 1]


def test_the_park_is_charged_once_and_shared_by_units() -> None:
    tiers = Graduated((Tier(D(5), D("10")), Tier(None, D("1"))))
    payout = compute(config(tiers, scope=Scope.PARK), device("a", days=2), device("b", days=6))
    assert payout.total == D("53.00")  # 5 units at 10, 3 at 1; per device it would be 20 + 51
    assert amounts(payout) == ["13.25", "39.75"]


def test_ineligible_devices_add_no_units_to_the_parks_charge() -> None:
    payout = compute(config(scope=Scope.PARK, min_active_days=3), device("a", days=2), device("b", days=3))
    assert amounts(payout) == ["0.00", "30.00"]


def test_a_flat_park_amount_is_paid_once_in_equal_parts() -> None:
    payout = compute(config(Flat(D("10")), unit=None, scope=Scope.PARK), *(device(name, days=1) for name in "abc"))
    assert amounts(payout) == ["3.34", "3.33", "3.33"]
    assert compute(config(Flat(D("10")), unit=None, scope=Scope.PARK), device(days=0)).total == 0


def test_device_limits_bound_eligible_devices_in_scope_device_only() -> None:
    limits = Limits(device_min=D("25"), device_max=D("40"))
    devices = device("a", days=0), device("b", days=1), device("c", days=7)
    assert amounts(compute(config(limits=limits), *devices)) == ["0.00", "25.00", "40.00"]
    assert amounts(compute(config(limits=limits, scope=Scope.PARK), *devices)) == ["0.00", "10.00", "70.00"]


def test_a_park_limit_scales_the_lines() -> None:
    limits = Limits(park_max=D("45"))
    assert amounts(compute(config(limits=limits), device("a", days=3), device("b", days=6))) == ["15.00", "30.00"]
    limits = Limits(park_min=D("90.01"))
    assert amounts(compute(config(limits=limits), device("a", days=1), device("b", days=2))) == ["30.00", "60.01"]


def test_a_park_minimum_over_nothing_is_shared_equally_among_eligible_devices() -> None:
    terms = config(Standard(D(0)), limits=Limits(park_min=D("10")))
    assert amounts(compute(terms, device("a", days=1), device("b", days=0), device("c", days=5))) == [
        "5.00",
        "0.00",
        "5.00",
    ]


def test_a_park_minimum_is_not_due_without_an_eligible_device() -> None:
    payout = compute(config(limits=Limits(park_min=D("10"))), device("a", days=0))
    assert (payout.total, payout.reason) == (D("0.00"), "no_eligible_device")


def test_only_the_total_is_rounded_and_the_rest_goes_to_the_largest_remainders() -> None:
    third = Standard(D("0.335"))
    payout = compute(config(third), *(device(name, days=1) for name in "cab"))
    assert payout.total == D("1.00")  # 1.005 exactly, half to even
    assert [(line.device_id, str(line.amount)) for line in payout.lines] == [
        ("a", "0.34"),
        ("b", "0.33"),
        ("c", "0.33"),
    ]
    assert compute(config(third, rounding=Rounding.HALF_UP), *(device(name, days=1) for name in "abc")).total == D(
        "1.01"
    )


@pytest.mark.parametrize(("currency", "total"), [("JPY", "11"), ("RUB", "10.50"), ("BHD", "10.500")])
def test_amounts_have_exactly_the_currencys_minor_digits(currency: str, total: str) -> None:
    payout = compute(config(Standard(D("10.5")), currency=currency, rounding=Rounding.HALF_UP), device(days=1))
    assert (str(payout.total), amounts(payout)) == (total, [total])


def test_ties_go_to_the_bytewise_smaller_device() -> None:
    payout = compute(config(Flat(D("0.01")), unit=None, scope=Scope.PARK), device("ё", days=1), device("z", days=1))
    assert [(line.device_id, str(line.amount)) for line in payout.lines] == [("z", "0.01"), ("ё", "0.00")]
    assert payout.lines[1].reason == "rounds_to_zero"


def test_a_park_without_devices_is_paid_nothing() -> None:
    payout = compute(config())
    assert (payout.total, payout.lines, payout.reason) == (D("0.00"), (), "no_activity")


def test_device_limits_come_before_the_parks_and_their_amounts_are_what_scales() -> None:
    limits = Limits(device_max=D("20"), park_max=D("15"))
    assert amounts(compute(config(limits=limits), device("a", days=1), device("b", days=7))) == ["5.00", "10.00"]
    limits = Limits(device_min=D("30"), park_min=D("120"))
    assert amounts(compute(config(limits=limits), device("a", days=1), device("b", days=3))) == ["60.00", "60.00"]


@pytest.mark.parametrize(
    ("terms", "line", "payout"),
    [
        (config(min_active_days=5), "below_min_active_days", "no_eligible_device"),
        (config(min_seconds=90_000, min_active_days=0), "no_units", "no_charge"),
        (config(Standard(D(0))), "no_charge", "no_charge"),
        (config(Package(D(1), D(10), D(9))), "no_charge", "no_charge"),
        (config(limits=Limits(park_max=D(0))), "no_charge", "no_charge"),
        (config(limits=Limits(device_max=D(0))), "no_charge", "no_charge"),
        (config(Flat(D(0)), unit=None), "no_charge", "no_charge"),
        (config(Standard(D("0.001"))), "rounds_to_zero", "rounds_to_zero"),
        (config(limits=Limits(park_max=D("0.001"))), "rounds_to_zero", "rounds_to_zero"),
    ],
)
def test_a_zero_says_why(terms: ParkConfig, line: str, payout: str) -> None:
    made = compute(terms, device(days=4))
    assert ([each.reason for each in made.lines], made.reason, str(made.total)) == ([line], payout, "0.00")


def test_units_are_told_of_ineligible_devices_too() -> None:
    payout = compute(config(min_active_days=3), device("a", days=2))
    assert [(line.units, line.amount) for line in payout.lines] == [(2, 0)]
    payout = compute(config(unit="active_hour", min_active_days=3), device("a", days=2, seconds=1800))
    assert [(line.units, line.amount) for line in payout.lines] == [(1, 0)]
