"""flat: an amount for being eligible at all, however much was done."""

from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import ClassVar

from signalq_billing.domain.charge.model import ChargeStep
from signalq_billing.domain.exact import exactly


@dataclass(frozen=True, slots=True)
class Flat:
    """`amount` per eligible device (scope device), or once if a device is eligible (scope park)."""

    counts_units: ClassVar[bool] = False

    amount: Decimal

    def price(self, quantity: Fraction) -> Fraction:  # noqa: ARG002 - a flat price ignores the quantity
        return exactly(self.amount)

    def steps(self, quantity: Fraction) -> tuple[ChargeStep, ...]:
        return (ChargeStep("flat amount", self.price(quantity)),)
