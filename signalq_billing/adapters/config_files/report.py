"""Collects everything that is wrong with the configs, so that one report tells all of it."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import replace
from typing import NamedTuple

from signalq_billing.domain.config_rules import Place
from signalq_billing.errors import ConfigInvalid, ConfigProblem

SHARED_FILE = "tariffs.yaml"


class Owner(NamedTuple):
    """Whose keys are read: a park's, a tariff's by itself, or neither's."""

    park_id: str = ""
    tariff: str = ""


NOBODY = Owner()


class _Notes:
    """Problems or warnings. One in a tariff is the same one for every park that inherits it: told once, counted."""

    def __init__(self) -> None:
        self.first: dict[object, ConfigProblem] = {}
        self.repeats: Counter[object] = Counter()

    def add(self, note: ConfigProblem, tariff: str = "") -> None:
        key = (note.line, note.field, note.message) if note.file == SHARED_FILE else note
        if key in self.first:
            self.repeats[key] += 1
        else:
            self.first[key] = replace(note, field=f"{tariff}.{note.field}") if tariff else note

    def all(self) -> list[ConfigProblem]:
        return sorted(self._told(key, note) for key, note in self.first.items())

    def _told(self, key: object, note: ConfigProblem) -> ConfigProblem:
        if not note.park_id or key not in self.repeats:
            return note
        return replace(note, message=f"{note.message} (and so for {self.repeats[key]:,} more)")


class Report:
    """Problems and warnings of a directory of configs."""

    def __init__(self) -> None:
        self._problems = _Notes()
        self._warnings = _Notes()

    def problem(self, at: Place, field: str, message: str, owner: Owner = NOBODY, shared: bool = False) -> None:
        """Note what is wrong and what would be right; `shared` as in ConfigProblem."""
        self._problems.add(ConfigProblem(*at, owner.park_id, field, message, shared), owner.tariff)

    def warning(self, at: Place, field: str, message: str, owner: Owner = NOBODY) -> None:
        """Note what works but is surely not what somebody meant."""
        self._warnings.add(ConfigProblem(*at, owner.park_id, field, message), owner.tariff)

    def add(self, problems: Iterable[ConfigProblem]) -> None:
        """Note problems that a rule of the domain found."""
        for problem in problems:
            self._problems.add(problem)

    @property
    def warnings(self) -> tuple[ConfigProblem, ...]:
        return tuple(self._warnings.all())

    def raise_problems(self) -> None:
        """Raises ConfigInvalid with all problems; returns if there is none."""
        problems = self._problems.all()
        if problems:
            raise ConfigInvalid(problems, self.warnings)
