"""package: units are sold in whole packages, after the free ones."""

import math
from dataclasses import dataclass, field
from decimal import Decimal
from fractions import Fraction
from typing import ClassVar


@dataclass(frozen=True, slots=True)
class Package:
    """ceil(max(q - free_units, 0) / package_size) * package_amount."""

    counts_units: ClassVar[bool] = True

    package_size: Decimal = field(metadata={"above": 0})
    package_amount: Decimal
    free_units: Decimal = Decimal(0)

    def price(self, quantity: Fraction) -> Fraction:
        charged = max(quantity - Fraction(self.free_units), Fraction(0))
        return math.ceil(charged / Fraction(self.package_size)) * Fraction(self.package_amount)
