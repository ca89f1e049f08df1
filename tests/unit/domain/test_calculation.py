"""The steps behind a payout lead to exactly what was paid, whether from activity or from stored lines."""

from decimal import Decimal
from fractions import Fraction

from hypothesis import given

from signalq_billing.domain.activity import DeviceActivity
from signalq_billing.domain.calculation import Counted, calculate
from signalq_billing.domain.charge import Flat, Graduated, Standard, Tier
from signalq_billing.domain.compute import compute_payout, recalculate
from signalq_billing.domain.config import Limits, ParkConfig, PayTerms, Scope
from signalq_billing.domain.money import from_minor, in_minor
from tests.unit.domain.builders import config, device, period
from tests.unit.domain.money_strategies import configs, devices

D = Decimal


def terms_of(made: ParkConfig) -> PayTerms:
    assert made.terms is not None
    return made.terms


@given(configs(), devices)
def test_stored_lines_recalculate_to_what_was_paid(made: ParkConfig, activity: list[DeviceActivity]) -> None:
    payout, terms = compute_payout(made, period(), activity), terms_of(made)
    again = recalculate(terms, reversed(payout.lines))
    assert [share.counted.device_id for share in again.shares] == [line.device_id for line in payout.lines]
    assert [from_minor(share.minor, terms.currency) for share in again.shares] == [line.amount for line in payout.lines]
    assert from_minor(again.total_minor, terms.currency) == payout.total


@given(configs(), devices)
def test_every_step_leads_to_the_next(made: ParkConfig, activity: list[DeviceActivity]) -> None:
    terms = terms_of(made)
    found = recalculate(terms, compute_payout(made, period(), activity).lines)
    assert sum((share.bounded for share in found.shares), Fraction(0)) == found.charged
    assert sum((share.exact for share in found.shares), Fraction(0)) == found.limited
    assert sum(share.minor for share in found.shares) == found.total_minor
    for share in found.shares:
        assert share.left_over(terms.currency) in (0, 1)
        assert abs(share.minor - in_minor(share.exact, terms.currency)) < 1
        if not share.counted.eligible:
            assert (share.charged, share.bounded, share.exact, share.minor) == (0, 0, 0, 0)


def test_the_steps_of_a_device_are_kept_apart() -> None:
    terms = terms_of(config(Standard(D("10")), limits=Limits(device_max=D(25), park_max=D("30"))))
    counted = [Counted("b", Fraction(1), True), Counted("a", Fraction(4), True), Counted("c", Fraction(9), False)]
    found = calculate(terms, counted)
    a, b, c = found.shares
    assert (a.charged, a.bounded, a.exact, a.minor) == (40, 25, Fraction(150, 7), 2143)
    assert (b.charged, b.bounded, b.exact, b.minor) == (10, 10, Fraction(60, 7), 857)
    assert (c.exact, c.minor) == (0, 0)
    assert (found.charged, found.limited, found.total_minor, found.eligible) == (35, 30, 3000, 2)
    assert (a.left_over("RUB"), b.left_over("RUB")) == (1, 0)
    assert found.park_units is None


def test_scope_park_tells_the_units_it_charged_for() -> None:
    tiers = Graduated((Tier(D(5), D("10")), Tier(None, D("1"))))
    terms = terms_of(config(tiers, scope=Scope.PARK))
    found = recalculate(terms, compute_payout(config(tiers, scope=Scope.PARK), period(), [device(days=6)]).lines)
    assert (found.park_units, found.charged) == (6, 51)


def test_scope_park_of_nobody_charges_nothing() -> None:
    found = calculate(terms_of(config(Flat(D(10)), unit=None, scope=Scope.PARK)), [Counted("a", Fraction(0), False)])
    assert (found.charged, found.total_minor, found.eligible) == (0, 0, 0)


def test_no_amount_is_too_large_to_be_exact() -> None:
    minor = 123_456_789_012_345_678_901_234_567_890_123
    assert format(from_minor(minor, "RUB"), "f") == "1234567890123456789012345678901.23"
    assert (str(from_minor(-5, "RUB")), str(from_minor(5, "JPY")), str(from_minor(0, "BHD"))) == ("-0.05", "5", "0.000")
