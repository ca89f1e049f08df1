"""graduated: each tier prices only the units that fall into it."""

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import ClassVar

from signalq_billing.domain.charge.model import ChargeStep, units_text
from signalq_billing.domain.charge.tier import Tier, spans
from signalq_billing.domain.exact import exact_sum, exactly
from signalq_billing.domain.readable import price_text


@dataclass(frozen=True, slots=True)
class Graduated:
    """Per tier: units in (previous up_to, up_to] * unit_amount, + flat_amount if any fell there."""

    counts_units: ClassVar[bool] = True

    tiers: tuple[Tier, ...]

    def price(self, quantity: Fraction) -> Fraction:
        filled = ((self.tiers[number], inside) for number, inside in self._filled(quantity))
        return exact_sum([inside * exactly(tier.unit_amount) + exactly(tier.flat_amount) for tier, inside in filled])

    def steps(self, quantity: Fraction) -> tuple[ChargeStep, ...]:
        steps: list[ChargeStep] = []
        in_words = tuple(spans(self.tiers))
        for number, inside in self._filled(quantity):
            tier, span = in_words[number]
            units = f"{units_text(inside)} {span}".rstrip()
            steps.append(ChargeStep(f"{units} × {price_text(tier.unit_amount)}", inside * Fraction(tier.unit_amount)))
            if tier.flat_amount:
                where = f" of the tier {span}" if span else ""
                steps.append(ChargeStep(f"flat amount{where}", Fraction(tier.flat_amount)))
        return tuple(steps) or (ChargeStep("0 units cost nothing", Fraction(0)),)

    def _filled(self, quantity: Fraction) -> Iterator[tuple[int, Fraction]]:
        """The numbers of the tiers that any units fall in, and how many fall there."""
        below = Fraction(0)
        for number, tier in enumerate(self.tiers):
            top = quantity if tier.up_to is None else min(quantity, exactly(tier.up_to))
            if top > below:
                yield number, top - below
                below = top
