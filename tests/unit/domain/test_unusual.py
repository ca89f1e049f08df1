"""What is unlike a park's past: exact at the boundary, whatever the money, and told in words with the numbers."""

import datetime as dt
import re
from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from signalq_billing.adapters.config_files import load
from signalq_billing.domain.charge import Standard
from signalq_billing.domain.config import Limits
from signalq_billing.domain.guards import DeviceJump, TotalDeviation
from signalq_billing.domain.payment_history import PastPeriod, PaymentHistory
from signalq_billing.domain.unusual import changed_config, unusual_devices, unusual_total
from tests.unit.adapters.config_files.writing import directory
from tests.unit.domain.builders import config

HALF = Fraction(1, 2)
kopecks = st.integers(0, 10**9)
shares = st.fractions(0, 3, max_denominator=1000)


def period(total: str | Decimal = "100.00", devices: int = 10, currency: str = "RUB") -> PastPeriod:
    return PastPeriod("weekly_msk", dt.date(2026, 11, 9), currency, Decimal(total), devices, 1)


def history(
    total: str | Decimal = "100.00", past: Sequence[PastPeriod] = (), devices: int = 10, currency: str = "RUB"
) -> PaymentHistory:
    return PaymentHistory(7, currency, Decimal(total), devices, 1, past, past[0] if past else None)


def paid(*totals: str) -> list[PastPeriod]:
    """Past periods, the latest first."""
    return [period(total) for total in totals]


@pytest.mark.parametrize(
    ("total", "held"),
    [("150.00", False), ("150.01", True), ("50.00", False), ("49.99", True), ("100.00", False)],
)
def test_a_total_is_held_beyond_the_share_and_not_at_it(total: str, held: bool) -> None:
    found = unusual_total(history(total, paid("90.00", "100.00", "300.00")), TotalDeviation(HALF))
    assert (found is not None) == held


def test_the_reason_tells_the_total_the_median_and_the_difference() -> None:
    found = unusual_total(history("49.99", paid("90.00", "100.00", "300.00")), TotalDeviation(HALF))
    assert found == (
        "total 49.99 RUB is 50.01 below 100.00, the median of the 3 periods before: "
        "more than total_deviation 0.5 of guards.yaml allows"
    )


@pytest.mark.parametrize(("total", "held"), [("150.00", False), ("150.01", True), ("50.01", False), ("50.00", True)])
def test_the_median_of_an_even_number_lies_between_two_totals_exactly(total: str, held: bool) -> None:
    past = paid("100.00", "100.01", "0.00", "900.00")  # median 100.005: from 50.0025 to 150.0075
    assert (unusual_total(history(total, past), TotalDeviation(HALF)) is not None) == held


def test_a_median_between_two_kopecks_is_told_exactly() -> None:
    found = unusual_total(history("150.01", paid("100.00", "100.01")), TotalDeviation(HALF, min_periods=2))
    assert found is not None
    assert found.startswith("total 150.01 RUB is 50.005 above 100.005, the median of the 2 periods before")


def test_too_few_periods_judge_nobody() -> None:
    rule = TotalDeviation(HALF, min_periods=3)
    assert unusual_total(history("9999.00", paid("1.00", "1.00")), rule) is None
    assert unusual_total(history("9999.00", paid("1.00", "1.00", "1.00")), rule) is not None


def test_only_the_last_periods_count() -> None:
    past = paid("10.00", "10.00", *["1000.00"] * 9)
    assert unusual_total(history("10.00", past), TotalDeviation(HALF, periods=2, min_periods=2)) is None
    assert unusual_total(history("10.00", past), TotalDeviation(HALF, periods=6)) is not None


def test_other_currencies_do_not_count() -> None:
    past = [*paid("10.00", "10.00"), period("10.00", currency="KZT")]
    assert unusual_total(history("9999.00", past), TotalDeviation(HALF)) is None
    assert unusual_total(history("9999.00", [*past, *paid("10.00")]), TotalDeviation(HALF)) is not None


@pytest.mark.parametrize(("total", "held"), [("600.00", False), ("600.01", True)])
def test_a_difference_up_to_the_floor_of_its_currency_holds_nobody(total: str, held: bool) -> None:
    rule = TotalDeviation(HALF, min_difference={"RUB": Decimal(500), "KZT": Decimal(10**9)})
    assert (unusual_total(history(total, paid("100.00", "100.00", "100.00")), rule) is not None) == held


def test_money_after_periods_of_nothing_is_unusual() -> None:
    assert unusual_total(history("0.01", paid("0.00", "0.00", "0.00")), TotalDeviation(Fraction(1000))) is not None


