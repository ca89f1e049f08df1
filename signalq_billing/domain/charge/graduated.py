"""graduated: each tier prices only the units that fall into it."""

from dataclasses import dataclass
from fractions import Fraction
from typing import ClassVar

from signalq_billing.domain.charge.tier import Tier


@dataclass(frozen=True, slots=True)
class Graduated:
    """Per tier: units in (previous up_to, up_to] * unit_amount, + flat_amount if any fell there."""

    counts_units: ClassVar[bool] = True

    tiers: tuple[Tier, ...]

    def price(self, quantity: Fraction) -> Fraction:
        total, below = Fraction(0), Fraction(0)
        for tier in self.tiers:
            top = quantity if tier.up_to is None else min(quantity, Fraction(tier.up_to))
            inside = top - below
            if inside > 0:
                total += inside * Fraction(tier.unit_amount) + Fraction(tier.flat_amount)
                below = top
        return total
