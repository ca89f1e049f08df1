"""Park configs from files to where runs read them: checked against what stands, applied whole or not at all, shown
(SPEC sections 6 and 9)."""

import datetime as dt
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace

from signalq_billing.domain.config import ParkConfig
from signalq_billing.domain.config_body import changed_fields
from signalq_billing.domain.config_rules import inside_period_warnings, stored_version, timeline_problems
from signalq_billing.domain.configs import Configs
from signalq_billing.domain.near_miss import suggestion
from signalq_billing.domain.record import AppliedVersion, SupersededVersion
from signalq_billing.errors import ConfigInvalid, ConfigProblem, UsageError
from signalq_billing.ports import ConfigStore
from signalq_billing.services.paid_periods import paid_period_warnings

Key = tuple[str, dt.date]


@dataclass(frozen=True, slots=True)
class ConfigChanges:
    """What applying a directory does, or did. `kept` stand in the store though the directory has them no more:
    a version is never removed, and a park that should not be paid needs a version with `enabled: false`."""

    added: tuple[ParkConfig, ...]
    changed: tuple[ParkConfig, ...]
    unchanged: tuple[ParkConfig, ...]
    kept: tuple[ParkConfig, ...]
    warnings: tuple[ConfigProblem, ...]


@dataclass(frozen=True, slots=True)
class ConfigShown:
    """The versions of one park, oldest first, the one in force on the day asked for, and those paid with.
    `superseded` stand no more; None if they were not asked for."""

    park_id: str
    at: dt.date
    in_force: AppliedVersion | None
    versions: tuple[AppliedVersion, ...]
    paid: frozenset[dt.date]
    superseded: tuple[SupersededVersion, ...] | None = None


def check(configs: Configs, stored: Sequence[ParkConfig], paid: Collection[Key] = frozenset()) -> ConfigChanges:
    """What applying `configs` over the `stored` versions would do. `paid` are the versions paid with.

    Raises ConfigInvalid with all problems: a changed version that has been paid with, and whatever the versions of
    one park, stored and new together, do not keep.
    """
    standing = {_key(config): config for config in stored}
    wanted = {_key(config): config for config in configs.park_configs}
    kept = [config for key, config in standing.items() if key not in wanted]
    changed = [config for key, config in wanted.items() if key in standing and standing[key] != config]
    orphans = _orphans(configs, kept)
    followed = [config for config in kept if config not in orphans]
    timeline = [*configs.placed.values(), *map(stored_version, followed)]
    problems = [
        *_paid_problems(configs, [config for config in changed if _key(config) in paid], standing),
        *timeline_problems(timeline, configs.cadences),
    ]
    if problems:
        raise ConfigInvalid(problems)
    added = [config for key, config in wanted.items() if key not in standing]
    uneven = inside_period_warnings(timeline, configs.cadences, {_key(config) for config in (*added, *changed)})
    return ConfigChanges(
        added=tuple(added),
        changed=tuple(changed),
        unchanged=tuple(config for key, config in wanted.items() if standing.get(key) == config),
        kept=tuple(kept),
        warnings=(*configs.warnings, *map(_orphan_warning, orphans), *uneven),
    )


def _orphans(configs: Configs, kept: Sequence[ParkConfig]) -> list[ParkConfig]:
    """Versions of parks that the directory does not know, of cadences it does not know: they are paid by nothing."""
    parks = {config.park_id for config in configs.park_configs}
    return [
        config
        for config in kept
        if config.cadence and config.cadence not in configs.cadences and config.park_id not in parks
    ]


def _orphan_warning(config: ParkConfig) -> ConfigProblem:
    message = f"is applied, but cadences.yaml has no {config.cadence!r} any more: nothing pays this park"
    return ConfigProblem("applied", 0, config.park_id, "cadence", message)


def compare(configs: Configs, store: ConfigStore, stored: Sequence[ParkConfig] | None = None) -> ConfigChanges:
    """What applying `configs` would do to the store, warned of versions that come too late for paid periods.

    `stored` are the versions that stand, if the caller has read them already. Raises ConfigInvalid.
    """
    changes = check(configs, store.current() if stored is None else stored, store.paid_versions())
    late = paid_period_warnings(configs, (*changes.added, *changes.changed), changes.kept, store)
    return replace(changes, warnings=(*changes.warnings, *late))


def apply(configs: Configs, store: ConfigStore, actor: str) -> ConfigChanges:
    """Check `configs` against the store and store them in one transaction, in the name of `actor`.

    Returns what was done. Raises ConfigInvalid, and then nothing was stored.
    """
    changes = compare(configs, store)
    if changes.added or changes.changed:
        store.apply(configs.park_configs, actor)
    return changes


def show(store: ConfigStore, park_id: str, at: dt.date, *, superseded: bool = False) -> ConfigShown:
    """The versions of a park and the one in force on the local date `at`. Raises UsageError for an unknown park."""
    versions = tuple(sorted(store.applied([park_id]), key=lambda each: each.config.effective_from))
    if not versions:
        known = {config.park_id for config in store.current()}
        raise UsageError(f"park {park_id!r} has no config applied; {suggestion(park_id, known)}")
    begun = [version for version in versions if version.config.effective_from <= at]
    paid = frozenset(date for park, date in store.paid_versions() if park == park_id)
    gone = tuple(store.superseded(park_id)) if superseded else None
    return ConfigShown(park_id, at, begun[-1] if begun else None, versions, paid, gone)


def _key(config: ParkConfig) -> Key:
    return config.park_id, config.effective_from


def _paid_problems(
    configs: Configs, changed: Sequence[ParkConfig], standing: dict[Key, ParkConfig]
) -> Iterator[ConfigProblem]:
    for config in changed:
        fields = ", ".join(changed_fields(standing[_key(config)], config))
        message = (
            f"version {config.version} has been paid with and cannot change ({fields}); put it back as it was and "
            "write a new version with a later effective_from"
        )
        yield ConfigProblem(*configs.placed[_key(config)].at, config.park_id, "effective_from", message)
