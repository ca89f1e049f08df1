"""guards.yaml: what holds money back before it leaves (SPEC section 11). All of it is optional."""

from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path

from signalq_billing.adapters.config_files.keys import Keys
from signalq_billing.adapters.config_files.report import Report
from signalq_billing.adapters.config_files.terms import currency
from signalq_billing.adapters.config_files.values import Wrong, number, switch
from signalq_billing.adapters.config_files.yaml_tree import Keyed, Scalar, read_tree
from signalq_billing.domain.guards import Guards

FILE = "guards.yaml"


def read_guards(directory: Path, report: Report) -> Guards:
    """guards.yaml, its problems told to `report`; no guards if the file is absent or empty."""
    if not (directory / FILE).exists():
        return Guards()
    tree, _ = read_tree(directory / FILE, FILE, report)
    if tree is None:
        return Guards()
    if not isinstance(tree, Keyed):
        report.problem(tree.at, "", "must be a mapping, such as `kill_switch: false`")
        return Guards()
    keys = Keys(tree, report)
    guards = Guards(
        kill_switch=keys.may("kill_switch", switch, False),
        run_max=_caps(keys.keys("run_max")),
        park_max=_caps(keys.keys("park_max")),
    )
    keys.close()
    return guards


def _caps(keys: Keys | None) -> Mapping[str, Decimal]:
    """Money by currency; a key that is no currency is a problem at its place."""
    caps: dict[str, Decimal] = {}
    if keys is None:
        return caps
    for code, place in keys.tree.key_places.items():
        try:
            currency(Scalar(place, code, is_null=False, quoted=True))
        except Wrong as wrong:
            keys.report.problem(place, keys.path_of(code), str(wrong))
            continue
        cap = keys.optional(code, number())
        if cap is not None:
            caps[code] = cap
    keys.mark(keys.tree.values)
    keys.close()
    return caps
