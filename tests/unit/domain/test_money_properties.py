"""What is true of every payout, whatever the config and the activity: sums, bounds, rounding, order, repetition."""

import dataclasses
import os
import random
import subprocess
import sys
from decimal import Decimal
from fractions import Fraction
from math import floor

from hypothesis import example, given, settings
from hypothesis import strategies as st

from signalq_billing.adapters.postgres import forming
from signalq_billing.domain.activity import DeviceActivity
from signalq_billing.domain.charge import ChargeModel, Flat, Standard, charge_steps
from signalq_billing.domain.compute import compute_payout, recalculate
from signalq_billing.domain.config import Limits, OrderPer, ParkConfig, PayTerms, Rounding, Scope
from signalq_billing.domain.config_body import from_body, to_body
from signalq_billing.domain.digest import payout_digest
from signalq_billing.domain.money import in_minor, minor_digits
from signalq_billing.domain.payout import Payout
from tests.unit.domain.builders import config, device, period
from tests.unit.domain.money_strategies import CURRENCIES, configs, devices, limits, models

D = Decimal
thorough = settings(deadline=None, max_examples=120)


def compute(config: ParkConfig, activity: list[DeviceActivity]) -> Payout:
    return compute_payout(config, period(), activity)


def terms_of(config: ParkConfig) -> PayTerms:
    assert config.terms is not None
    return config.terms


def minor(amount: Decimal, currency: str) -> Fraction:
    return in_minor(Fraction(amount), currency)


@thorough
@given(configs(), devices)
def test_lines_are_sorted_never_negative_and_sum_to_the_total(
    config: ParkConfig, activity: list[DeviceActivity]
) -> None:
    payout = compute(config, activity)
    assert sum((line.amount for line in payout.lines), D(0)) == payout.total
    assert all(line.amount >= 0 for line in payout.lines)
    assert [line.device_id for line in payout.lines] == sorted((d.device_id for d in activity), key=str.encode)


@thorough
@given(configs(), devices)
def test_every_amount_has_exactly_the_minor_digits(config: ParkConfig, activity: list[DeviceActivity]) -> None:
    payout = compute(config, activity)
    for amount in (payout.total, *(line.amount for line in payout.lines)):
        assert amount.as_tuple().exponent == -minor_digits(payout.currency)


def test_every_currency_of_iso_4217_with_a_minor_unit_is_paid_in_whole_minor_units() -> None:
    assert len(CURRENCIES) > 160
    assert {minor_digits(code) for code in CURRENCIES} == {0, 2, 3, 4}
    for code in CURRENCIES:
        paid = compute(config(Standard(D("10.00125")), currency=code), [device("a", days=1), device("b", days=2)])
        digits = minor_digits(code)
        # 30.00375 in all: lines round down, and the minor unit that remains, if any, goes to the larger remainder
        wanted = {0: "30", 2: "30.00", 3: "30.004", 4: "30.0038"}[digits]
        assert (code, format(paid.total, "f")) == (code, wanted)
        lines = {0: ["10", "20"], 2: ["10.00", "20.00"], 3: ["10.001", "20.003"], 4: ["10.0013", "20.0025"]}[digits]
        assert [format(line.amount, "f") for line in paid.lines] == lines


@thorough
@given(configs(), devices)
def test_a_zero_has_a_reason_and_nothing_else_has(config: ParkConfig, activity: list[DeviceActivity]) -> None:
    payout, terms = compute(config, activity), terms_of(config)
    assert all((line.reason is None) == (line.amount > 0) for line in payout.lines)
    assert (payout.reason is None) == (payout.total > 0)
    for line in payout.lines:
        assert (line.reason == "below_min_active_days") == (line.active_days < terms.min_active_days)


@thorough
@given(configs(), devices, st.randoms(use_true_random=False))
def test_the_order_of_devices_never_matters_and_a_recompute_is_byte_identical(
    config: ParkConfig, activity: list[DeviceActivity], shuffle: random.Random
) -> None:
    first = compute(config, activity)
    shuffled = list(activity)
    shuffle.shuffle(shuffled)
    for again in (compute(config, shuffled), compute(from_body(to_body(config)), activity)):
        assert again == first
        assert payout_digest(again) == payout_digest(first)
        assert [order.body for order in forming.orders(again)] == [order.body for order in forming.orders(first)]


