"""What is computed of some parks alone is what the whole extraction computes of them, and of the same source."""

from dataclasses import replace
from random import Random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from signalq_billing.adapters.ytsaurus.statement import activity_statement
from signalq_billing.domain.activity import ActivityRequest, ActivityRules
from signalq_billing.domain.source import Source
from tests.unit.adapters.ytsaurus.histories import CALENDARS, Calendar, Scene, scene
from tests.unit.adapters.ytsaurus.reference import Row
from tests.unit.adapters.ytsaurus.test_names import CLOCK, MONDAY, START
from tests.unit.adapters.ytsaurus.warehouse import RESULT, STATUS_AT_TYPES, Warehouse


def assert_narrow_is_part_of_whole(warehouse: Warehouse, story: Scene, status_at: str, random: Random) -> None:
    warehouse.status_history(story.stored(status_at.startswith("Nullable")), story.source(), status_at)
    whole = warehouse.extract(story.request, story.source())
    asked = random.sample(sorted(story.rules), random.randint(0, min(len(story.rules), 3)))
    rules = {park_id: story.rules[park_id] for park_id in asked}
    narrow = warehouse.extract(replace(story.request, rules=rules, narrow=True), story.source())
    wanted = {park_id.encode() for park_id in asked}
    assert list(narrow.lines) == [line for line in whole.lines if line[0] in wanted]
    assert replace(narrow.statistics, lines=whole.statistics.lines) == whole.statistics


@settings(max_examples=40, deadline=None, database=None, suppress_health_check=list(HealthCheck))
@given(random=st.randoms(use_true_random=False), status_at=st.sampled_from(STATUS_AT_TYPES))
def test_some_parks_of_a_few_devices(warehouse: Warehouse, random: Random, status_at: str) -> None:
    assert_narrow_is_part_of_whole(warehouse, scene(random, devices=8), status_at, random)


@pytest.mark.parametrize("calendar", CALENDARS[1:5], ids=lambda calendar: calendar.timezone.split("/")[-1])
def test_some_parks_of_many_devices(warehouse: Warehouse, calendar: Calendar) -> None:
    for seed, status_at in enumerate(STATUS_AT_TYPES):
        random = Random(f"{calendar} {seed}")
        assert_narrow_is_part_of_whole(warehouse, scene(random, 200, calendar), status_at, random)


def test_an_event_in_another_park_ends_an_interval_of_the_one_asked_for(warehouse: Warehouse) -> None:
    rows = [Row(b"park", b"device", b"online", START), Row(b"other", b"device", b"online", START + 3_600_000_000)]
    source = Source("//home/history", "//results")
    warehouse.status_history([*rows, Row(b"other", b"stranger", b"online", START)], source)
    request = ActivityRequest(MONDAY.period, {"park": ActivityRules(("online",))}, CLOCK, narrow=True)
    found = warehouse.extract(request, source)
    assert list(found.lines) == [(b"park", b"device", b"3600")]
    assert (found.statistics.rows_read, found.statistics.lines) == (3, 1)


def test_daily_tables_are_looked_through_together() -> None:
    request = ActivityRequest(MONDAY.period, {"park": ActivityRules(("online",))}, CLOCK)
    texts = [
        activity_statement(
            replace(request, narrow=narrow), Source("//days", "//results"), ["//a", "//b"], "//r", RESULT
        )
        for narrow in (False, True)
    ]
    assert [text.count('FROM concatYtTables("//a", "//b")') for text in texts] == [2, 3]
