"""Which version prices a park when a directory's configs are tried on a period that is over (SPEC section 9,
`config diff --money`): the newest one the directory brings, though it may take effect only later."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby

from signalq_billing.domain.config import ParkConfig, taking_effect
from signalq_billing.domain.configs import Configs
from signalq_billing.domain.period import Period
from signalq_billing.services.config_diff import merged


@dataclass(frozen=True, slots=True)
class Priced:
    """The versions that price a period, sorted by park (bytewise), one per park. `ended`: since when a park's newest
    version is disabled, so that it would be paid nothing; `not_compared`: parks it cannot be told for, and why."""

    configs: tuple[ParkConfig, ...]
    ended: Mapping[str, dt.date]
    not_compared: Mapping[str, str]


def priced(configs: Configs, stored: Sequence[ParkConfig], period: Period, *, in_force: bool = False) -> Priced:
    """The version of each park with which `period` would be paid if `configs` were applied over the `stored` ones.

    It is the newest of those that the directory adds or changes, and where there is none the one in force at the
    period's start; with `in_force` always the latter.
    """
    standing = {(config.park_id, config.effective_from): config for config in stored}
    chosen: list[ParkConfig] = []
    ended: dict[str, dt.date] = {}
    not_compared: dict[str, str] = {}
    for park_id, of_park in groupby(merged(configs, stored), key=lambda config: config.park_id):
        versions = list(of_park)
        old = [standing[key] for each in versions if (key := (park_id, each.effective_from)) in standing]
        begun, later = _begun_and_later(versions, configs, period)
        fresh = [each for each in later if standing.get((park_id, each.effective_from)) != each]
        version = fresh[-1] if fresh and not in_force else begun
        if version is None:
            continue
        paid_by = [each for each in (begun, _begun_and_later(old, configs, period)[0]) if each]
        if not version.enabled:
            ended[park_id] = version.effective_from
        elif moved := _moved(version, paid_by, period):
            not_compared[park_id] = moved
        elif version.cadence == period.cadence:
            chosen.append(version)
    return Priced(tuple(chosen), ended, not_compared)


def _begun_and_later(
    versions: Iterable[ParkConfig], configs: Configs, period: Period
) -> tuple[ParkConfig | None, list[ParkConfig]]:
    """The version of one park that is in force at the period's start, and those that take effect after it."""
    timeline = taking_effect(versions, configs.cadences, period.timezone)
    begun = [version for instant, version in timeline if instant <= period.start]
    return begun[-1] if begun else None, [version for instant, version in timeline if instant > period.start]


def _moved(version: ParkConfig, paid_by: Iterable[ParkConfig], period: Period) -> str:
    """Why a version says nothing of this period: the park is paid by another cadence without it."""
    before = sorted({each.cadence for each in paid_by if each.enabled} - {version.cadence})
    if not before or period.cadence not in {*before, version.cadence}:
        return ""
    return f"version {version.version} moves it from cadence {' and '.join(before)} to {version.cadence}"
