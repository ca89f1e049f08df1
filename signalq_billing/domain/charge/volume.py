"""volume: the tier that the whole quantity reaches prices all of it."""

from dataclasses import dataclass
from fractions import Fraction
from typing import ClassVar

from signalq_billing.domain.charge.tier import Tier


@dataclass(frozen=True, slots=True)
class Volume:
    """The one tier with previous up_to < q <= up_to prices all q, + its flat_amount; q = 0 costs 0."""

    counts_units: ClassVar[bool] = True

    tiers: tuple[Tier, ...]

    def price(self, quantity: Fraction) -> Fraction:
        if quantity == 0:
            return Fraction(0)
        tier = next(tier for tier in self.tiers if tier.up_to is None or quantity <= Fraction(tier.up_to))
        return quantity * Fraction(tier.unit_amount) + Fraction(tier.flat_amount)
