"""tariffs.yaml: config keys that many parks share, and how a park's own keys go over them (SPEC section 6)."""

from dataclasses import dataclass, field
from pathlib import Path

from signalq_billing.adapters.config_files.keys import Keys
from signalq_billing.adapters.config_files.report import SHARED_FILE, Owner, Report
from signalq_billing.adapters.config_files.terms import read_terms
from signalq_billing.adapters.config_files.values import day, switch, text
from signalq_billing.adapters.config_files.yaml_tree import Keyed, Scalar, Tree, is_null, read_tree

_OWN_KEYS = ("park_id", "tariff")


@dataclass(slots=True)
class Tariffs:
    """The tariffs by name. `complete` is False where the file could not be read, so that a name may be right."""

    by_name: dict[str, Keyed] = field(default_factory=dict)
    complete: bool = True


def read_tariffs(directory: Path, report: Report) -> Tariffs:
    """tariffs.yaml, each tariff checked as far as it goes, whether or not a park names it."""
    if not (directory / SHARED_FILE).exists():
        return Tariffs()
    tree, readable = read_tree(directory / SHARED_FILE, SHARED_FILE, report)
    if tree is None:
        return Tariffs(complete=readable)
    if not isinstance(tree, Keyed):
        report.problem(tree.at, "", "must be a mapping of tariff names to their keys")
        return Tariffs(complete=False)
    keys = Keys(tree, report)
    keys.mark(tree.values)
    keys.close()
    return Tariffs({name: _checked(name, value, report) for name, value in tree.values.items()})


def _checked(name: str, value: Tree, report: Report) -> Keyed:
    if not isinstance(value, Keyed):
        if not is_null(value):
            report.problem(value.at, name, "must be a mapping with the keys of a park config")
        return Keyed(value.at)
    keys = Keys(value, report, owner=Owner(tariff=name), partial=True)
    for own in _OWN_KEYS:
        if keys.optional(own, text) is not None:
            keys.problem(own, "does not belong in a tariff, only in a park config")
    keys.optional("effective_from", day)
    keys.optional("cadence", text)
    keys.optional("enabled", switch)
    read_terms(keys)
    keys.close()
    return value


def with_tariff(tariff: Keyed, config: Keyed) -> Keyed:
    """A park's keys over its tariff's: mappings merge, lists and values replace, null removes.

    `charge` is replaced whole where the park names another model than the tariff: its keys mean something else.
    """
    base = Keyed(tariff.at, dict(tariff.values), dict(tariff.key_places))
    for own in _OWN_KEYS:
        base.values.pop(own, None)
    if _model(config) not in {None, _model(tariff)} and _model(tariff) is not None:
        base.values.pop("charge")
    return _merged(base, config)


def _merged(base: Keyed, over: Keyed) -> Keyed:
    merged = Keyed(over.at, base.values | over.values, base.key_places | over.key_places, over.repeated)
    for name, value in over.values.items():
        below = base.values.get(name)
        if isinstance(value, Keyed) and isinstance(below, Keyed):
            merged.values[name] = _merged(below, value)
    return merged


def _model(config: Keyed) -> str | None:
    charge = config.values.get("charge")
    model = charge.values.get("model") if isinstance(charge, Keyed) else None
    return model.text if isinstance(model, Scalar) and not model.is_null else None
