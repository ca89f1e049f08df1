"""Park configs: what a park is paid for and how, in versions by date (SPEC section 6)."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum

from signalq_billing.domain.activity import ActivityRules
from signalq_billing.domain.charge import ChargeModel
from signalq_billing.domain.period import Cadence, Period, local_midnight


class Scope(StrEnum):
    """Whether units are charged per device, or summed over the park and charged once."""

    DEVICE = "device"
    PARK = "park"


class Rounding(StrEnum):
    """How the total, and only the total, becomes minor units."""

    HALF_EVEN = "half_even"
    HALF_UP = "half_up"


class OrderPer(StrEnum):
    """What one order in billing-orders stands for."""

    PARK = "park"
    DEVICE = "device"


@dataclass(frozen=True, slots=True)
class Charge:
    """A charge model with what it counts and over what. `unit` is None for models that count nothing (flat)."""

    model: ChargeModel
    unit: str | None
    scope: Scope


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds on what is paid, in major units; None where there is none. Device bounds act in scope device only."""

    device_min: Decimal | None = None
    device_max: Decimal | None = None
    park_min: Decimal | None = None
    park_max: Decimal | None = None


@dataclass(frozen=True, slots=True)
class PayTerms:
    """The part of a config that turns activity into money."""

    currency: str
    activity: ActivityRules
    charge: Charge
    min_active_days: int = 1
    limits: Limits = field(default_factory=Limits)
    rounding: Rounding = Rounding.HALF_EVEN
    order_per: OrderPer = OrderPer.PARK


@dataclass(frozen=True, slots=True)
class ParkConfig:
    """One version of a park's config. `terms` is None where `enabled` is false: from its date nothing is paid.

    `cadence` may be empty only in a version that is not enabled.
    """

    park_id: str
    effective_from: dt.date
    cadence: str
    terms: PayTerms | None

    @property
    def enabled(self) -> bool:
        return self.terms is not None

    @property
    def version(self) -> str:
        """How people name the version: the date it took effect."""
        return self.effective_from.isoformat()


def taking_effect(
    versions: Iterable[ParkConfig], cadences: Mapping[str, Cadence], timezone: str
) -> list[tuple[dt.datetime, ParkConfig]]:
    """The versions of one park by date, each with the instant it takes effect: local midnight in its own cadence's
    zone, or in the zone of the version before it (`timezone` for the first) where `cadences` does not know its own."""
    found: list[tuple[dt.datetime, ParkConfig]] = []
    for version in sorted(versions, key=lambda each: each.effective_from):
        timezone = cadences[version.cadence].timezone if version.cadence in cadences else timezone
        found.append((local_midnight(version.effective_from, timezone), version))
    return found


def in_force(
    versions: Iterable[ParkConfig], cadence: Cadence, period: Period, cadences: dict[str, Cadence]
) -> ParkConfig | None:
    """The version of one park that `period` is paid by, or None if it is not paid by this cadence.

    A period uses the version in force at its first instant: `effective_from` is a local date of the version's own
    cadence, so versions of cadences in different zones are compared as instants. A version that is not enabled,
    or that names another cadence, means None.
    """
    newest: ParkConfig | None = None
    for instant, version in taking_effect(versions, cadences, cadence.timezone):
        if instant <= period.start:
            newest = version
    if newest is None or not newest.enabled or newest.cadence != cadence.name:
        return None
    return newest


def paid_parks(
    versions: Iterable[ParkConfig], cadence: Cadence, period: Period, cadences: dict[str, Cadence]
) -> list[ParkConfig]:
    """The configs that `period` is paid by, one per park, sorted bytewise by park."""
    by_park: dict[str, list[ParkConfig]] = {}
    for version in versions:
        by_park.setdefault(version.park_id, []).append(version)
    chosen = (in_force(of_park, cadence, period, cadences) for of_park in by_park.values())
    return sorted((each for each in chosen if each), key=lambda each: each.park_id.encode())


def unknown_parks(wanted: Sequence[str], known: Iterable[ParkConfig]) -> list[str]:
    """Those of `wanted` that no config in `known` names."""
    ids = {config.park_id for config in known}
    return sorted(set(wanted) - ids)
