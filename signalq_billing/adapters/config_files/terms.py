"""The part of a park config that says what is paid: read key by key (SPEC section 6)."""

import iso4217

from signalq_billing.adapters.config_files.charge import read_charge
from signalq_billing.adapters.config_files.keys import Keys
from signalq_billing.adapters.config_files.values import Wrong, number, one_of, text, whole
from signalq_billing.adapters.config_files.yaml_tree import Tree
from signalq_billing.domain.activity import ActivityRules
from signalq_billing.domain.config import Charge, Limits, OrderPer, PayTerms, Rounding, Scope
from signalq_billing.domain.config_rules import limit_problems
from signalq_billing.domain.money import minor_digits
from signalq_billing.domain.near_miss import near_miss
from signalq_billing.errors import UsageError

_LONGEST_DAY = 25 * 3600
_LIMITS = ("device_min", "device_max", "park_min", "park_max")


def currency(tree: Tree) -> str:
    """A currency of ISO 4217 that has a minor unit."""
    code = text(tree)
    try:
        minor_digits(code)
    except UsageError as error:
        near = near_miss(code, [each.code for each in iso4217.Currency])
        raise Wrong(str(error) + (f"; did you mean {near!r}?" if near and near != code else "")) from None
    return code


def read_terms(keys: Keys) -> PayTerms | None:
    """The terms of a config, or None where something is missing or wrong. Leaves closing `keys` to the caller."""
    code = keys.need("currency", currency)
    activity = _activity(keys)
    charge = read_charge(keys)
    min_active_days = _min_active_days(keys)
    limits = _limits(keys, charge)
    rounding = keys.may("rounding", one_of([each.value for each in Rounding]), Rounding.HALF_EVEN.value)
    order_per = keys.may("order_per", one_of([each.value for each in OrderPer]), OrderPer.PARK.value)
    if code is None or activity is None or charge is None:
        return None
    return PayTerms(code, activity, charge, min_active_days, limits, Rounding(rounding), OrderPer(order_per))


def _activity(config: Keys) -> ActivityRules | None:
    keys = config.keys("activity", needed=True)
    if keys is None:
        return None
    statuses = _statuses(keys)
    min_seconds = keys.may("min_active_seconds_per_day", whole(1, _LONGEST_DAY), 1)
    max_silence = keys.optional("max_silence_seconds", whole(1, 10**9))
    keys.close()
    return ActivityRules(statuses, min_seconds, max_silence) if statuses else None


def _statuses(keys: Keys) -> tuple[str, ...]:
    """The active statuses, each once, sorted bytewise: they are a set, and its order must not make a version."""
    found: set[str] = set()
    for path, item in keys.items("active_statuses"):
        try:
            status = text(item)
        except Wrong as wrong:
            keys.report.problem(item.at, path, str(wrong), keys.owner)
            continue
        if status in found:
            keys.report.warning(item.at, path, f"{status!r} is in the list already", keys.owner)
        found.add(status)
    return tuple(sorted(found, key=str.encode))


def _min_active_days(config: Keys) -> int:
    keys = config.keys("eligibility")
    if keys is None:
        return 1
    days = keys.may("min_active_days", whole(0, 10_000), 1)
    keys.close()
    return days


def _limits(config: Keys, charge: Charge | None) -> Limits:
    keys = config.keys("limits")
    if keys is None:
        return Limits()
    limits = Limits(**{name: keys.optional(name, number()) for name in _LIMITS})
    keys.close()
    for name, message in limit_problems(limits):
        keys.problem(name, message)
    if charge is not None and charge.scope is Scope.PARK:
        for name in ("device_min", "device_max"):
            if getattr(limits, name) is not None:
                keys.warning(name, "has no effect: with scope park the charge is taken once for the whole park")
    return limits
