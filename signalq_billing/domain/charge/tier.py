"""A tier: a span of quantities with its own price. Tiers of a charge leave no gap and the last has no end."""

from dataclasses import dataclass
from decimal import Decimal


@dataclass(frozen=True, slots=True)
class Tier:
    """Quantities in (the previous tier's `up_to`, `up_to`]; `up_to` None: all that is above."""

    up_to: Decimal | None
    unit_amount: Decimal
    flat_amount: Decimal = Decimal(0)
