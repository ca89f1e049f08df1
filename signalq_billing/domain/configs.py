"""A directory of configs as read: everything a run goes by, and where each park config is written (SPEC section 10)."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass

from signalq_billing.domain.config import ParkConfig
from signalq_billing.domain.config_rules import PlacedVersion
from signalq_billing.domain.guards import Guards
from signalq_billing.domain.period import Cadence
from signalq_billing.domain.source import Source
from signalq_billing.errors import ConfigProblem


@dataclass(frozen=True, slots=True)
class ServiceConfig:
    """What a run needs of the directory. Park configs it reads from where they were applied to."""

    cadences: Mapping[str, Cadence]
    source: Source
    guards: Guards
    warnings: tuple[ConfigProblem, ...]


@dataclass(frozen=True, slots=True)
class Configs(ServiceConfig):
    """A whole directory without problems. `park_configs` are sorted by park (bytewise) and date.

    `placed` has where each of them is written; `warnings` tell what works but is surely not what somebody meant.
    """

    park_configs: tuple[ParkConfig, ...]
    placed: Mapping[tuple[str, dt.date], PlacedVersion]
