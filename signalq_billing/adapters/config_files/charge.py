"""The `charge` of a config, read by the dataclass fields of its model: a new model changes nothing here (SPEC 6)."""

import dataclasses
from decimal import Decimal
from typing import Any, get_args, get_origin

from signalq_billing.adapters.config_files.keys import Keys
from signalq_billing.adapters.config_files.values import Reader, Wrong, number, one_of, switch, text, whole
from signalq_billing.adapters.config_files.yaml_tree import Scalar, Tree, is_null
from signalq_billing.domain.charge import CHARGE_MODELS, ChargeModel, Tier
from signalq_billing.domain.charge.fields import field_types, without_none
from signalq_billing.domain.config import Charge, Scope
from signalq_billing.domain.config_rules import tier_problems
from signalq_billing.domain.near_miss import near_miss
from signalq_billing.domain.registry import Registry
from signalq_billing.domain.units import UNITS
from signalq_billing.errors import UsageError


def read_charge(config: Keys) -> Charge | None:
    """The charge, or None where it has problems or a partial config leaves the model open."""
    keys = config.keys("charge", needed=True)
    if keys is None:
        return None
    name = keys.need("model", usable(CHARGE_MODELS))
    scope = keys.may("scope", one_of([each.value for each in Scope]), Scope.DEVICE.value)
    if name is None:
        _read_as_meant(keys)
        keys.close()
        return None
    kind = CHARGE_MODELS[name]
    unit = _unit(keys, name, kind)
    values, complete = _fields(keys, kind)
    keys.close()
    if not complete or (kind.counts_units and unit is None):
        return None
    model = _made(config, kind, values)
    return None if model is None else Charge(model, unit, Scope(scope))


def _made(config: Keys, kind: type[ChargeModel], values: dict[str, object]) -> ChargeModel | None:
    try:
        return kind(**values)
    except Exception as error:  # whatever a model of another package has against its keys
        config.problem("charge", f"its model does not take these keys together: {error}")
        return None


def usable(registry: Registry[Any]) -> Reader[str]:
    """A name of this registry that a run can use, whatever package brings it."""
    known = one_of(registry)

    def read(tree: Tree) -> str:
        try:
            name = known(tree)
            registry.verify(name)
        except UsageError as error:
            raise Wrong(str(error)) from error
        return name

    return read


def _read_as_meant(keys: Keys) -> None:
    """Report what else is wrong while the model is not known: by the model that is surely meant, if there is one."""
    named = keys.tree.values.get("model")
    meant = near_miss(named.text, CHARGE_MODELS) if isinstance(named, Scalar) and not named.is_null else None
    if meant in CHARGE_MODELS.built_ins:
        kind = CHARGE_MODELS[meant]
        _unit(keys, meant, kind)
        _fields(keys, kind)
        return
    keys.optional("unit", usable(UNITS))
    if CHARGE_MODELS.has_outside or not is_null(named):  # it may be a model of another package, with any keys
        keys.mark(set(keys.tree.values))
    else:
        keys.mark({field for kind in CHARGE_MODELS.built_ins.values() for field in field_types(kind)})


def _unit(keys: Keys, name: str, kind: type[ChargeModel]) -> str | None:
    if kind.counts_units:
        return keys.need("unit", usable(UNITS))
    if keys.optional("unit", usable(UNITS)) is not None:
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
    hint, may_be_none = without_none(hint)
    if may_be_none and required and keys.says_null(field.name):
        return None
    if get_origin(hint) is tuple:
        if not required and field.name not in keys.tree.values:
            keys.mark([field.name])
            return dataclasses.MISSING
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
