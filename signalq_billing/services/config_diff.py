"""What applying a directory would change, park by park; nothing is stored (SPEC section 9, `config diff`)."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import groupby

from signalq_billing.domain.config import ParkConfig
from signalq_billing.domain.config_changes import ChangeKind, VersionChange, version_change
from signalq_billing.domain.configs import Configs
from signalq_billing.errors import ConfigProblem
from signalq_billing.services.configs import ConfigChanges

Key = tuple[str, date]


@dataclass(frozen=True, slots=True)
class ConfigDiff:
    """Every version that would be added or changed, with its keys; `kept` stand though the directory has them not.

    All of them are sorted by park (bytewise) and date.
    """

    changes: tuple[VersionChange, ...]
    unchanged: int
    kept: tuple[ParkConfig, ...]
    warnings: tuple[ConfigProblem, ...]

    def of(self, kind: ChangeKind) -> list[VersionChange]:
        return [change for change in self.changes if change.kind is kind]


def diff(configs: Configs, stored: Sequence[ParkConfig], changes: ConfigChanges) -> ConfigDiff:
    """`changes`, which checking gave, with the keys in which each version differs from what it takes the place of."""
    standing = {_key(config): config for config in stored}
    told = [
        *_added({_key(config) for config in changes.added}, merged(configs, stored)),
        *(version_change(ChangeKind.CHANGED, config, standing[_key(config)]) for config in changes.changed),
    ]
    return ConfigDiff(
        changes=tuple(sorted(told, key=lambda change: _order(change.config))),
        unchanged=len(changes.unchanged),
        kept=tuple(sorted(changes.kept, key=_order)),
        warnings=changes.warnings,
    )


def merged(configs: Configs, stored: Iterable[ParkConfig]) -> list[ParkConfig]:
    """The versions that would stand if `configs` were applied over `stored`, sorted by park (bytewise) and date."""
    standing: Mapping[Key, ParkConfig] = {_key(config): config for config in (*stored, *configs.park_configs)}
    return sorted(standing.values(), key=_order)


def _added(keys: set[Key], versions: Iterable[ParkConfig]) -> Iterator[VersionChange]:
    """Added versions against the one in front of them, which may be an added one too."""
    for _, of_park in groupby(versions, key=lambda config: config.park_id):
        before: ParkConfig | None = None
        for config in of_park:
            if _key(config) in keys:
                yield version_change(ChangeKind.ADDED, config, before)
            before = config


def _key(config: ParkConfig) -> Key:
    return config.park_id, config.effective_from


def _order(config: ParkConfig) -> tuple[bytes, date]:
    return config.park_id.encode(), config.effective_from
