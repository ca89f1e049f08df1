"""What may be registered as a charge model, ours and those of other packages alike."""

from collections.abc import Iterator
from types import ModuleType
from typing import cast

from signalq_billing.domain.charge.fields import field_problems, field_types, is_frozen_dataclass
from signalq_billing.domain.charge.model import ChargeModel
from signalq_billing.domain.registry import NotAccepted, takes


def as_charge_model(thing: object) -> type[ChargeModel]:
    """The thing itself. Raises NotAccepted with all that keeps it from being a charge model."""
    problems = list(_problems(thing))
    if problems:
        raise NotAccepted("; ".join(problems))
    return cast(type[ChargeModel], thing)


def model_of_file(module: ModuleType) -> type[ChargeModel] | None:
    """The class named like the file (`by_weight.py`: ByWeight), if it has a `price`: a charge model's file."""
    name = "".join(part.capitalize() for part in module.__name__.rpartition(".")[2].split("_"))
    found: type[ChargeModel] | None = getattr(module, name, None)
    return found if hasattr(found, "price") else None


def _problems(thing: object) -> Iterator[str]:
    if not is_frozen_dataclass(thing):
        yield "must be a class decorated with @dataclass(frozen=True)"
        return
    kind = cast(type, thing)
    if not isinstance(getattr(kind, "counts_units", None), bool) or "counts_units" in field_types_or_none(kind):
        yield "must say `counts_units: ClassVar[bool] = True`, or False for a model without a unit"
    if not takes(getattr(kind, "price", None), 2):
        yield "must have a method `price(self, quantity: Fraction) -> Fraction`"
    yield from field_problems(kind)


def field_types_or_none(kind: type) -> dict[str, object]:
    """The fields, or none of them where their annotations cannot be read: `field_problems` tells of that."""
    try:
        return field_types(kind)
    except Exception:  # whatever evaluating somebody's annotations may raise
        return {}
