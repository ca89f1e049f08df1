"""volume: the tier that the whole quantity reaches prices all of it."""

from dataclasses import dataclass
from fractions import Fraction
from typing import ClassVar

from signalq_billing.domain.charge.model import ChargeStep, units_text
from signalq_billing.domain.charge.tier import Tier, spans
from signalq_billing.domain.exact import exactly
from signalq_billing.domain.readable import price_text


@dataclass(frozen=True, slots=True)
class Volume:
    """The one tier with previous up_to < q <= up_to prices all q, + its flat_amount; q = 0 costs 0."""

    counts_units: ClassVar[bool] = True

    tiers: tuple[Tier, ...]

    def price(self, quantity: Fraction) -> Fraction:
        if quantity == 0:
            return Fraction(0)
        tier = next(tier for tier in self.tiers if tier.holds(quantity))
        return quantity * exactly(tier.unit_amount) + exactly(tier.flat_amount)

    def steps(self, quantity: Fraction) -> tuple[ChargeStep, ...]:
        if quantity == 0:
            return (ChargeStep("0 units cost nothing", Fraction(0)),)
        tier, span = self._reached(quantity)
        units = f"all {units_text(quantity)} × {price_text(tier.unit_amount)}"
        step = ChargeStep(f"{units}, tier {span}" if span else units, quantity * Fraction(tier.unit_amount))
        if not tier.flat_amount:
            return (step,)
        where = f" of the tier {span}" if span else ""
        return step, ChargeStep(f"flat amount{where}", Fraction(tier.flat_amount))

    def _reached(self, quantity: Fraction) -> tuple[Tier, str]:
        return next((tier, span) for tier, span in spans(self.tiers) if tier.holds(quantity))
