"""docs/domain.md: the numbers it gives are the numbers the domain gives, and it knows every reason there is."""

import re
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

from signalq_billing.domain import compute
from signalq_billing.domain.charge import CHARGE_MODELS, Flat, Graduated, Package, Standard, Tier, Volume
from signalq_billing.domain.config import Scope
from signalq_billing.domain.units import UNITS
from tests.unit.domain.builders import config, device, period

D = Decimal
DOC = (Path(__file__).parents[3] / "docs" / "domain.md").read_text()
TIERS = (Tier(D(5), D(10)), Tier(None, D("12.50"), D(3)))


def test_the_examples_of_the_charge_models_are_right() -> None:
    assert "3 days at 10.25: 30.75" in DOC
    assert Standard(D("10.25")).price(Fraction(3)) == Fraction("30.75")
    assert "6 days cost 200" in DOC
    assert Package(D(3), D(100), D(2)).price(Fraction(6)) == 200
    assert "= 78" in DOC
    assert Graduated(TIERS).price(Fraction(7)) == 78
    assert "= 90.50" in DOC
    assert Volume(TIERS).price(Fraction(7)) == Fraction("90.5")


def test_the_example_of_the_rounding_is_right() -> None:
    terms = config(Flat(D(10)), unit=None, scope=Scope.PARK)
    payout = compute.compute_payout(terms, period(), [device(name, days=1) for name in "abc"])
    assert "3.34, 3.33 and 3.33" in DOC
    assert [str(line.amount) for line in payout.lines] == ["3.34", "3.33", "3.33"]


def test_every_reason_model_and_unit_is_explained() -> None:
    reasons = {value for name, value in vars(compute).items() if name.isupper() and isinstance(value, str)}
    explained = set(re.findall(r"^\| `(\w+)` \|", DOC, re.MULTILINE))
    assert reasons | set(CHARGE_MODELS) | set(UNITS) <= explained
