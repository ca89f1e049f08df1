"""What a unit is: a function from a device's activity, its park's rules and its eligibility to a quantity."""

from collections.abc import Callable
from fractions import Fraction
from types import ModuleType
from typing import TypeVar, cast

from signalq_billing.domain.activity import ActivityRules, DeviceActivity
from signalq_billing.domain.registry import NotAccepted, takes
from signalq_billing.errors import SignalqBillingError

Unit = Callable[[DeviceActivity, ActivityRules, bool], Fraction]
U = TypeVar("U", bound=Unit)

_NOUNS = "nouns"


def counted_as(one: str, many: str = "") -> Callable[[U], U]:
    """Say what people call a unit: one of it, and many if that is more than an `s`."""

    def named(unit: U) -> U:
        setattr(unit, _NOUNS, (one, many or f"{one}s"))
        return unit

    return named


def nouns_of(unit: Unit | None, name: str) -> tuple[str, str]:
    """What one and many of a unit are called; its name in configs, if it does not say."""
    nouns: tuple[str, str] = getattr(unit, _NOUNS, (name, name))
    return nouns


def exact_count(unit: Unit, device: DeviceActivity, rules: ActivityRules, eligible: bool) -> Fraction:
    """What `unit` counts, held to its word. Raises SignalqBillingError for a failure and for no exact number >= 0."""
    who = f"the unit {getattr(unit, '__qualname__', unit)} of {unit.__module__}"
    try:
        quantity: object = unit(device, rules, eligible)
    except Exception as error:  # whatever a unit of another package does
        raise SignalqBillingError(
            f"{who} failed to count device {device.device_id} ({type(error).__name__}: {error}); nothing can be paid "
            "by it until it is mended"
        ) from error
    if isinstance(quantity, bool) or not isinstance(quantity, int | Fraction) or quantity.numerator < 0:
        raise SignalqBillingError(
            f"{who} counted {quantity!r} for device {device.device_id}: a quantity must be a Fraction that is not "
            "negative; nothing can be paid by it until it is mended"
        )
    return quantity if type(quantity) is Fraction else Fraction(quantity)


def as_unit(thing: object) -> Unit:
    """The thing itself. Raises NotAccepted for what is not a unit."""
    if isinstance(thing, type) or not takes(thing, 3):
        raise NotAccepted(
            "must be a function `(device: DeviceActivity, rules: ActivityRules, eligible: bool) -> Fraction`"
        )
    return cast(Unit, thing)


def unit_of_file(module: ModuleType) -> Unit | None:
    """The function named like the file, if there is one: what makes it a file of a unit."""
    found: Unit | None = getattr(module, module.__name__.rpartition(".")[2], None)
    return found