@given(past=st.lists(kopecks, min_size=1, max_size=9), total=kopecks, share=shares)
def test_a_total_is_held_exactly_when_it_lies_outside_the_band(past: list[int], total: int, share: Fraction) -> None:
    ordered = sorted(past)
    usual = Fraction(ordered[(len(past) - 1) // 2] + ordered[len(past) // 2], 2)
    inside = usual - share * usual <= total <= usual + share * usual
    periods = paid(*(format(Decimal(each).scaleb(-2), "f") for each in past))
    rule = TotalDeviation(share, periods=9, min_periods=1)
    found = unusual_total(history(Decimal(total).scaleb(-2), periods), rule)
    assert (found is None) == inside


@given(past=st.lists(kopecks, min_size=1, max_size=9), total=kopecks, share=shares, floor=kopecks)
def test_neither_a_larger_share_nor_a_higher_floor_holds_more(
    past: list[int], total: int, share: Fraction, floor: int
) -> None:
    periods = paid(*(format(Decimal(each).scaleb(-2), "f") for each in past))
    found = history(Decimal(total).scaleb(-2), periods)
    rule = TotalDeviation(share, periods=9, min_periods=1)
    looser = replace(rule, share=share + 1, min_difference={"RUB": Decimal(floor).scaleb(-2)})
    assert unusual_total(found, rule) is not None or unusual_total(found, looser) is None


@pytest.mark.parametrize(("devices", "held"), [(15, False), (16, True), (10, False), (1, False)])
def test_devices_are_held_when_they_jump_up_beyond_the_share(devices: int, held: bool) -> None:
    past = [period(devices=count) for count in (10, 9, 11)]
    assert (unusual_devices(history(past=past, devices=devices), DeviceJump(HALF)) is not None) == held


def test_a_jump_of_a_few_devices_holds_nobody() -> None:
    past = [period(devices=1)] * 3
    assert unusual_devices(history(past=past, devices=6), DeviceJump(HALF, min_difference=5)) is None
    assert unusual_devices(history(past=past, devices=7), DeviceJump(HALF, min_difference=5)) == (
        "7 paid devices are 6 more than 1, the median of the 3 periods before: "
        "more than device_jump 0.5 of guards.yaml allows"
    )


def test_devices_too_need_enough_periods() -> None:
    assert unusual_devices(history(past=[period(devices=1)] * 2, devices=99), DeviceJump(HALF)) is None


@given(past=st.lists(st.integers(0, 10**6), min_size=1, max_size=9), devices=st.integers(0, 10**6), share=shares)
def test_devices_are_held_exactly_above_the_band(past: list[int], devices: int, share: Fraction) -> None:
    ordered = sorted(past)
    usual = Fraction(ordered[(len(past) - 1) // 2] + ordered[len(past) // 2], 2)
    periods = [period(devices=count) for count in past]
    rule = DeviceJump(share, periods=9, min_periods=1)
    assert (unusual_devices(history(past=periods, devices=devices), rule) is None) == (devices <= usual + share * usual)


def test_the_examples_of_the_domains_page_are_right(tmp_path: Path) -> None:
    page = (Path(__file__).parents[3] / "docs" / "domain.md").read_text()
    (block,) = re.findall(r"```yaml\n(kill_switch:.*?)```", page, re.DOTALL)
    rules = load(directory(tmp_path, guards=block)).guards
    assert rules.total_deviation is not None
    assert rules.device_jump is not None
    held = [
        unusual_total(history(total, paid("11000.00", "12000.00", "10000.00")), rules.total_deviation) is not None
        for total in ("5499.99", "5500.00", "16500.00", "16500.01")
    ]
    assert held == [True, False, False, True]
    assert "held from 16 500.01 and up to 5 499.99" in page
    few = history("99999.00", paid("8000.00", "9000.00"))
    assert unusual_total(few, rules.total_deviation) is None
    ten = [period(devices=10)] * 3
    assert unusual_devices(history(past=ten, devices=15), rules.device_jump) is None
    assert unusual_devices(history(past=ten, devices=16), rules.device_jump) is not None


def test_a_changed_config_is_told_with_both_versions_and_the_fields() -> None:
    before = config()
    after = replace(
        config(Standard(Decimal("12.50")), limits=Limits(park_max=Decimal(500))), effective_from=dt.date(2026, 11, 16)
    )
    assert changed_config(period(), before, after) == (
        "the config changed since weekly_msk 2026-11-09 was paid: version 2026-01-01 -> 2026-11-16 "
        "(charge.unit_amount, limits.park_max; hold_config_changes of guards.yaml)"
    )


def test_another_version_of_the_same_terms_is_told_as_that() -> None:
    found = changed_config(period(), config(), replace(config(), effective_from=dt.date(2026, 11, 16)))
    assert found is not None
    assert "version 2026-01-01 -> 2026-11-16 (only effective_from;" in found


def test_an_equal_config_is_no_change() -> None:
    assert changed_config(period(), config(), config()) is None
