"""What a look works with, and what it comes to."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from signalq_billing.domain.alert import Alert
from signalq_billing.domain.period import Cadence, Period
from signalq_billing.domain.source import Source
from signalq_billing.domain.telling import Told
from signalq_billing.ports import ConfigStore, PayoutStore, StoredWork, Tellings


@dataclass(frozen=True, slots=True)
class Limits:
    """From when on something is worth an alert. `deadline` counts from when a run is due, that is from its period's
    end and the cadence's settle time; `window` is how far back periods are looked at; `seconds` is how long one
    service is waited for."""

    deadline: dt.timedelta = dt.timedelta(hours=3)
    unknown_after: dt.timedelta = dt.timedelta(hours=1)
    lag: dt.timedelta = dt.timedelta(hours=1)
    window: dt.timedelta = dt.timedelta(days=35)
    seconds: float = 20

    def due_at(self, cadence: Cadence, period: Period) -> dt.datetime:
        """When the payouts of a period must stand."""
        return period.end + self.after_end(cadence)

    def after_end(self, cadence: Cadence) -> dt.timedelta:
        """How long after a period's end its payouts must stand."""
        return cadence.deadline if cadence.deadline is not None else cadence.settle + self.deadline


@dataclass(frozen=True, slots=True)
class Plan:
    """What should happen: the cadences and the source, as the config directory has them."""

    cadences: Mapping[str, Cadence]
    source: Source


@dataclass(frozen=True, slots=True)
class Stored:
    """What is stored, all in one database."""

    work: StoredWork
    payouts: PayoutStore
    configs: ConfigStore
    tellings: Tellings


@dataclass(frozen=True, slots=True)
class Trouble:
    """What is known to be wrong around the payouts: services that do not answer, in words, and the watermark.
    `watermark_known` False: it could not be looked at."""

    down: Mapping[str, str] = field(default_factory=dict)
    watermark: dt.datetime | None = None
    watermark_known: bool = False


@dataclass(frozen=True, slots=True)
class Findings:
    """What is wrong now. `covered` names the situations, or whole kinds of them, that were looked for: what is not
    among `alerts` of these is over; of others nothing is known."""

    alerts: tuple[Alert, ...] = ()
    covered: frozenset[str] = frozenset()

    def covers(self, key: str) -> bool:
        """Whether this look would have found the situation."""
        return key in self.covered or key.partition(":")[0] in self.covered

    def __add__(self, other: Findings) -> Findings:
        return Findings((*self.alerts, *other.alerts), self.covered | other.covered)


def known_since(known: Sequence[Told], key: str, now: dt.datetime) -> dt.datetime:
    """Since when a situation is known that does not tell itself when it began."""
    return next((told.alert.since for told in known if told.alert.key == key), now)
