"""Charge models: what a quantity costs, to the last fraction."""

from decimal import Decimal
from fractions import Fraction

import pytest

from signalq_billing.domain.charge import CHARGE_MODELS, ChargeModel, Flat, Graduated, Package, Standard, Tier, Volume

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


def test_every_model_of_the_contract_is_there() -> None:
    assert set(CHARGE_MODELS) == {"standard", "package", "graduated", "volume", "flat"}
