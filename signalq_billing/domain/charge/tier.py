"""A tier: a span of quantities with its own price. Tiers of a charge leave no gap and the last has no end."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from signalq_billing.domain.exact import exactly
from signalq_billing.domain.readable import number_text


@dataclass(frozen=True, slots=True)
class Tier:
    """Quantities in (the previous tier's `up_to`, `up_to`]; `up_to` None: all that is above."""

    up_to: Decimal | None
    unit_amount: Decimal
    flat_amount: Decimal = Decimal(0)

    def holds(self, quantity: Fraction) -> bool:
        """Whether the quantity ends in this tier or in one before it."""
        return self.up_to is None or quantity <= exactly(self.up_to)


def spans(tiers: Sequence[Tier]) -> Iterator[tuple[Tier, str]]:
    """Each tier with its span in words: `up to 5`, `above 5 up to 8`, `above 8`; empty for an only one."""
    begin = ""
    for tier in tiers:
        end = "" if tier.up_to is None else f"up to {number_text(tier.up_to)}"
        yield tier, " ".join(filter(None, [begin, end]))
        begin = "" if tier.up_to is None else f"above {number_text(tier.up_to)}"