_RECOMPUTE = """
from decimal import Decimal
from signalq_billing.adapters.postgres import forming
from signalq_billing.domain.charge import Graduated, Tier
from signalq_billing.domain.compute import compute_payout
from signalq_billing.domain.config import Limits, Scope
from signalq_billing.domain.digest import payout_digest
from tests.unit.domain.builders import config, device, period
tiers = (Tier(Decimal(5), Decimal("10.01")), Tier(None, Decimal("12.503"), Decimal(3)))
terms = config(Graduated(tiers), unit="active_hour", scope=Scope.PARK, limits=Limits(park_max=Decimal("99.99")))
activity = [device(name, days=2, seconds=9_999 + 7 * len(name)) for name in {"a", "bb", "ccc", "ж", "z" * 9}]
payout = compute_payout(terms, period(), activity)
print(payout_digest(payout), [order.body for order in forming.orders(payout)])
"""


def test_another_process_computes_the_same_bytes() -> None:
    def run(seed: str) -> str:
        environment = {**os.environ, "PYTHONHASHSEED": seed}
        command = [sys.executable, "-c", _RECOMPUTE]
        return subprocess.run(command, env=environment, capture_output=True, text=True, check=True, timeout=60).stdout

    assert len({run(seed) for seed in "123"}) == 1


@thorough
@given(configs(), devices)
def test_what_a_payout_was_made_of_can_be_recalculated_from_its_lines(
    config: ParkConfig, activity: list[DeviceActivity]
) -> None:
    payout = compute(config, activity)
    again = recalculate(terms_of(config), payout.lines)
    assert [minor(line.amount, payout.currency) for line in payout.lines] == [share.minor for share in again.shares]
    assert again.total_minor == minor(payout.total, payout.currency)
    assert [share.counted.units for share in again.shares] == [line.units for line in payout.lines]


@thorough
@given(configs(), devices)
def test_the_total_is_within_half_a_minor_unit_and_rounds_as_told(
    config: ParkConfig, activity: list[DeviceActivity]
) -> None:
    terms = terms_of(config)
    made = recalculate(terms, compute(config, activity).lines)
    exact = in_minor(made.limited, terms.currency)
    assert abs(exact - made.total_minor) <= Fraction(1, 2)
    if abs(exact - made.total_minor) == Fraction(1, 2):
        if terms.rounding is Rounding.HALF_UP:
            assert made.total_minor > exact
        else:
            assert made.total_minor % 2 == 0


@thorough
@given(configs(), devices)
def test_each_line_is_within_a_minor_unit_of_its_exact_share_and_larger_remainders_come_first(
    config: ParkConfig, activity: list[DeviceActivity]
) -> None:
    terms = terms_of(config)
    made = recalculate(terms, compute(config, activity).lines)
    assert sum((share.exact for share in made.shares), Fraction(0)) == made.limited
    ranked = []
    for share in made.shares:
        exact = in_minor(share.exact, terms.currency)
        extra = share.minor - floor(exact)
        assert extra in {0, 1}
        assert share.left_over(terms.currency) == extra
        assert share.exact or not extra
        ranked.append((-(exact - floor(exact)), share.counted.device_id.encode(), extra))
    extras = [extra for _, _, extra in sorted(ranked)]
    assert extras == sorted(extras, reverse=True)


@thorough
@given(configs(), devices)
def test_ineligible_devices_earn_nothing_and_change_nothing(config: ParkConfig, activity: list[DeviceActivity]) -> None:
    payout, terms = compute(config, activity), terms_of(config)
    eligible = [each for each in activity if each.active_days(terms.activity) >= terms.min_active_days]
    assert all(line.amount == 0 for line in payout.lines if line.reason == "below_min_active_days")
    paid = [line for line in payout.lines if line.reason != "below_min_active_days"]
    assert tuple(paid) == compute(config, eligible).lines


@thorough
@given(configs(), devices)
def test_limits_bound_what_they_say(config: ParkConfig, activity: list[DeviceActivity]) -> None:
    terms = terms_of(config)
    made, bounds = recalculate(terms, compute(config, activity).lines), terms.limits
    for share in made.shares:
        if share.counted.eligible and terms.charge.scope is Scope.DEVICE:
            assert bounds.device_min is None or share.bounded >= Fraction(bounds.device_min)
            assert bounds.device_max is None or share.bounded <= Fraction(bounds.device_max)
            inside = (bounds.device_min or 0) <= share.charged <= (bounds.device_max or share.charged)
            assert not inside or bounds.device_max == 0 or share.bounded == share.charged
        else:
            assert share.bounded == share.charged
    if bounds.park_max is not None:
        assert made.limited <= Fraction(bounds.park_max)
        assert made.total_minor <= in_minor(Fraction(bounds.park_max), terms.currency) + Fraction(1, 2)
    if bounds.park_min is not None and made.eligible:
        assert made.limited >= Fraction(bounds.park_min)
        assert made.total_minor >= in_minor(Fraction(bounds.park_min), terms.currency) - Fraction(1, 2)
    if not made.eligible:
        assert made.total_minor == 0


