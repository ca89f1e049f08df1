"""What applying a directory of configs would change, version by version and key by key (SPEC section 6)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from signalq_billing.domain.config import ParkConfig
from signalq_billing.domain.config_body import changed_fields, flat_body, to_body

_NAMES = ("park_id", "effective_from")


class ChangeKind(StrEnum):
    """A version that was not there, or one that is there with other keys."""

    ADDED = "added"
    CHANGED = "changed"


@dataclass(frozen=True, slots=True)
class FieldChange:
    """One key and its values before and after, as configs write them; None where there is none."""

    path: str
    before: object
    after: object

    def __str__(self) -> str:
        return f"{self.path} {value_text(self.before)} -> {value_text(self.after)}"


@dataclass(frozen=True, slots=True)
class VersionChange:
    """One version that applying adds or changes. `before` is what it takes the place of: the version of the same date,
    for an added one the version in front of it; None for a park's first."""

    kind: ChangeKind
    config: ParkConfig
    before: ParkConfig | None
    fields: tuple[FieldChange, ...]

    @property
    def summary(self) -> str:
        """In words, the same for every version with the same change."""
        if self.before is None:
            return f"first version: {_terms_text(self.config)}"
        told = "; ".join(map(str, self.fields)) or "as the version before it"
        starts = self.config.enabled and not self.before.enabled
        return f"{told}; {_terms_text(self.config)}" if starts else told


@dataclass(frozen=True, slots=True)
class ChangeGroup:
    """The same change of the same date in many parks, which share a tariff; parks are sorted bytewise."""

    kind: ChangeKind
    version: str
    summary: str
    park_ids: tuple[str, ...]


def version_change(kind: ChangeKind, config: ParkConfig, before: ParkConfig | None) -> VersionChange:
    """The change from `before` to `config`; all of its keys are new where there was nothing before."""
    old = {} if before is None else flat_body(before)
    new = flat_body(config)
    paths = new if before is None else changed_fields(before, config)
    if before is not None and "charge.model" in paths:  # the keys of another model mean something else
        old["charge.model"], new["charge.model"] = to_body(before)["charge"], to_body(config)["charge"]
    fields = (FieldChange(path, old.get(path), new.get(path)) for path in paths if path not in _NAMES)
    return VersionChange(kind, config, before, tuple(fields))


def grouped(changes: Iterable[VersionChange]) -> list[ChangeGroup]:
    """Changes that are the same but for the park, as one; the most parks first."""
    parks: dict[tuple[ChangeKind, str, str], list[str]] = {}
    for change in changes:
        parks.setdefault((change.kind, change.config.version, change.summary), []).append(change.config.park_id)
    groups = [ChangeGroup(*key, tuple(sorted(ids, key=str.encode))) for key, ids in parks.items()]
    return sorted(groups, key=lambda group: (-len(group.park_ids), group.park_ids[0].encode(), group.version))


def value_text(value: object) -> str:
    """A value as configs write it, on one line. Keys without a value are left out, but for a tier without an end."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, Mapping):
        told = (f"{name}: {value_text(each)}" for name, each in value.items() if each is not None or name == "up_to")
        return "{" + ", ".join(told) + "}"
    if isinstance(value, Sequence) and not isinstance(value, str):
        return "[" + ", ".join(map(value_text, value)) + "]"
    return str(value)


def _terms_text(config: ParkConfig) -> str:
    body = to_body(config)
    if config.terms is None:
        return "enabled: false"
    return f"{config.cadence}, {config.terms.currency}, {value_text(body['charge'])}"
