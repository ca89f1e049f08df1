"""standard: every unit costs the same."""

from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import ClassVar


@dataclass(frozen=True, slots=True)
class Standard:
    """q * unit_amount."""

    counts_units: ClassVar[bool] = True

    unit_amount: Decimal

    def price(self, quantity: Fraction) -> Fraction:
        return quantity * Fraction(self.unit_amount)
