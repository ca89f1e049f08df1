"""What every charge model is: a frozen dataclass of its config keys that can price a quantity."""

from fractions import Fraction
from typing import ClassVar, Protocol


class ChargeModel(Protocol):
    """One way to price units. The dataclass fields are the keys a config gives under `charge`.

    `counts_units` is False for a model that has no unit and prices presence alone.
    """

    counts_units: ClassVar[bool]

    def price(self, quantity: Fraction) -> Fraction:
        """The exact price, in major units of the currency, of `quantity` >= 0 units."""
        ...
