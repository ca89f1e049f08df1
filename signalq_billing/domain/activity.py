"""Activity: how long each device was active on each local day, for one park and one period (SPEC section 4)."""

import datetime as dt
import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction

from signalq_billing.domain.period import Period


@dataclass(frozen=True, slots=True)
class ActivityRules:
    """What a park counts as activity. `max_silence_seconds` None: an event lasts until the next one."""

    active_statuses: tuple[str, ...]
    min_active_seconds_per_day: int = 1
    max_silence_seconds: int | None = None


@dataclass(frozen=True, slots=True)
class DeviceActivity:
    """Active seconds of one device in one park, one whole number per local day of the period, in order."""

    device_id: str
    day_seconds: tuple[int, ...]

    @property
    def active_seconds(self) -> int:
        return sum(self.day_seconds)

    def active_days(self, rules: ActivityRules) -> int:
        """Local days with at least `min_active_seconds_per_day`."""
        return sum(map(rules.min_active_seconds_per_day.__le__, self.day_seconds))


@dataclass(frozen=True, slots=True)
class ParkActivity:
    """All devices of one park that have an interval in the period, active or not, sorted bytewise by id."""

    park_id: str
    devices: tuple[DeviceActivity, ...]


def activity_digest(days_by_device: Iterable[tuple[str, tuple[int, ...]]]) -> str:
    """SHA-256 over the active seconds of every device and day: equal for equal activity, whatever it was paid."""
    ordered = sorted(
        ([device_id, list(days)] for device_id, days in days_by_device), key=lambda each: str(each[0]).encode()
    )
    return hashlib.sha256(json.dumps(ordered, ensure_ascii=False, separators=(",", ":")).encode()).hexdigest()


BAD_ROW_REASONS = (
    "status_at_missing",
    "status_at_before_2000",
    "status_at_in_the_future",
    "park_id_missing",
    "device_id_missing",
    "status_missing",
    "not_utf8",
)
"""Why a row is bad; activity.sql counts these from 1, and a row's first reason is the one it is counted under."""


@dataclass(frozen=True, slots=True)
class BadRows:
    """Rows of status_history that were left out, by reason, with a few examples (SPEC section 3).

    `considered` is the number of rows the share is taken of: those of the period and its lookback plus those
    without a usable `status_at`. An example has its `reason` first, then the columns as text, None for a null.
    """

    by_reason: Mapping[str, int] = field(default_factory=dict)
    considered: int = 0
    examples: Sequence[Mapping[str, str | None]] = ()

    @property
    def total(self) -> int:
        return sum(self.by_reason.values())

    @property
    def share(self) -> Fraction:
        return Fraction(self.total, self.considered) if self.considered else Fraction(0)


@dataclass(frozen=True, slots=True)
class ActivityRequest:
    """What one extraction computes: every park of a cadence that has a config in force for `period`.

    `clock` is the run's clock: rows later than it by more than an hour are bad. `narrow`: these are few parks of
    many, so that only what they need is to be worked on. The answer is the same.
    """

    period: Period
    rules: Mapping[str, ActivityRules]
    clock: dt.datetime
    narrow: bool = False

    @property
    def rules_digest(self) -> str:
        """SHA-256 over every park's rules as far as the extraction depends on them."""
        digest = hashlib.sha256()
        for park_id in sorted(self.rules):
            rules = self.rules[park_id]
            digest.update(repr((park_id, sorted(rules.active_statuses), rules.max_silence_seconds)).encode())
        return digest.hexdigest()


@dataclass(frozen=True, slots=True)
class ActivitySnapshot:
    """One extraction's outcome: where its result table lies, and what it was computed from.

    `source_revision` names the state of the source table that was read, as far as the cluster tells.
    `rules_digest` tells which activity rules of which parks went in: computing with others needs a new extraction.
    """

    period: Period
    result_table: str
    watermark: dt.datetime | None
    rows_read: int
    bad_rows: BadRows
    clock: dt.datetime
    source_revision: str = ""
    rules_digest: str = ""
