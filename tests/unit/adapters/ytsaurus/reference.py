"""SPEC sections 3 and 4 read aloud: slow, one event and one day at a time, sharing no code with the package."""

import datetime as dt
from collections import Counter
from dataclasses import dataclass, field
from fractions import Fraction
from functools import cache
from zoneinfo import ZoneInfo

EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
MICROSECOND = dt.timedelta(microseconds=1)


@dataclass(frozen=True)
class Row:
    """A row of status_history as it is stored: None is null, text is bytes, `status_at` microseconds."""

    park_id: bytes | None
    device_id: bytes | None
    status: bytes | None
    status_at: int | None


@dataclass(frozen=True)
class Rules:
    active: frozenset[bytes]
    max_silence: int | None
    """Seconds."""


@dataclass
class Expected:
    lines: dict[tuple[bytes, bytes], tuple[int, ...]] = field(default_factory=dict)
    rows_read: int = 0
    considered: int = 0
    bad: Counter[str] = field(default_factory=Counter)
    newest: int = 0


@cache
def day_start(day: dt.date, zone: str) -> int:
    """The first instant at which a clock on the wall of `zone` shows `day` or a later date, in microseconds."""
    instant = dt.datetime.combine(day, dt.time(), dt.UTC) - dt.timedelta(hours=30)
    while instant.astimezone(ZoneInfo(zone)).date() < day:
        instant += dt.timedelta(minutes=1)
    return (instant - EPOCH) // MICROSECOND


def is_text(value: bytes) -> bool:
    try:
        value.decode()
    except UnicodeDecodeError:
        return False
    return True


def bad_reason(row: Row, clock: int) -> str | None:
    if row.status_at is None:
        return "status_at_missing"
    if row.status_at < (dt.datetime(2000, 1, 1, tzinfo=dt.UTC) - EPOCH) // MICROSECOND:
        return "status_at_before_2000"
    if row.status_at > clock + 3_600_000_000:
        return "status_at_in_the_future"
    for name in ("park_id", "device_id", "status"):
        if not getattr(row, name):
            return f"{name}_missing"
    if not all(is_text(value) for value in (row.park_id, row.device_id, row.status) if value is not None):
        return "not_utf8"
    return None


def expected_activity(
    rows: list[Row], rules: dict[bytes, Rules], days: list[dt.date], zone: str, lookback_days: int, clock: int
) -> Expected:
    """`days` are the local days of the period, in order."""
    found = Expected(rows_read=len(rows))
    start, end = day_start(days[0], zone), day_start(days[-1] + dt.timedelta(days=1), zone)
    oldest = start - lookback_days * 86_400 * 1_000_000
    events: dict[bytes, list[tuple[int, bytes, bytes]]] = {}
    for row in rows:
        reason = bad_reason(row, clock)
        if reason is not None and reason.startswith("status_at"):
            found.considered += 1
            found.bad[reason] += 1
            continue
        assert row.status_at is not None
        if oldest <= row.status_at < end:
            found.considered += 1
            if reason is not None:
                found.bad[reason] += 1
        if reason is None:
            assert row.device_id is not None
            assert row.park_id is not None
            assert row.status is not None
            found.newest = max(found.newest, row.status_at)
            events.setdefault(row.device_id, []).append((row.status_at, row.park_id, row.status))
    for device_id, history in events.items():
        for park_id, seconds in device_seconds(history, rules, days, zone, oldest, start, end).items():
            found.lines[park_id, device_id] = seconds
    return found


def device_seconds(
    history: list[tuple[int, bytes, bytes]],
    rules: dict[bytes, Rules],
    days: list[dt.date],
    zone: str,
    oldest: int,
    start: int,
    end: int,
) -> dict[bytes, tuple[int, ...]]:
    """The seconds of each local day in each park that has an interval of this device left."""
    ordered = sorted(history)
    parks: dict[bytes, list[int]] = {}
    for number, (at, park_id, status) in enumerate(ordered):
        until = ordered[number + 1][0] if number + 1 < len(ordered) else end
        if park_id not in rules:
            continue
        if at < start and (at < oldest or until <= start):
            continue
        if rules[park_id].max_silence is not None:
            until = min(until, at + rules[park_id].max_silence * 1_000_000)
        begin, until = max(at, start), min(until, end)
        if begin >= until:
            continue
        micros = parks.setdefault(park_id, [0] * len(days))
        if status in rules[park_id].active:
            for index, day in enumerate(days):
                first, last = day_start(day, zone), day_start(day + dt.timedelta(days=1), zone)
                micros[index] += max(0, min(until, last) - max(begin, first))
    return {park: tuple(int(Fraction(each, 1_000_000)) for each in micros) for park, micros in parks.items()}
