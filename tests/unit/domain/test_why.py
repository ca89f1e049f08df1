"""Each reason for earning nothing is told in words that name what was missing."""

from decimal import Decimal

import pytest

from signalq_billing.domain.activity import DeviceActivity
from signalq_billing.domain.charge import Flat, Package, Standard
from signalq_billing.domain.compute import compute_payout, recalculate
from signalq_billing.domain.config import Limits, ParkConfig, Scope
from signalq_billing.domain.why import why_nothing
from tests.unit.domain.builders import config, device, period

D = Decimal
TWO_DAYS = [device("a", days=2)]


@pytest.mark.parametrize(
    ("made", "devices", "reason", "says"),
    [
        (config(min_active_days=3), TWO_DAYS, "below_min_active_days", "It has 2 active days; to be eligible it"),
        (
            config(min_seconds=50_000),
            TWO_DAYS,
            "below_min_active_days",
            "0 active days; to be eligible it needs 1; 2 days with some activity stayed below 50000 s",
        ),
        (config(unit="active_day", min_active_days=0), [device("a")], "no_units", "no active_day was counted"),
        (config(Standard(D(0))), TWO_DAYS, "no_charge", "The price of its 2 units is zero"),
        (config(Package(D(1), D(5), D(7))), TWO_DAYS, "no_charge", "The price of its 2 units is zero"),
        (config(limits=Limits(park_max=D(0))), TWO_DAYS, "no_charge", "the limits of the park's config leave nothing"),
        (config(limits=Limits(device_max=D(0))), TWO_DAYS, "no_charge", "the limits of the park's config leave noth"),
        (config(Standard(D(0)), scope=Scope.PARK), TWO_DAYS, "no_charge", "all units together is zero"),
        (config(Standard(D("0.001"))), TWO_DAYS, "rounds_to_zero", "It earned 0.002 RUB, less than the smallest"),
        (config(Flat(D(0)), unit=None), TWO_DAYS, "no_charge", "pays nothing for being eligible"),
        (config(Flat(D("0.001")), unit=None), TWO_DAYS, "rounds_to_zero", "It earned 0.001 RUB"),
    ],
)
def test_a_line_of_nothing_is_explained(
    made: ParkConfig, devices: list[DeviceActivity], reason: str, says: str
) -> None:
    assert made.terms is not None
    payout = compute_payout(made, period(), devices)
    (line,), (share,) = payout.lines, recalculate(made.terms, payout.lines).shares
    assert line.reason == reason
    assert says in why_nothing(line, share, made.terms)


def test_a_paid_line_has_nothing_to_excuse() -> None:
    made = config()
    payout = compute_payout(made, period(), TWO_DAYS)
    assert made.terms is not None
    assert why_nothing(payout.lines[0], recalculate(made.terms, payout.lines).shares[0], made.terms) == ""
