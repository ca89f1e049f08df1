"""Of a directory of daily tables those are read that a period needs: what they hold together pays what all rows in one
table pay, however the rows are split."""

import datetime as dt
from random import Random

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from signalq_billing.adapters.ytsaurus.daily import Directory
from signalq_billing.adapters.ytsaurus.sorted_lines import SortedLines
from signalq_billing.domain.period import zone
from signalq_billing.domain.source import DailyTables
from tests.unit.adapters.ytsaurus.histories import Scene, scene
from tests.unit.adapters.ytsaurus.reference import EPOCH, MICROSECOND, Row
from tests.unit.adapters.ytsaurus.warehouse import Warehouse

DAY = dt.timedelta(days=1)
ZONES = ("UTC", "Pacific/Kiritimati", "Etc/GMT+12", "Europe/Moscow", "America/Sao_Paulo")


def table_of(row: Row, daily: DailyTables, span: list[dt.date], random: Random) -> dt.date:
    """The day whose table a row is put into: its own, or one at most `days_around` days off."""
    if row.status_at is None:
        return random.choice(span)
    at = EPOCH + min(max(row.status_at, 0), 4_000_000_000_000_000) * MICROSECOND
    day = at.astimezone(zone(daily.timezone)).date() + random.randint(-daily.days_around, daily.days_around) * DAY
    return min(max(day, span[0]), span[-1])


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(random=st.randoms(use_true_random=False))
def test_any_split_into_days_gives_the_same_lines(warehouse: Warehouse, random: Random) -> None:
    story = scene(Random(random.random()), 12)
    daily = DailyTables("//days", timezone=random.choice(ZONES), days_around=random.choice([0, 1, 1, 2]))
    period = story.calendar.period
    span = daily.days(period.start - 9 * DAY, period.end + 9 * DAY)
    split: dict[dt.date, list[Row]] = {day: [] for day in span}
    for row in story.rows:
        split[table_of(row, daily, span, random)].append(row)

    read = Directory(story.source(table=daily), daily, {day: {} for day in span}).around(period)

    for day in read:
        warehouse.status_history(split[day], story.source(table=daily.path(day)))
    found = warehouse.extract(story.request, story.source(table=daily), [daily.path(day) for day in read])
    assert lines(found.lines) == story.expected(nullable=True).lines
    assert len(read) <= period_days(story) + 2 * daily.days_around + 2
    for day in read:
        warehouse.execute(f'DROP TABLE "{daily.path(day)}"')


def lines(found: SortedLines) -> dict[tuple[bytes, bytes], tuple[int, ...]]:
    return {(park_id, device_id): tuple(map(int, days.split(b","))) for park_id, device_id, days in found}


def period_days(story: Scene) -> int:
    return story.calendar.days + story.lookback_days