@thorough
@given(configs(bounds=st.just(Limits())), devices)
def test_without_limits_nothing_is_added_or_cut(config: ParkConfig, activity: list[DeviceActivity]) -> None:
    made = recalculate(terms_of(config), compute(config, activity).lines)
    assert all(share.charged == share.bounded == share.exact for share in made.shares)
    assert made.charged == made.limited


@thorough
@given(configs(), devices)
def test_a_park_limit_keeps_the_proportions_between_devices(config: ParkConfig, activity: list[DeviceActivity]) -> None:
    made = recalculate(terms_of(config), compute(config, activity).lines)
    if made.charged:
        assert all(share.exact * made.charged == share.bounded * made.limited for share in made.shares)
    else:
        paid = {share.exact for share in made.shares if share.counted.eligible}
        assert len(paid) <= 1


@thorough
@given(configs(charge=st.builds(Standard, st.decimals(0, 99, places=4)), bounds=limits(device=False)), devices)
def test_the_standard_model_pays_the_same_in_both_scopes(config: ParkConfig, activity: list[DeviceActivity]) -> None:
    assert compute(scoped(config, Scope.DEVICE), activity).lines == compute(scoped(config, Scope.PARK), activity).lines


@thorough
@given(configs(bounds=limits(device=False)), devices)
def test_a_single_device_earns_the_same_in_both_scopes(config: ParkConfig, activity: list[DeviceActivity]) -> None:
    only = activity[:1]
    assert compute(scoped(config, Scope.DEVICE), only).lines == compute(scoped(config, Scope.PARK), only).lines


@thorough
@given(configs(scopes=st.just(Scope.PARK)), devices)
def test_in_scope_park_device_limits_do_nothing(config: ParkConfig, activity: list[DeviceActivity]) -> None:
    terms = terms_of(config)
    free = Limits(None, None, terms.limits.park_min, terms.limits.park_max)
    assert compute(config, activity).lines == compute(changed(config, limits=free), activity).lines


@thorough
@given(st.integers(1, 9), st.decimals(0, 99, places=2))
def test_a_flat_amount_is_paid_per_device_or_once(count: int, amount: Decimal) -> None:
    activity = [device(f"cam-{number}", days=1) for number in range(count)]
    assert compute(config(Flat(amount), unit=None), activity).total == count * amount
    assert compute(config(Flat(amount), unit=None, scope=Scope.PARK), activity).total == amount


@thorough
@given(models, st.fractions(0, 400, max_denominator=3600) | st.integers(0, 31).map(Fraction))
@example(Standard(D(1)), Fraction(0))
def test_the_steps_of_a_price_sum_to_it(model: ChargeModel, quantity: Fraction) -> None:
    steps = charge_steps(model, quantity)
    assert steps == model.steps(quantity)  # type: ignore[attr-defined]
    assert steps
    assert sum((step.amount for step in steps), Fraction(0)) == model.price(quantity)


@thorough
@given(configs(), devices)
def test_orders_carry_the_whole_payout(config: ParkConfig, activity: list[DeviceActivity]) -> None:
    payout = compute(config, activity)
    orders = list(forming.orders(payout))
    assert sum((order.amount for order in orders), D(0)) == payout.total
    assert all(order.amount > 0 for order in orders)
    if terms_of(config).order_per is OrderPer.DEVICE:
        assert [order.device_id for order in orders] == [line.device_id for line in payout.lines if line.amount]
    else:
        assert len(orders) == (payout.total > 0)


def scoped(config: ParkConfig, scope: Scope) -> ParkConfig:
    charge = terms_of(config).charge
    return changed(config, charge=type(charge)(charge.model, charge.unit, scope))


def changed(config: ParkConfig, **terms: object) -> ParkConfig:
    return dataclasses.replace(config, terms=dataclasses.replace(terms_of(config), **terms))  # type: ignore[arg-type]
