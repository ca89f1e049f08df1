"""Charge models: what a quantity costs, to the last fraction."""

from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import ClassVar

import pytest

from signalq_billing.domain.charge import (
    CHARGE_MODELS,
    ChargeModel,
    ChargeStep,
    Flat,
    Graduated,
    Package,
    Standard,
    Tier,
    Volume,
    charge_steps,
)
from signalq_billing.domain.readable import number_text
from signalq_billing.domain.units import UNITS, counted_text

D = Decimal
TIERS = (Tier(D(5), D("10.00")), Tier(None, D("12.50"), D("3.00")))


@pytest.mark.parametrize(
    ("model", "quantity", "price"),
    [
        (Standard(D("10.25")), Fraction(3), Fraction("30.75")),
        (Standard(D("10")), Fraction(1, 3), Fraction(10, 3)),
        (Package(D(3), D("100"), D(2)), Fraction(2), Fraction(0)),
        (Package(D(3), D("100"), D(2)), Fraction(2) + Fraction(1, 3600), Fraction(100)),
        (Package(D(3), D("100"), D(2)), Fraction(5), Fraction(100)),
        (Package(D(3), D("100"), D(2)), Fraction(6), Fraction(200)),
        (Package(D("0.5"), D("1")), Fraction("1.25"), Fraction(3)),
        (Graduated(TIERS), Fraction(0), Fraction(0)),
        (Graduated(TIERS), Fraction(5), Fraction(50)),
        (Graduated(TIERS), Fraction(7), Fraction(50 + 25 + 3)),
        (Graduated(TIERS), Fraction("5.1"), 50 + Fraction("1.25") + 3),
        (Volume(TIERS), Fraction(0), Fraction(0)),
        (Volume(TIERS), Fraction(5), Fraction(50)),
        (Volume(TIERS), Fraction("5.001"), Fraction("5.001") * Fraction("12.5") + 3),
        (Flat(D("99")), Fraction(0), Fraction(99)),
        (Flat(D("99")), Fraction(31), Fraction(99)),
    ],
)
def test_price(model: ChargeModel, quantity: Fraction, price: Fraction) -> None:
    assert model.price(quantity) == price


def test_the_first_tiers_flat_amount_is_due_only_when_a_unit_falls_in_it() -> None:
    assert Graduated((Tier(None, D(1), D(5)),)).price(Fraction(0)) == 0
    assert Graduated((Tier(None, D(1), D(5)),)).price(Fraction(1, 3600)) == 5 + Fraction(1, 3600)


@pytest.mark.parametrize(
    ("model", "quantity", "steps"),
    [
        (Standard(D("10.00")), Fraction(5), {"5 units × 10": 50}),
        (Standard(D("12.5")), Fraction(1), {"1 unit × 12.50": Fraction("12.5")}),
        (Standard(D("0.125")), Fraction(4, 3), {"≈ 1.333333 units × 0.125": Fraction(1, 6)}),
        (Standard(D(1)), Fraction(0), {"0 units × 1": 0}),
        (Package(D(3), D(100), D(2)), Fraction(6), {"6 units - 2 free = 4, packages of 3: 2 × 100": 200}),
        (Package(D(3), D(100), D(2)), Fraction(22, 3), {"≈ 7.333333 units - 2 free, packages of 3: 2 × 100": 200}),
        (Package(D(3), D(100), D(2)), Fraction(2), {"2 units, 2 are free, packages of 3: 0 × 100": 0}),
        (Package(D("0.5"), D("1.20")), Fraction(1), {"1 unit, packages of 0.5: 2 × 1.20": Fraction("2.4")}),
        (Graduated(TIERS), Fraction(0), {"0 units cost nothing": 0}),
        (Graduated(TIERS), Fraction(5), {"5 units up to 5 × 10": 50}),
        (
            Graduated(TIERS),
            Fraction(7),
            {"5 units up to 5 × 10": 50, "2 units above 5 × 12.50": 25, "flat amount of the tier above 5": 3},
        ),
        (
            Graduated((Tier(D(5), D(10)), Tier(D("7.5"), D(9), D(1)), Tier(None, D(8)))),
            Fraction(8),
            {
                "5 units up to 5 × 10": 50,
                "2.5 units above 5 up to 7.5 × 9": Fraction("22.5"),
                "flat amount of the tier above 5 up to 7.5": 1,
                "0.5 units above 7.5 × 8": 4,
            },
        ),
        (Graduated((Tier(None, D(2), D(5)),)), Fraction(3), {"3 units × 2": 6, "flat amount": 5}),
        (Volume(TIERS), Fraction(0), {"0 units cost nothing": 0}),
        (Volume(TIERS), Fraction(5), {"all 5 units × 10, tier up to 5": 50}),
        (
            Volume(TIERS),
            Fraction(7),
            {"all 7 units × 12.50, tier above 5": Fraction("87.5"), "flat amount of the tier above 5": 3},
        ),
        (Volume((Tier(None, D(2), D(5)),)), Fraction(3), {"all 3 units × 2": 6, "flat amount": 5}),
        (Flat(D("99")), Fraction(31), {"flat amount": 99}),
    ],
)
def test_steps(model: ChargeModel, quantity: Fraction, steps: dict[str, Fraction]) -> None:
    assert {step.text: step.amount for step in charge_steps(model, quantity)} == steps


