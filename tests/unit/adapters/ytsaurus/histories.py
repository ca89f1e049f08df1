"""Random histories that go where it hurts: ties, midnights, both ends of the lookback, strange ids, absurd times."""

import datetime as dt
from dataclasses import dataclass, replace
from random import Random

from signalq_billing.domain.activity import ActivityRequest, ActivityRules
from signalq_billing.domain.period import Period
from signalq_billing.domain.source import Source
from tests.unit.adapters.ytsaurus.reference import (
    EPOCH,
    MICROSECOND,
    Expected,
    Row,
    Rules,
    day_start,
    expected_activity,
)

PARKS = ("park-a", "park-b", "park-a\0", "park-a\0\x01", "park", "парк\U0001f697", "=", "1", "a,b:c d\n", "'\"`\\")
STATUSES = ("online", "offline", "on", "online\0", "\0", "спит", ",", "6F6E", " ", "on,off")
NOT_UTF8 = (b"\xff", b"park-a\xc3", b"\xed\xa0\x80", b"\xc0\x80", b"\xf4\x90\x80\x80")
FAR_FUTURE = 2**62


@dataclass(frozen=True)
class Calendar:
    """A period as a person would write it down."""

    timezone: str
    first: dt.date
    days: int

    @property
    def period(self) -> Period:
        return Period("cadence", self.first, self.first + dt.timedelta(days=self.days), self.timezone)

    @property
    def dates(self) -> list[dt.date]:
        return [self.first + dt.timedelta(days=number) for number in range(self.days)]


CALENDARS = (
    Calendar("UTC", dt.date(2026, 10, 1), 1),
    Calendar("Europe/Moscow", dt.date(2026, 11, 2), 7),
    Calendar("Europe/Berlin", dt.date(2026, 3, 28), 3),  # a day of 23 hours
    Calendar("America/New_York", dt.date(2026, 10, 30), 4),  # a day of 25 hours
    Calendar("Asia/Kathmandu", dt.date(2026, 5, 1), 2),  # +05:45
    Calendar("Australia/Lord_Howe", dt.date(2026, 4, 4), 3),  # half an hour of daylight saving
    Calendar("America/Sao_Paulo", dt.date(2018, 11, 3), 3),  # midnight of the 4th does not exist
    Calendar("Africa/Cairo", dt.date(2024, 4, 25), 3),  # midnight of the 26th does not exist
    Calendar("America/Havana", dt.date(2026, 10, 31), 3),  # midnight of the 1st exists twice
    Calendar("Pacific/Apia", dt.date(2011, 12, 29), 4),  # the 30th does not exist
    Calendar("Asia/Kolkata", dt.date(2026, 2, 1), 28),
)


@dataclass(frozen=True)
class Scene:
    """A source, a period, the rules of some parks, and rows; `expected` is what SPEC makes of them."""

    calendar: Calendar
    lookback_days: int
    rules: dict[str, ActivityRules]
    clock: dt.datetime
    rows: list[Row]

    @property
    def request(self) -> ActivityRequest:
        return ActivityRequest(self.calendar.period, self.rules, self.clock)

    def source(self, **changes: object) -> Source:
        plain = Source("//home/signalq/status_history", "//results", lookback_days=self.lookback_days)
        return replace(plain, **changes)  # type: ignore[arg-type]

    def stored(self, nullable: bool) -> list[Row]:
        """The rows as a table keeps them: a column that takes no nulls has empty values instead."""
        if nullable:
            return self.rows
        return [
            Row(row.park_id or b"", row.device_id or b"", row.status or b"", row.status_at or 0) for row in self.rows
        ]

    def expected(self, nullable: bool) -> Expected:
        rules = {
            park.encode(): Rules(
                frozenset(status.encode() for status in each.active_statuses), each.max_silence_seconds
            )
            for park, each in self.rules.items()
        }
        return expected_activity(
            self.stored(nullable),
            rules,
            self.calendar.dates,
            self.calendar.timezone,
            self.lookback_days,
            (self.clock - EPOCH) // MICROSECOND,
        )


def scene(random: Random, devices: int, calendar: Calendar | None = None) -> Scene:
    """One scene with up to that many devices, all of its choices made by `random`."""
    calendar = calendar or random.choice(CALENDARS)
    end = EPOCH + day_start(calendar.first + dt.timedelta(days=calendar.days), calendar.timezone) * MICROSECOND
    # Some runs look at a period that is not over yet, as a preview may.
    clock = end + random.choice(
        [dt.timedelta(days=2), dt.timedelta(minutes=20), -dt.timedelta(hours=5, microseconds=7)]
    )
    rules = {park: _rules(random) for park in random.sample(PARKS, random.randint(0, len(PARKS) - 1))}
    lookback_days = random.choice([0, 1, 1, 3])
    instants = _instants(calendar, lookback_days, clock)
    rows: list[Row] = []
    for number in range(random.randint(1, devices)):
        rows += _device(random, random.choice(["device", "=", "камера", "1", "\0"]) + str(number), instants)
    random.shuffle(rows)
    return Scene(calendar, lookback_days, rules, clock, rows)


def _rules(random: Random) -> ActivityRules:
    silence = random.choice([None, None, 1, 60, 3600, 86_400, 40 * 86_400, 10**14])
    return ActivityRules(tuple(random.sample(STATUSES, random.randint(0, 4))), 1, silence)


def _instants(calendar: Calendar, lookback_days: int, clock: dt.datetime) -> list[int]:
    """The instants at which something changes, in microseconds."""
    midnights = [day_start(day, calendar.timezone) for day in calendar.dates]
    end = day_start(calendar.first + dt.timedelta(days=calendar.days), calendar.timezone)
    latest = (clock - EPOCH) // MICROSECOND + 3_600_000_000
    return [*midnights, midnights[0], end, midnights[0] - lookback_days * 86_400_000_000, latest]


def _device(random: Random, device_id: str, instants: list[int]) -> list[Row]:
    parks = random.sample(PARKS, random.choice([1, 1, 2, 4]))
    rows = []
    for _ in range(random.choice([0, 1, 2, 3, 6, 15])):
        status_at = _status_at(random, instants)
        for _ in range(random.choice([1, 1, 1, 1, 2, 4])):
            rows.append(
                Row(random.choice(parks).encode(), device_id.encode(), random.choice(STATUSES).encode(), status_at)
            )
    rows += random.choices(rows, k=random.choice([0, 0, 2])) if rows else []
    return [_spoiled(random, row) if random.random() < 0.03 else row for row in rows]


def _status_at(random: Random, instants: list[int]) -> int:
    near = random.choice([0, 1, -1, 500_000, -999_999, 1_000_000, 59_999_999, 3_600_000_000, -86_400_000_000])
    if random.random() < 0.5:
        return random.choice(instants) + near
    return random.randint(min(instants) - 1_000_000, max(instants) + 1_000_000)


def _spoiled(random: Random, row: Row) -> Row:
    earliest = day_start(dt.date(2000, 1, 1), "UTC")
    times = (None, 0, 1, earliest - 1, earliest, FAR_FUTURE)
    texts = (None, b"", *NOT_UTF8)
    field = random.choice(["park_id", "device_id", "status", "status_at", "status_at"])
    return replace(row, **{field: random.choice(times if field == "status_at" else texts)})  # type: ignore[arg-type]
