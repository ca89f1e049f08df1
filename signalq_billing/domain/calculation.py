"""The arithmetic of one payout, step by step and exact until the one rounding point (SPEC section 6).

`compute.py` makes payouts of it; whoever explains an amount reads the steps.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from math import floor

from signalq_billing.domain.charge import exact_price
from signalq_billing.domain.config import Limits, PayTerms, Scope
from signalq_billing.domain.exact import exact_sum, exactly
from signalq_billing.domain.money import in_minor, round_to_minor, spread


@dataclass(frozen=True, slots=True)
class Counted:
    """What a device's activity counts for. Devices below `min_active_days` are not eligible and earn nothing."""

    device_id: str
    units: Fraction
    eligible: bool


@dataclass(frozen=True, slots=True)
class Share:
    """One device's way to its line, in major units: `charged` by the model (scope park: its part of the park's
    charge), `bounded` by device limits, `exact` after the park's limits, and `minor`, whole minor units."""

    counted: Counted
    charged: Fraction
    bounded: Fraction
    exact: Fraction
    minor: int

    def left_over(self, currency: str) -> int:
        """How many of the minor units that rounding down left over this line got: 0 or 1."""
        return self.minor - floor(in_minor(self.exact, currency))


@dataclass(frozen=True, slots=True)
class Calculation:
    """A payout's money: shares sorted bytewise by device, their sum `charged`, that sum within the park's limits, and
    the total in minor units. `park_units` is what scope park charged for, None in scope device."""

    shares: tuple[Share, ...]
    park_units: Fraction | None
    charged: Fraction
    limited: Fraction
    total_minor: int

    @property
    def eligible(self) -> int:
        return sum(share.counted.eligible for share in self.shares)


def calculate(terms: PayTerms, counted: Sequence[Counted]) -> Calculation:
    """Charge, limit, round once and spread; the order of `counted` does not matter."""
    ordered = sorted(counted, key=lambda each: each.device_id.encode())
    eligible = [index for index, each in enumerate(ordered) if each.eligible]
    units = [ordered[index].units for index in eligible]
    charged = _charged(terms, units)
    bounded = [_device_bounded(amount, terms) for amount in charged]
    before = exact_sum(bounded)
    limited = _park_bounded(before, terms.limits, bool(eligible))
    exact = _shared(limited, bounded) if limited != before else bounded
    trails = dict(zip(eligible, zip(charged, bounded, exact, strict=True), strict=True))
    nothing = (Fraction(0), Fraction(0), Fraction(0))
    amounts = [trails.get(index, nothing) for index in range(len(ordered))]
    total_minor = round_to_minor(limited, terms.currency, terms.rounding)
    minors = spread(total_minor, [final for _, _, final in amounts], terms.currency)
    shares = tuple(Share(each, *trail, minor) for each, trail, minor in zip(ordered, amounts, minors, strict=True))
    in_park = terms.charge.scope is Scope.PARK
    return Calculation(shares, exact_sum(units) if in_park else None, before, limited, total_minor)


def _charged(terms: PayTerms, units: Sequence[Fraction]) -> list[Fraction]:
    """What the model charges for each eligible device; in scope park its part of the one charge."""
    model = terms.charge.model
    if terms.charge.scope is Scope.DEVICE:
        # Most devices of a park have one of a few numbers of units: each is priced once.
        by_units = {(each.numerator, each.denominator): each for each in units}
        prices = {key: exact_price(model, each) for key, each in by_units.items()}
        return [prices[each.numerator, each.denominator] for each in units]
    return _shared(exact_price(model, exact_sum(units)), units) if units else []


def _device_bounded(amount: Fraction, terms: PayTerms) -> Fraction:
    if terms.charge.scope is Scope.PARK:
        return amount
    return _bounded(amount, terms.limits.device_min, terms.limits.device_max)


def _park_bounded(total: Fraction, limits: Limits, anyone: bool) -> Fraction:
    """The total within the park's limits; a minimum is due only if a device is eligible."""
    return _bounded(total, limits.park_min if anyone else None, limits.park_max)


def _shared(total: Fraction, weights: Sequence[Fraction]) -> list[Fraction]:
    """`total` in proportion to `weights`, equally if all of them are 0."""
    if weight := exact_sum(weights):
        each = total / weight
        return [each * own for own in weights]
    return [total / len(weights) for _ in weights]


def _bounded(amount: Fraction, least: Decimal | None, most: Decimal | None) -> Fraction:
    if least is not None:
        amount = max(amount, exactly(least))
    if most is not None:
        amount = min(amount, exactly(most))
    return amount
