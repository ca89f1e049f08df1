"""Reads the keys of one mapping and tells what is missing, wrong or unknown, with its place and path."""

from __future__ import annotations

import re
from collections.abc import Collection
from decimal import Decimal
from typing import TypeVar

from signalq_billing.adapters.config_files.report import NOBODY, Owner, Report
from signalq_billing.adapters.config_files.values import Reader, Wrong
from signalq_billing.adapters.config_files.yaml_tree import Keyed, Listing, Scalar, Tree, is_null
from signalq_billing.domain.config_body import decimal_text
from signalq_billing.domain.config_rules import Place
from signalq_billing.domain.near_miss import suggestion

T = TypeVar("T")

_EXAMPLES = {
    "active_statuses": "[online]",
    "activity": "{active_statuses: [online]}",
    "amount": '"500.00"',
    "anchor": "2026-01-05",
    "cadence": "weekly_msk",
    "charge": '{model: standard, unit: active_day, unit_amount: "10.00"}',
    "columns": "{park_id: park_id, device_id: device_id, status: status, status_at: status_at}",
    "currency": "RUB",
    "device_jump": "{share: 0.5, min_difference: 5}",
    "directory": "//home/signalq/status_history",
    "effective_from": "2026-11-01",
    "eligibility": "{min_active_days: 3}",
    "every": "week",
    "limits": '{device_max: "500", park_max: "100000"}',
    "min_difference": '{RUB: "5000"}',
    "model": "standard",
    "name": "weekly_msk",
    "package_amount": '"100.00"',
    "package_size": "10",
    "park_id": "park-7f3a",
    "park_max": '{RUB: "100000"}',
    "result_directory": "//home/signalq-billing/activity",
    "run_max": '{RUB: "1000000"}',
    "share": "0.5",
    "table": "//home/signalq/status_history",
    "tiers": '[{up_to: 5, unit_amount: "10.00"}, {up_to: null, unit_amount: "12.50"}]',
    "timezone": "Europe/Moscow",
    "total_deviation": '{share: 0.5, min_difference: {RUB: "5000"}}',
    "unit": "active_day",
    "unit_amount": '"10.00"',
    "up_to": "null",
}
_MEANING = {
    "cadence": "a name out of cadences.yaml",
    "every": "day, week or month",
    "up_to": "null says that the last tier has no end",
}


def _example(name: str) -> str:
    """What a key may look like, as an end of a sentence; nothing for a key without an example."""
    if name not in _EXAMPLES:
        return ""
    meaning = f" ({_MEANING[name]})" if name in _MEANING else ""
    return f"; for example `{name}: {_EXAMPLES[name]}`{meaning}"


_TIMED = re.compile(r"(\d{1,6}) ?(s|sec|m|min|h|d)", re.ASCII | re.IGNORECASE)
_PERCENT = re.compile(r"(\d{1,3}(?:\.\d{1,6})?) ?%", re.ASCII)
_SECONDS = {"s": 1, "sec": 1, "m": 60, "min": 60, "h": 3600, "d": 86_400}
_UNITS = {"seconds": 1, "minutes": 60, "days": 86_400}


def _in_unit(name: str, value: Tree) -> str:
    """For a time or a share that is written with its unit: the bare number that its key takes."""
    text = value.text if isinstance(value, Scalar) else ""
    timed, percent, unit = _TIMED.fullmatch(text), _PERCENT.fullmatch(text), name.rpartition("_")[2]
    for known in _UNITS:
        unit = known if f"_{known}_" in f"_{name}_" else unit
    if percent and unit == "share":
        return f": {text} is {decimal_text(Decimal(percent[1]) / 100)}"
    if timed and unit in _UNITS:
        number, rest = divmod(int(timed[1]) * _SECONDS[timed[2].lower()], _UNITS[unit])
        return "" if rest else f": {text} is {number} {unit}"
    return ""


