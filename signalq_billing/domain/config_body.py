"""Park configs as canonical JSON-able bodies, and back: how versions are stored, compared and hashed (SPEC section 6).

Numbers are decimal strings in their shortest form, so that equal configs have equal bodies. Charge models are written
by their dataclass fields, so that a new model needs nothing here.
"""

import dataclasses
import datetime as dt
import hashlib
import json
from collections.abc import Mapping
from decimal import Decimal
from typing import Any, get_args, get_origin

from signalq_billing.domain.activity import ActivityRules
from signalq_billing.domain.charge import CHARGE_MODELS, ChargeModel
from signalq_billing.domain.charge.absent import AbsentModel
from signalq_billing.domain.charge.fields import field_types, without_none
from signalq_billing.domain.config import Charge, Limits, OrderPer, ParkConfig, PayTerms, Rounding, Scope
from signalq_billing.domain.units import UNITS
from signalq_billing.errors import UsageError


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
            **_charge_keys(charge.model),
        },
        "limits": _encode(terms.limits),
        "rounding": terms.rounding.value,
        "order_per": terms.order_per.value,
    }


def from_body(body: Mapping[str, Any]) -> ParkConfig:
    """The config a body was made from. A charge model or unit that cannot be had makes it one that cannot be computed
    (AbsentModel): that park has to wait, and no other."""
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
    keys = dict(body["charge"])
    name, unit, scope = keys.pop("model"), keys.pop("unit"), keys.pop("scope")
    try:
        model = _stored_model(name, unit, keys)
    except UsageError as error:
        reason = f"config version {body['effective_from']} of park {body['park_id']} cannot be used: {error}"
        model = AbsentModel(name, canonical_json(keys), reason)
    return Charge(model, unit, Scope(scope))


def _stored_model(name: str, unit: str | None, keys: Mapping[str, Any]) -> ChargeModel:
    """The model of stored keys. Raises UsageError if it or its unit cannot be had."""
    kind = CHARGE_MODELS[name]
    if unit is not None:
        UNITS[unit]
    try:
        model: ChargeModel = _decode(kind, keys)
    except Exception as error:  # keys of another version of the model, or whatever it has against them
        brought = CHARGE_MODELS.origin(name) or "this version of signalq-billing"
        raise UsageError(
            f"the charge model {name!r} of {brought} does not take the keys that are stored, {', '.join(sorted(keys))} "
            f"({type(error).__name__}: {error}): install the version of the package it was applied with"
        ) from error
    return model


def _charge_keys(model: ChargeModel) -> dict[str, object]:
    keys: dict[str, object] = json.loads(model.keys) if isinstance(model, AbsentModel) else _encode_fields(model)
    return keys


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
    return model.name if isinstance(model, AbsentModel) else CHARGE_MODELS.name_of(type(model))


def decimal_text(number: Decimal) -> str:
    """The shortest plain notation: no exponent, no trailing zeros, no negative zero."""
    text = format(number, "f")
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return "0" if text in {"-0", ""} else text


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
    kind, may_be_none = without_none(kind)
    if may_be_none and value is None:
        return None
    if kind is Decimal:
        return Decimal(value)
    if get_origin(kind) is tuple:
        return tuple(_decode(get_args(kind)[0], each) for each in value)
    if dataclasses.is_dataclass(kind) and isinstance(kind, type):
        fields = field_types(kind)
        return kind(**{name: _decode(fields[name], each) for name, each in value.items()})
    return value
