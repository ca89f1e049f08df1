"""The bounds of what is computed, in microseconds since the epoch, for the sides that are not the product."""

import datetime as dt
from itertools import pairwise

from benchmarks.activity.fleet import CLOCK, LOOKBACK_DAYS, MICROS, PERIOD, micros

PERIOD_START, PERIOD_END = micros(PERIOD.start), micros(PERIOD.end)
WINDOW_START = PERIOD_START - LOOKBACK_DAYS * 86_400 * MICROS
MIDNIGHTS = [micros(midnight) for midnight in PERIOD.midnights]
DAYS = len(PERIOD.days)
EARLIEST, LATEST = micros(dt.datetime(2000, 1, 1, tzinfo=dt.UTC)), micros(CLOCK + dt.timedelta(hours=1))
NO_LIMIT = 2**61


def day_spans() -> list[tuple[int, int]]:
    """Midnights from which on days are of 24 hours, with the day's number: the first, and each after a change."""
    after = [
        day
        for day, (one, next_one) in enumerate(pairwise(MIDNIGHTS), 1)
        if next_one - one != 86_400 * MICROS and day < DAYS
    ]
    return [(MIDNIGHTS[day], day) for day in (0, *after)]
