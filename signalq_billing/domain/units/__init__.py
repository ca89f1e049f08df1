"""Units: what is counted of a device's activity, exactly (SPEC section 6). One file per unit, its function and its name
in configs named like the file; packages outside this one add theirs as entry points of `signalq_billing.units`."""

from fractions import Fraction

from signalq_billing.domain.readable import quantity_text
from signalq_billing.domain.registry import Registry, by_file
from signalq_billing.domain.units.unit import Unit, as_unit, counted_as, exact_count, nouns_of, unit_of_file
from signalq_billing.errors import UsageError

UNITS: Registry[Unit] = Registry("unit", "signalq_billing.units", by_file(__name__, unit_of_file), as_unit)


def counted_text(name: str, quantity: Fraction) -> str:
    """`5 active days`; `5 wheel_turn` for a unit that does not say what people call it, or is no longer there."""
    try:
        unit = UNITS.get(name)
    except UsageError:
        unit = None
    return quantity_text(quantity, *nouns_of(unit, name))


__all__ = ["UNITS", "Unit", "counted_as", "counted_text", "exact_count"]
