"""More activity never earns less: exactly where that is true, and where SPEC section 6 makes it untrue.

A charge is rising if more units never cost less. Standard, package, flat and graduated always are, their amounts not
being negative. Volume is where every tier begins at no lower a price than the one before it ends with:
up_to * unit_amount + flat_amount <= up_to * next unit_amount + next flat_amount. For a rising charge, more seconds for
one camera:

- never lower the payout's total, rounded or not, in either scope and within any limits;
- never lower that camera's own exact amount, but for one case: in scope park, a park_min over a charge of zero is
  shared equally, and in proportion to units as soon as the charge is above zero;
- never lower that camera's line in scope device, within any limits: nobody else's exact amount grows then, so whoever
  overtakes its remainder has dropped a minor unit that is there to be had. In scope park others can grow with the
  park's charge and overtake, and the line can lose the one minor unit it got for its remainder, but no more.
"""

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from signalq_billing.domain.activity import DeviceActivity
from signalq_billing.domain.calculation import Calculation, Share
from signalq_billing.domain.charge import ChargeModel, Graduated, Package, Tier, Volume
from signalq_billing.domain.compute import compute_payout, recalculate
from signalq_billing.domain.config import Limits, ParkConfig, Scope
from tests.unit.domain.builders import config, device, period
from tests.unit.domain.money_strategies import configs, devices, more_activity, rising_models, tiers

D = Decimal
Grown = tuple[list[DeviceActivity], list[DeviceActivity], str]
thorough = settings(deadline=None, max_examples=120)
quantities = st.fractions(0, 400, max_denominator=3600) | st.integers(0, 31).map(Fraction)


def calculated(config: ParkConfig, activity: list[DeviceActivity]) -> Calculation:
    assert config.terms is not None
    return recalculate(config.terms, compute_payout(config, period(), activity).lines)


def share_of(made: Calculation, device_id: str) -> Share:
    return next(share for share in made.shares if share.counted.device_id == device_id)


@thorough
@given(rising_models, quantities, quantities)
def test_a_rising_charge_never_prices_more_units_lower(model: ChargeModel, one: Fraction, other: Fraction) -> None:
    assert model.price(min(one, other)) <= model.price(max(one, other))


@st.composite
def falling(draw: st.DrawFn) -> tuple[Volume, Fraction, Fraction]:
    """A volume whose second tier begins cheaper than its first ends, where that is, and by how much."""
    first, second, *rest = draw(tiers().filter(lambda made: len(made) > 1))
    assert first.up_to is not None
    ends = first.up_to * first.unit_amount + first.flat_amount
    begins = first.up_to * second.unit_amount + second.flat_amount
    fall = max(begins - ends, D(0)) + draw(st.decimals("0.0001", 50, places=4))
    first = Tier(first.up_to, first.unit_amount, first.flat_amount + fall)
    return Volume((first, second, *rest)), Fraction(first.up_to), Fraction(ends + fall) - Fraction(begins)


@thorough
@given(falling())
def test_a_volume_that_falls_where_a_tier_ends_prices_a_little_more_lower(
    case: tuple[Volume, Fraction, Fraction],
) -> None:
    """The condition is not only enough, it is needed."""
    volume, end, fall = case
    second = volume.tiers[1]
    room = Fraction(second.up_to) - end if second.up_to is not None else Fraction(1)
    little = min(room, fall / 2 / Fraction(second.unit_amount)) if second.unit_amount else room
    assert volume.price(end + little) < volume.price(end)


@pytest.mark.parametrize("scope", Scope)
def test_a_volume_discount_can_pay_less_for_more_days(scope: Scope) -> None:
    terms = config(Volume((Tier(D(5), D(10)), Tier(None, D(8)))), scope=scope)
    paid = [str(compute_payout(terms, period(), [device(days=days)]).total) for days in (5, 6)]
    assert paid == ["50.00", "48.00"]


@thorough
@given(configs(charge=rising_models), more_activity())
def test_more_activity_never_lowers_the_total(config: ParkConfig, grown: Grown) -> None:
    before, after, _ = grown
    less, more = calculated(config, before), calculated(config, after)
    assert less.charged <= more.charged
    assert less.limited <= more.limited
    assert less.total_minor <= more.total_minor


@thorough
@given(configs(charge=rising_models), devices)
def test_another_camera_never_lowers_the_total(config: ParkConfig, activity: list[DeviceActivity]) -> None:
    totals = [calculated(config, activity[:count]).total_minor for count in range(len(activity) + 1)]
    assert totals == sorted(totals)


@thorough
@given(configs(charge=rising_models), more_activity())
def test_more_activity_never_lowers_the_cameras_own_exact_amount(config: ParkConfig, grown: Grown) -> None:
    before, after, grown_id = grown
    less, more = calculated(config, before), calculated(config, after)
    assume(less.park_units is None or less.charged or not less.park_units or less.limited == less.charged)
    assert share_of(less, grown_id).exact <= share_of(more, grown_id).exact
    assert share_of(less, grown_id).minor - 1 <= share_of(more, grown_id).minor


@settings(deadline=None, max_examples=200)
@given(configs(charge=rising_models, scopes=st.just(Scope.DEVICE)), more_activity())
def test_in_scope_device_it_never_lowers_the_cameras_line_nor_lifts_anybody_elses_exact_amount(
    config: ParkConfig, grown: Grown
) -> None:
    before, after, grown_id = grown
    less, more = calculated(config, before), calculated(config, after)
    assert share_of(less, grown_id).minor <= share_of(more, grown_id).minor
    for was, now in zip(less.shares, more.shares, strict=True):
        assert was.counted.device_id == grown_id or now.exact <= was.exact


def test_a_park_minimum_over_a_charge_of_zero_is_shared_otherwise_than_over_a_charge() -> None:
    """SPEC section 6: equally if the sum was 0, else in proportion. So a first paid unit can lower one's own line."""
    free = Package(D(3), D("0.30"), D(10))
    terms = config(free, scope=Scope.PARK, limits=Limits(park_min=D("11")), min_active_days=0)
    lines = [
        [str(line.amount) for line in compute_payout(terms, period(), [device("a", days=days), *rest]).lines]
        for days, rest in ((3, [device("b", days=7)]), (4, [device("b", days=7)]))
    ]
    assert lines == [["5.50", "5.50"], ["4.00", "7.00"]]


def test_in_scope_park_a_line_can_lose_the_minor_unit_of_its_remainder_to_a_camera_that_did_no_more() -> None:
    rising = Graduated((Tier(D(39), D("0.006")), Tier(None, D("0.29"))))
    terms = config(rising, unit="active_hour", scope=Scope.PARK)
    other = DeviceActivity("b", (74_400, 74_400, 74_400))
    assert [
        [str(line.amount) for line in compute_payout(terms, period(), [DeviceActivity("a", (own,)), other]).lines]
        for own in (4500, 4600)
    ] == [["0.15", "7.12"], ["0.14", "7.13"]]  # exactly 0.1436 and 7.1229, then 0.1469 and 7.1277
