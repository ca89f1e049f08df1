"""The fleet whose events are made up: cameras, the parks they belong to, what those count as activity, and when."""

import datetime as dt
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from signalq_billing.domain.activity import ActivityRequest, ActivityRules
from signalq_billing.domain.period import Period

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

STATUSES = ("online", "driving", "idle", "parked", "offline", "camera_error")
# Clocks go back in it: one of its days has 25 hours.
PERIOD = Period("monthly_berlin", dt.date(2026, 10, 5), dt.date(2026, 11, 4), "Europe/Berlin")
CLOCK = PERIOD.end + dt.timedelta(hours=6)
LOOKBACK_DAYS = 30
MICROS = 1_000_000
NEVER = 2**62

_ACTIVE = (("online", "driving"), ("driving",), ("online", "driving", "idle"), ("driving", "idle", "parked"))
_SILENCES = (None, None, 600, 1800, 3600, 3600, 4 * 3600, 86_400)
_WITHOUT_RULES = 0.03
_CHANGE_PARK = 0.02
_SILENT = 0.06


def micros(instant: dt.datetime) -> int:
    """Whole microseconds since the epoch."""
    return (instant - dt.datetime(1970, 1, 1, tzinfo=dt.UTC)) // dt.timedelta(microseconds=1)


@dataclass(frozen=True)
class Fleet:
    """Cameras and parks of one make: the same numbers and seed give the same fleet."""

    devices: int
    parks: int = 1_000
    seed: int = 6

    @cached_property
    def park_ids(self) -> list[bytes]:
        return _names(b"park-%08x", self.parks, 32, self.seed)

    @cached_property
    def device_ids(self) -> list[bytes]:
        return _names(b"cam-%010x", self.devices, 40, self.seed + 1)

    @cached_property
    def homes(self) -> tuple[Ints, Ints, Ints]:
        """Of each camera: its park, the one it changes to, and the microsecond at which it does (mostly never)."""
        random = np.random.default_rng([self.seed, 2])
        weights = 1 / (np.arange(self.parks) + 10) ** 0.8
        first, second = (random.choice(self.parks, self.devices, p=weights / weights.sum()) for _ in range(2))
        at = random.integers(micros(PERIOD.start), micros(PERIOD.end), self.devices)
        return first, second, np.where(random.random(self.devices) < _CHANGE_PARK, at, NEVER)

    @cached_property
    def silences(self) -> tuple[Ints, Ints]:
        """From when to when each camera says nothing, in microseconds: days, for a few of them."""
        random = np.random.default_rng([self.seed, 3])
        day = 86_400 * MICROS
        since = micros(PERIOD.start) + random.integers(-20 * day, 28 * day, self.devices)
        lasts = random.integers(3 * day, 25 * day, self.devices)
        return since, np.where(random.random(self.devices) < _SILENT, since + lasts, 0)

    @cached_property
    def busyness(self) -> Floats:
        """The cumulated shares of the cameras in all reports: some drive all day, some once a week."""
        weights = np.random.default_rng([self.seed, 4]).lognormal(0, 0.7, self.devices)
        return np.cumsum(weights / weights.sum())

    @cached_property
    def rules(self) -> dict[str, ActivityRules]:
        """What each park counts; a few parks are of another cadence and have none."""
        random = np.random.default_rng([self.seed, 5])
        return {
            park.decode(): ActivityRules(
                _ACTIVE[random.integers(len(_ACTIVE))],
                max_silence_seconds=_SILENCES[random.integers(len(_SILENCES))],
            )
            for park in self.park_ids
            if random.random() >= _WITHOUT_RULES
        }

    @property
    def request(self) -> ActivityRequest:
        """What is to be computed."""
        return ActivityRequest(PERIOD, self.rules, CLOCK)


def _names(pattern: bytes, count: int, bits: int, seed: int) -> list[bytes]:
    """So many different names, in no order."""
    random, found = np.random.default_rng([seed, 1]), dict[int, None]()
    while len(found) < count:
        found |= dict.fromkeys(random.integers(2**bits, size=count - len(found)).tolist())
    return [pattern % number for number in found]
