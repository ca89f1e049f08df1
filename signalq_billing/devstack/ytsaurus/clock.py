"""Instants as YT writes them: ISO 8601 in UTC with microseconds and a Z."""

import datetime as dt
import time


def now() -> float:
    return time.time()


def text(at: float) -> str:
    return dt.datetime.fromtimestamp(at, dt.UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def parse(value: object) -> float:
    """Seconds since the epoch; a number is milliseconds, as in YT's attributes."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        return float(value) / 1000
    parsed = dt.datetime.fromisoformat(str(value).replace("Z", "+00:00"))
    return (parsed if parsed.tzinfo else parsed.replace(tzinfo=dt.UTC)).timestamp()
