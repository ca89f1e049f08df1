"""The `charge` of a config, read by the dataclass fields of its model: a new model changes nothing here (SPEC 6)."""

import dataclasses
import types
from decimal import Decimal
from typing import Any, get_args, get_origin

from signalq_billing.adapters.config_files.keys import Keys
from signalq_billing.adapters.config_files.values import Reader, number, one_of, switch, text, whole
from signalq_billing.domain.charge import CHARGE_MODELS, Tier
from signalq_billing.domain.charge.model import ChargeModel
from signalq_billing.domain.config import Charge, Scope
from signalq_billing.domain.config_body import field_types
from signalq_billing.domain.config_rules import tier_problems
from signalq_billing.domain.units import UNITS


def read_charge(config: Keys) -> Charge | None:
    """The charge, or None where it has problems or a partial config leaves the model open."""
    keys = config.keys("charge", needed=True)
    if keys is None:
        return None
    name = keys.need("model", one_of(CHARGE_MODELS))
    scope = keys.may("scope", one_of([each.value for each in Scope]), Scope.DEVICE.value)
    if name is None:
        keys.optional("unit", one_of(UNITS))
        keys.mark({field for kind in CHARGE_MODELS.values() for field in field_types(kind)})
        keys.close()
        return None
    kind = CHARGE_MODELS[name]
    unit = _unit(keys, name, kind)
    values, complete = _fields(keys, kind)
    keys.close()
    if not complete or (kind.counts_units and unit is None):
        return None
    return Charge(kind(**values), unit, Scope(scope))


def _unit(keys: Keys, name: str, kind: type[ChargeModel]) -> str | None:
    if kind.counts_units:
        return keys.need("unit", one_of(UNITS))
    if keys.optional("unit", one_of(UNITS)) is not None:
        keys.warning("unit", f"has no effect: the model {name} counts no units")
    return None


def _fields(keys: Keys, kind: type) -> tuple[dict[str, object], bool]:
    """The good values for the fields of the dataclass `kind`, and whether they suffice to make one."""
    values: dict[str, object] = {}
    complete = True
    for field in dataclasses.fields(kind):
        if not field.init:
            continue
        found = _field(keys, field, field_types(kind)[field.name])
        if found is not dataclasses.MISSING:
            values[field.name] = found
        elif field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING:
            complete = False
    return values, complete


def _field(keys: Keys, field: dataclasses.Field[Any], hint: Any) -> object:  # noqa: ANN401 - a type annotation
    """The value of one field; MISSING where its default applies, or where it is wrong."""
    required = field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING
    if get_origin(hint) is types.UnionType and types.NoneType in get_args(hint):
        hint = next(each for each in get_args(hint) if each is not types.NoneType)
        if required and keys.says_null(field.name):
            return None
    if get_origin(hint) is tuple:
        return _tuple(keys, field.name, get_args(hint)[0])
    reader = _reader(hint, field)
    found = keys.need(field.name, reader) if required else keys.optional(field.name, reader)
    return dataclasses.MISSING if found is None else found


def _reader(hint: Any, field: dataclasses.Field[Any]) -> Reader[Any]:  # noqa: ANN401 - a type annotation
    if hint is Decimal:
        return number(low=field.metadata.get("above", 0), above="above" in field.metadata)
    readers: dict[Any, Reader[Any]] = {int: whole(0, 10**9), str: text, bool: switch}
    return readers[hint]


def _tuple(keys: Keys, name: str, kind: type) -> object:
    """A list of mappings, each an instance of the dataclass `kind`; lists are never partial."""
    all_keys = [keys.under(item, path, partial=False) for path, item in keys.items(name)]
    found = [(item, *_fields(item, kind)) for item in all_keys if item is not None]
    for item, _, _ in found:
        item.close()
    if not found or len(found) < len(all_keys):
        return dataclasses.MISSING
    if kind is Tier and all("up_to" in values for _, values, _ in found):
        for index, message in tier_problems([values["up_to"] for _, values, _ in found]):  # type: ignore[misc]
            found[index][0].problem("up_to", message)
    if not all(complete for _, _, complete in found):
        return dataclasses.MISSING
    return tuple(kind(**values) for _, values, _ in found)