@pytest.mark.parametrize("quantity", [Fraction(100, 3), Fraction("123.25"), Fraction(31)])
def test_steps_of_ordinary_numbers_fit_sixty_columns(quantity: Fraction) -> None:
    tiers = (Tier(D("10.5"), D("1250.75"), D("300.50")), Tier(D("20.5"), D("1250.75"), D("300.50")))
    ordinary = [
        Standard(D("1250.75")),
        Package(D("2.5"), D("1250.75"), D("10.5")),
        Graduated((*tiers, Tier(None, D("1250.75"), D("300.50")))),
        Volume((*tiers, Tier(None, D("1250.75"), D("300.50")))),
        Flat(D("1250.75")),
    ]
    texts = [step.text for model in ordinary for step in charge_steps(model, quantity)]
    assert [text for text in texts if len(text) > 60] == []


@dataclass(frozen=True)
class Foreign:
    """A model of another package, as it explains itself."""

    counts_units: ClassVar[bool] = True

    story: tuple[int, ...] = ()

    def price(self, quantity: Fraction) -> Fraction:
        return quantity * 2

    def steps(self, quantity: Fraction) -> tuple[ChargeStep, ...]:
        return tuple(ChargeStep("so", Fraction(amount)) for amount in self.story)


def test_a_model_that_does_not_explain_itself_or_wrongly_gets_one_generic_step() -> None:
    generic = (ChargeStep("3.5 units, priced by Foreign", Fraction(7)),)
    assert charge_steps(Foreign((3, 4)), Fraction("3.5")) == (
        ChargeStep("so", Fraction(3)),
        ChargeStep("so", Fraction(4)),
    )
    assert charge_steps(Foreign((3, 5)), Fraction("3.5")) == generic
    assert charge_steps(Foreign(), Fraction("3.5")) == generic


@pytest.mark.parametrize(
    ("unit", "quantity", "text"),
    [
        ("active_day", Fraction(5), "5 active days"),
        ("active_day", Fraction(1), "1 active day"),
        ("active_hour", Fraction(1, 3), "≈ 0.333333 active hours"),
        ("active_hour", Fraction(-5, 4), "-1.25 active hours"),
        ("active_device", Fraction(0), "0 active devices"),
        ("wheel_turn", Fraction(7), "7 wheel_turn"),
    ],
)
def test_what_was_counted_is_said_in_words(unit: str, quantity: Fraction, text: str) -> None:
    assert counted_text(unit, quantity) == text


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (Fraction(0), "0"),
        (Fraction(12_000), "12000"),
        (Fraction(5, 2), "2.5"),
        (Fraction(1, 10**6), "0.000001"),
        (Fraction(1, 10**7), "≈ 0.000000"),
        (Fraction(2, 3), "≈ 0.666667"),
        (Fraction(-2, 3), "≈ -0.666667"),
        (1 - Fraction(1, 10**9), "≈ 1.000000"),
        (D("0.12345678"), "0.12345678"),
        (D("1E+3"), "1000"),
        (D("-0.00"), "0"),
    ],
)
def test_numbers_are_exact_where_six_places_suffice(number: Fraction | Decimal, text: str) -> None:
    assert number_text(number) == text


def test_every_model_of_the_contract_is_there() -> None:
    assert set(CHARGE_MODELS) == {"standard", "package", "graduated", "volume", "flat"}
    assert set(UNITS) == {"active_day", "active_hour", "active_device"}
