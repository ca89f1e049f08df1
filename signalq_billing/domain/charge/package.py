"""package: units are sold in whole packages, after the free ones."""

import math
from dataclasses import dataclass, field
from decimal import Decimal
from fractions import Fraction
from typing import ClassVar

from signalq_billing.domain.charge.model import ChargeStep, units_text
from signalq_billing.domain.readable import number_text, price_text


@dataclass(frozen=True, slots=True)
class Package:
    """ceil(max(q - free_units, 0) / package_size) * package_amount."""

    counts_units: ClassVar[bool] = True

    package_size: Decimal = field(metadata={"above": 0})
    package_amount: Decimal
    free_units: Decimal = Decimal(0)

    def price(self, quantity: Fraction) -> Fraction:
        return self._packages(quantity) * Fraction(self.package_amount)

    def steps(self, quantity: Fraction) -> tuple[ChargeStep, ...]:
        counted = units_text(quantity)
        if self.free_units and self._charged(quantity):
            counted += f" - {number_text(self.free_units)} free = {number_text(self._charged(quantity))}"
        elif self.free_units:
            counted += f", {number_text(self.free_units)} are free"
        sold = f"{self._packages(quantity)} × {price_text(self.package_amount)}"
        return (
            ChargeStep(f"{counted}, in packages of {number_text(self.package_size)}: {sold}", self.price(quantity)),
        )

    def _charged(self, quantity: Fraction) -> Fraction:
        return max(quantity - Fraction(self.free_units), Fraction(0))

    def _packages(self, quantity: Fraction) -> int:
        return math.ceil(self._charged(quantity) / Fraction(self.package_size))