class Keys:
    """One mapping being read. `partial`: it is only a part of a config, so nothing is missing from it.

    Readers return None, or the default, for what they report as a problem: such a config is never used.
    """

    def __init__(
        self, tree: Keyed, report: Report, path: str = "", owner: Owner = NOBODY, partial: bool = False
    ) -> None:
        self.tree = tree
        self.report = report
        self.path = path
        self.owner = owner
        self.partial = partial
        self._asked: set[str] = set()

    def need(self, name: str, reader: Reader[T]) -> T | None:
        """The value of a key that must be there."""
        value = self._value(name)
        if value is None:
            self._missing(name)
            return None
        return self._read(name, value, reader)

    def may(self, name: str, reader: Reader[T], default: T) -> T:
        """The value of a key that may be absent or null."""
        value = self._value(name)
        if value is None:
            return default
        found = self._read(name, value, reader)
        return default if found is None else found

    def optional(self, name: str, reader: Reader[T]) -> T | None:
        """The value of a key whose absence, or null, means that there is none."""
        return self.may(name, reader, None)

    def says_null(self, name: str) -> bool:
        """Whether the key is there with an explicit null."""
        self._asked.add(name)
        return name in self.tree.values and is_null(self.tree.values[name])

    def keys(self, name: str, needed: bool = False) -> Keys | None:
        """The mapping under a key; None, and a problem if `needed`, where there is none."""
        value = self._value(name)
        if value is None:
            if needed:
                self._missing(name)
            return None
        return self.under(value, self.path_of(name))

    def under(self, value: Tree, path: str, partial: bool | None = None) -> Keys | None:
        """`value` as a mapping, as partial as this one unless told; None, and a problem, if it is something else."""
        if not isinstance(value, Keyed):
            shape = f"must be a mapping of keys to values{_example(path.rpartition('.')[2])}"
            self.report.problem(value.at, path, shape, self.owner)
            return None
        return Keys(value, self.report, path, self.owner, self.partial if partial is None else partial)

    def items(self, name: str) -> list[tuple[str, Tree]]:
        """(path, value) of each item of the list under a key that must be there and not be empty."""
        value = self._value(name)
        if value is None:
            self._missing(name)
            return []
        if not isinstance(value, Listing) or not value.items:
            self.problem(name, f"must be a list with at least one item{_example(name)}")
            return []
        return [(f"{self.path_of(name)}[{index}]", item) for index, item in enumerate(value.items)]

    def mark(self, names: Collection[str]) -> None:
        """Take these keys for known without reading them."""
        self._asked.update(names)

    def close(self) -> None:
        """Report every key that nobody asked for, or that is there twice."""
        for name, place in self.tree.repeated:
            message = f"is here twice, first on line {self.tree.key_places[name].line}; keep one of them"
            self.report.problem(place, self.path_of(name), message, self.owner)
        for name in self.tree.values:
            if name not in self._asked:
                message = f"unknown key; {suggestion(name, self._asked)}"
                self.report.problem(self.tree.key_places[name], self.path_of(name), message, self.owner)

    def path_of(self, name: str) -> str:
        return f"{self.path}.{name}" if self.path else name

    def place_of(self, name: str) -> Place:
        """Where the key's value stands, or the mapping if it is absent."""
        value = self.tree.values.get(name)
        return self.tree.at if value is None else value.at

    def problem(self, name: str, message: str) -> None:
        self.report.problem(self.place_of(name), self.path_of(name), message, self.owner)

    def warning(self, name: str, message: str) -> None:
        self.report.warning(self.place_of(name), self.path_of(name), message, self.owner)

    def _value(self, name: str) -> Tree | None:
        self._asked.add(name)
        value = self.tree.values.get(name)
        return None if is_null(value) else value

    def _missing(self, name: str) -> None:
        if not self.partial:
            self.problem(name, f"is missing{_example(name)}")

    def _read(self, name: str, value: Tree, reader: Reader[T]) -> T | None:
        try:
            return reader(value)
        except Wrong as wrong:
            self.report.problem(value.at, self.path_of(name), f"{wrong}{_in_unit(name, value)}", self.owner)
            return None
