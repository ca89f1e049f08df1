"""Which versions would have changed periods that are paid already: told, for what was paid stays (SPEC section 6)."""

from collections.abc import Iterator, Sequence
from datetime import date

from signalq_billing.domain.config import ParkConfig, taking_effect
from signalq_billing.domain.configs import Configs
from signalq_billing.domain.paid import ConfigSpan, PaidSpan
from signalq_billing.errors import ConfigProblem
from signalq_billing.ports import ConfigStore

Key = tuple[str, date]


def paid_period_warnings(
    configs: Configs, fresh: Sequence[ParkConfig], kept: Sequence[ParkConfig], store: ConfigStore
) -> list[ConfigProblem]:
    """A warning per `fresh` version (added or changed) that is in force at the start of a period its park has been
    paid for; `kept` are the versions that stand beside those of `configs`. Asks the store once for all parks."""
    spans = dict(_spans(configs, fresh, kept))
    return [_warning(configs, spans[found.span], found) for found in store.paid_within(list(spans))]


def _spans(
    configs: Configs, fresh: Sequence[ParkConfig], kept: Sequence[ParkConfig]
) -> Iterator[tuple[ConfigSpan, ParkConfig]]:
    """When each fresh version is in force: from its date until the first of its park's later versions begins."""
    wanted = {(config.park_id, config.effective_from) for config in fresh}
    parks = {config.park_id for config in fresh}
    by_park: dict[str, list[ParkConfig]] = {}
    for config in (*configs.park_configs, *kept):
        if config.park_id in parks:
            by_park.setdefault(config.park_id, []).append(config)
    for versions in by_park.values():
        timeline = taking_effect(versions, configs.cadences, "UTC")
        for index, (begins, config) in enumerate(timeline):
            if (config.park_id, config.effective_from) in wanted:
                ends = min((instant for instant, _ in timeline[index + 1 :]), default=None)
                yield ConfigSpan(config.park_id, begins, ends), config


def _warning(configs: Configs, config: ParkConfig, found: PaidSpan) -> ConfigProblem:
    which = f"{found.first}" if found.count == 1 else f"{found.first} to {found.last}, {found.count} of them"
    periods = "a period" if found.count == 1 else "periods"
    message = (
        f"version {config.version} takes effect at or before the start of {periods} that this park has been paid for "
        f"already ({which}): what was paid stays; `config diff --money` shows the difference"
    )
    placed = configs.placed[config.park_id, config.effective_from]
    return ConfigProblem(*placed.at, config.park_id, "effective_from", message)
