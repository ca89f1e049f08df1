"""Park configs as canonical JSON-able bodies, and back: how versions are stored, compared and hashed (SPEC section 6).

Numbers are decimal strings in their shortest form, so that equal configs have equal bodies. Charge models are written
by their dataclass fields, so that a new model needs nothing here.
"""

import dataclasses
import datetime as dt
import hashlib
import json
import types
from collections.abc import Mapping
from decimal import Decimal
from functools import cache
from typing import Any, Union, get_args, get_origin, get_type_hints

from signalq_billing.domain.activity import ActivityRules
from signalq_billing.domain.charge import CHARGE_MODELS
from signalq_billing.domain.charge.model import ChargeModel
from signalq_billing.domain.config import Charge, Limits, OrderPer, ParkConfig, PayTerms, Rounding, Scope
from signalq_billing.errors import ConfigInvalid, ConfigProblem


def to_body(config: ParkConfig) -> dict[str, object]:
    """The config with every key written out, in the words of the config files; only strings, ints, lists, dicts.

    A version that is not enabled has `park_id`, `effective_from`, `enabled` and `cadence` alone.
    """
    body: dict[str, object] = {
        "park_id": config.park_id,
        "effective_from": config.effective_from.isoformat(),
        "enabled": config.enabled,
        "cadence": config.cadence,
    }
    return body if config.terms is None else body | _terms_body(config.terms)


def _terms_body(terms: PayTerms) -> dict[str, object]:
    charge = terms.charge
    return {
        "currency": terms.currency,
        "activity": _encode(terms.activity),
        "eligibility": {"min_active_days": terms.min_active_days},
        "charge": {
            "model": model_name(charge.model),
            "unit": charge.unit,
            "scope": charge.scope.value,
            **_encode_fields(charge.model),
        },
        "limits": _encode(terms.limits),
        "rounding": terms.rounding.value,
        "order_per": terms.order_per.value,
    }


def from_body(body: Mapping[str, Any]) -> ParkConfig:
    """The config a body was made from. Raises ConfigInvalid for a charge model this code does not have."""
    return ParkConfig(
        park_id=body["park_id"],
        effective_from=dt.date.fromisoformat(body["effective_from"]),
        cadence=body["cadence"],
        terms=_terms(body) if body["enabled"] else None,
    )


def _terms(body: Mapping[str, Any]) -> PayTerms:
    return PayTerms(
        currency=body["currency"],
        activity=_decode(ActivityRules, body["activity"]),
        charge=_charge(body),
        min_active_days=body["eligibility"]["min_active_days"],
        limits=_decode(Limits, body["limits"]),
        rounding=Rounding(body["rounding"]),
        order_per=OrderPer(body["order_per"]),
    )


def _charge(body: Mapping[str, Any]) -> Charge:
    charge = dict(body["charge"])
    name, unit, scope = charge.pop("model"), charge.pop("unit"), charge.pop("scope")
    if name not in CHARGE_MODELS:
        message = f"version {body['effective_from']} is stored with the charge model {name!r}, which is not installed"
        raise ConfigInvalid([ConfigProblem("stored", 0, body["park_id"], "charge.model", message)])
    model: ChargeModel = _decode(CHARGE_MODELS[name], charge)
    return Charge(model, unit, Scope(scope))


def canonical_json(body: Mapping[str, object]) -> str:
    """A body as JSON that depends on nothing but its content: sorted keys, no spaces."""
    return json.dumps(body, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def body_hash(config: ParkConfig) -> str:
    """SHA-256 of the config's canonical JSON, in hex: equal for equal configs, and only for them."""
    return hashlib.sha256(canonical_json(to_body(config)).encode()).hexdigest()


def changed_fields(old: ParkConfig, new: ParkConfig) -> list[str]:
    """The paths of the keys in which two versions differ, such as `limits.park_max`; `charge.model` covers all of
    its charge, `enabled` all of a version, and lists count as one value."""
    before, after = flat_body(old), flat_body(new)
    paths = [path for path in {**before, **after} if before.get(path) != after.get(path)]
    if "enabled" in paths:
        return ["enabled"]
    if "charge.model" in paths:
        paths = [path for path in paths if path == "charge.model" or not path.startswith("charge.")]
    return paths


def flat_body(config: ParkConfig) -> dict[str, object]:
    """The body with the path of each key, such as `limits.park_max`, instead of mappings; lists stay as they are."""
    return _flat(to_body(config))


def _flat(body: Mapping[str, object], under: str = "") -> dict[str, object]:
    flat: dict[str, object] = {}
    for name, value in body.items():
        if isinstance(value, Mapping):
            flat |= _flat(value, f"{under}{name}.")
        else:
            flat[f"{under}{name}"] = value
    return flat


def model_name(model: ChargeModel) -> str:
    """The name configs give to the model of this kind."""
    return next(name for name, kind in CHARGE_MODELS.items() if type(model) is kind)


def decimal_text(number: Decimal) -> str:
    """The shortest plain notation: no exponent, no trailing zeros, no negative zero."""
    text = format(number, "f")
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return "0" if text in {"-0", ""} else text


@cache
def field_types(kind: type) -> dict[str, Any]:
    """The init fields of a dataclass with their resolved types, in order."""
    hints = get_type_hints(kind)
    return {each.name: hints[each.name] for each in dataclasses.fields(kind) if each.init}


def _encode_fields(value: object) -> dict[str, object]:
    kind: type = type(value)
    return {name: _encode(getattr(value, name)) for name in field_types(kind)}


def _encode(value: object) -> object:
    match value:
        case Decimal():
            return decimal_text(value)
        case tuple():
            return [_encode(each) for each in value]
        case None | str() | int():
            return value
    return _encode_fields(value)


def _decode(kind: Any, value: Any) -> Any:  # noqa: ANN401 - what it returns is of the type it is given
    """`value` of a body as the type a dataclass field asks for."""
    if get_origin(kind) in {types.UnionType, Union}:
        if value is None:
            return None
        kind = next(each for each in get_args(kind) if each is not types.NoneType)
    if kind is Decimal:
        return Decimal(value)
    if get_origin(kind) is tuple:
        return tuple(_decode(get_args(kind)[0], each) for each in value)
    if dataclasses.is_dataclass(kind) and isinstance(kind, type):
        fields = field_types(kind)
        return kind(**{name: _decode(fields[name], each) for name, each in value.items()})
    return value
