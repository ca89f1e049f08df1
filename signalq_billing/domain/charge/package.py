"""package: units are sold in whole packages, after the free ones."""

import math
from dataclasses import dataclass, field
from decimal import Decimal
from fractions import Fraction
from typing import ClassVar

from signalq_billing.domain.charge.model import ChargeStep, units_text
from signalq_billing.domain.exact import exactly
from signalq_billing.domain.readable import number_text, price_text

_SHORT = 4  # longer differences are left to the reader, so that the line stays readable


@dataclass(frozen=True, slots=True)
class Package:
    """ceil(max(q - free_units, 0) / package_size) * package_amount."""

    counts_units: ClassVar[bool] = True

    package_size: Decimal = field(metadata={"above": 0})
    package_amount: Decimal
    free_units: Decimal = Decimal(0)

    def price(self, quantity: Fraction) -> Fraction:
        return self._packages(quantity) * exactly(self.package_amount)

    def steps(self, quantity: Fraction) -> tuple[ChargeStep, ...]:
        packages = f"packages of {number_text(self.package_size)}"
        sold = f"{self._packages(quantity)} × {price_text(self.package_amount)}"
        text = f"{units_text(quantity)}{self._free_text(quantity)}, {packages}: {sold}"
        return (ChargeStep(text, self.price(quantity)),)

    def _free_text(self, quantity: Fraction) -> str:
        if not self.free_units:
            return ""
        rest, free = number_text(self._charged(quantity)), number_text(self.free_units)
        if not self._charged(quantity):
            return f", {free} are free"
        return f" - {free} free = {rest}" if len(rest) <= _SHORT else f" - {free} free"

    def _charged(self, quantity: Fraction) -> Fraction:
        return max(quantity - exactly(self.free_units), Fraction(0))

    def _packages(self, quantity: Fraction) -> int:
        return math.ceil(self._charged(quantity) / exactly(self.package_size))
