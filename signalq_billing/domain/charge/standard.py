"""standard: every unit costs the same."""

from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import ClassVar

from signalq_billing.domain.charge.model import ChargeStep, units_text
from signalq_billing.domain.exact import exactly
from signalq_billing.domain.readable import price_text


@dataclass(frozen=True, slots=True)
class Standard:
    """q * unit_amount."""

    counts_units: ClassVar[bool] = True

    unit_amount: Decimal

    def price(self, quantity: Fraction) -> Fraction:
        return quantity * exactly(self.unit_amount)

    def steps(self, quantity: Fraction) -> tuple[ChargeStep, ...]:
        return (ChargeStep(f"{units_text(quantity)} × {price_text(self.unit_amount)}", self.price(quantity)),)
