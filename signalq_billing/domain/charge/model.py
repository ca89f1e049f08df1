"""What every charge model is: a frozen dataclass of its config keys that can price a quantity, and say how."""

from dataclasses import dataclass
from fractions import Fraction
from typing import ClassVar, Protocol

from signalq_billing.domain.readable import quantity_text
from signalq_billing.errors import SignalqBillingError


@dataclass(frozen=True, slots=True)
class ChargeStep:
    """A part of a price, exact and in major units, and in words what it is paid for."""

    text: str
    amount: Fraction


class ChargeModel(Protocol):
    """One way to price units. The dataclass fields are the keys a config gives under `charge`.

    `counts_units` is False for a model that has no unit and prices presence alone. A model may have a method
    `steps(quantity) -> tuple[ChargeStep, ...]` too, whose amounts sum to the price.
    """

    counts_units: ClassVar[bool]

    def price(self, quantity: Fraction) -> Fraction:
        """The exact price, in major units of the currency, of `quantity` >= 0 units."""
        ...


def exact_price(model: ChargeModel, quantity: Fraction) -> Fraction:
    """`model.price`, held to its word. Raises SignalqBillingError if it fails, is inexact, negative or no number."""
    who = f"the charge model {type(model).__qualname__} of {type(model).__module__}"
    try:
        price: object = model.price(quantity)
    except SignalqBillingError:
        raise
    except Exception as error:  # whatever a model of another package does
        raise SignalqBillingError(
            f"{who} failed to price {quantity} units ({type(error).__name__}: {error}); nothing can be paid by it "
            "until it is mended"
        ) from error
    if isinstance(price, bool) or not isinstance(price, int | Fraction) or price.numerator < 0:
        raise SignalqBillingError(
            f"{who} priced {quantity} units at {price!r}: a price must be a Fraction that is not negative; nothing can "
            "be paid by it until it is mended"
        )
    return price if type(price) is Fraction else Fraction(price)


def charge_steps(model: ChargeModel, quantity: Fraction) -> tuple[ChargeStep, ...]:
    """The arithmetic behind `model.price(quantity)`, in order; amounts sum to the price.

    A model without steps, or with steps that tell another story than its price, gets one that only names it.
    """
    price = exact_price(model, quantity)
    steps: tuple[ChargeStep, ...] = model.steps(quantity) if hasattr(model, "steps") else ()
    if steps and sum((step.amount for step in steps), Fraction(0)) == price:
        return steps
    return (ChargeStep(f"{units_text(quantity)}, priced by {type(model).__name__}", price),)


def units_text(quantity: Fraction) -> str:
    """`1 unit`, `2.5 units`."""
    return quantity_text(quantity, "unit", "units")
