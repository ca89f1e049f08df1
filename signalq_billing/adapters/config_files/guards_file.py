"""guards.yaml: what holds money back before it leaves (SPEC section 11). All of it is optional."""

from collections.abc import Mapping
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

from signalq_billing.adapters.config_files.keys import Keys
from signalq_billing.adapters.config_files.report import Report
from signalq_billing.adapters.config_files.terms import currency
from signalq_billing.adapters.config_files.values import Wrong, number, switch, whole
from signalq_billing.adapters.config_files.yaml_tree import Keyed, Scalar, read_tree
from signalq_billing.domain.guards import MIN_PERIODS, PERIODS, DeviceJump, Guards, TotalDeviation

FILE = "guards.yaml"
_SHARE = number(high=Decimal(1000))
_PERIODS = whole(1, 100)


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
        run_max=_amounts(keys.keys("run_max")),
        park_max=_amounts(keys.keys("park_max")),
        total_deviation=_total_deviation(keys.keys("total_deviation")),
        device_jump=_device_jump(keys.keys("device_jump")),
        hold_config_changes=keys.may("hold_config_changes", switch, False),
        hold_first=keys.may("hold_first", switch, False),
    )
    keys.close()
    return guards


def _total_deviation(keys: Keys | None) -> TotalDeviation | None:
    if keys is None:
        return None
    share, (periods, min_periods) = keys.need("share", _SHARE), _how_many_periods(keys)
    min_difference = _amounts(keys.keys("min_difference"))
    keys.close()
    return None if share is None else TotalDeviation(Fraction(share), periods, min_periods, min_difference)


def _device_jump(keys: Keys | None) -> DeviceJump | None:
    if keys is None:
        return None
    share, (periods, min_periods) = keys.need("share", _SHARE), _how_many_periods(keys)
    min_difference = keys.may("min_difference", whole(0, 10**9), 0)
    keys.close()
    return None if share is None else DeviceJump(Fraction(share), periods, min_periods, min_difference)


def _how_many_periods(keys: Keys) -> tuple[int, int]:
    """`periods` and `min_periods`; more of the latter than of the former would judge nobody, ever."""
    periods = keys.may("periods", _PERIODS, PERIODS)
    min_periods = keys.may("min_periods", _PERIODS, min(MIN_PERIODS, periods))
    if min_periods > periods:
        keys.problem("min_periods", f"must be at most periods, which is {periods}, not {min_periods}")
    return periods, min_periods


def _amounts(keys: Keys | None) -> Mapping[str, Decimal]:
    """Money by currency; a key that is no currency is a problem at its place."""
    amounts: dict[str, Decimal] = {}
    if keys is None:
        return amounts
    for code, place in keys.tree.key_places.items():
        try:
            currency(Scalar(place, code, is_null=False, quoted=True))
        except Wrong as wrong:
            keys.report.problem(place, keys.path_of(code), str(wrong))
            continue
        amount = keys.optional(code, number())
        if amount is not None:
            amounts[code] = amount
    keys.mark(keys.tree.values)
    keys.close()
    return amounts
