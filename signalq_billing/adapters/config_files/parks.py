"""parks/*.yaml: the versions of park configs, each with its tariff under it and its place kept (SPEC section 6)."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from signalq_billing.adapters.config_files.keys import Keys
from signalq_billing.adapters.config_files.report import Owner, Report
from signalq_billing.adapters.config_files.tariffs import Tariffs, with_tariff
from signalq_billing.adapters.config_files.terms import read_terms
from signalq_billing.adapters.config_files.values import day, switch, text
from signalq_billing.adapters.config_files.yaml_tree import Keyed, Listing, Scalar, Tree, is_null, read_tree
from signalq_billing.domain.config import ParkConfig
from signalq_billing.domain.config_rules import PlacedVersion
from signalq_billing.domain.near_miss import suggestion

DIRECTORY = "parks"


@dataclass(frozen=True, slots=True)
class ReadVersion:
    """One version as read: `config` is None where it has problems, `placed` says what is known for its timeline."""

    placed: PlacedVersion
    config: ParkConfig | None


def read_parks(directory: Path, tariffs: Tariffs, report: Report) -> Iterator[ReadVersion]:
    """Every version that says whose it is and from when, file by file; problems go to `report`."""
    for path in sorted((directory / DIRECTORY).glob("*.yaml")):
        if path.name.startswith("."):
            continue
        tree, _ = read_tree(path, f"{DIRECTORY}/{path.name}", report)
        for index, item in enumerate(_items(tree, report)):
            if isinstance(item, Keyed):
                version = _read(item, tariffs, report)
                if version is not None:
                    yield version
            else:
                report.problem(item.at, f"[{index}]", "must be a mapping with the keys of a park config")


def _items(tree: Tree | None, report: Report) -> list[Tree]:
    if isinstance(tree, Listing):
        return tree.items
    if isinstance(tree, Keyed) and "park_id" in tree.values:
        return [tree]
    if tree is not None and not is_null(tree):
        report.problem(tree.at, "", "must be a list of park configs, each beginning with `- park_id:`")
    return []


def _read(own: Keyed, tariffs: Tariffs, report: Report) -> ReadVersion | None:
    park_id = _park_id(own)
    tariff, tariff_known = _tariff(own, tariffs, report, park_id)
    keys = Keys(own if tariff is None else with_tariff(tariff, own), report, owner=Owner(park_id=park_id))
    named = keys.need("park_id", text)
    if named is not None and named != named.strip():
        keys.warning("park_id", f"{named!r} begins or ends with a blank: that is another park than {named.strip()!r}")
    date = keys.need("effective_from", day)
    keys.optional("tariff", text)
    enabled = keys.may("enabled", switch, True)
    cadence = (keys.need if enabled and tariff_known else keys.optional)("cadence", text)
    keys.partial = not (enabled and tariff_known)
    terms = read_terms(keys)
    keys.close()
    if named is None or date is None:
        return None
    placed = PlacedVersion(named, date, cadence or "", keys.place_of("effective_from"), keys.place_of("cadence"))
    if enabled and (terms is None or cadence is None):
        return ReadVersion(placed, None)
    return ReadVersion(placed, ParkConfig(named, date, cadence or "", terms if enabled else None))


def _park_id(own: Keyed) -> str:
    """The park that problems of this config are told with, as far as it says."""
    value = own.values.get("park_id")
    return value.text if isinstance(value, Scalar) and not value.is_null else ""


def _tariff(own: Keyed, tariffs: Tariffs, report: Report, park_id: str) -> tuple[Keyed | None, bool]:
    """The tariff a config names, if any, and whether its keys are all known."""
    value = own.values.get("tariff")
    if is_null(value) or not isinstance(value, Scalar):
        return None, True
    if value.text in tariffs.by_name:
        return tariffs.by_name[value.text], True
    if tariffs.complete:
        message = f"there is no tariff {value.text!r} in tariffs.yaml; {suggestion(value.text, tariffs.by_name)}"
        report.problem(value.at, "tariff", message, Owner(park_id=park_id), shared=True)
    return None, False
