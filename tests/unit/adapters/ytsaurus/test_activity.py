"""The statement that computes activity gives what SPEC section 4 says, to the second, on the engine it runs on."""

from random import Random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from signalq_billing.adapters.ytsaurus.result import Result, parks
from tests.unit.adapters.ytsaurus.histories import CALENDARS, Calendar, Scene, scene
from tests.unit.adapters.ytsaurus.warehouse import STATUS_AT_TYPES, Warehouse


def assert_as_expected(warehouse: Warehouse, story: Scene, status_at: str) -> None:
    nullable = status_at.startswith("Nullable")
    warehouse.status_history(story.stored(nullable), story.source(), status_at)
    found = warehouse.extract(story.request, story.source())
    expected = story.expected(nullable)
    assert lines(found, story) == expected.lines
    assert found.statistics.rows_read == expected.rows_read
    assert found.statistics.newest_us == expected.newest
    assert found.statistics.bad_rows.by_reason == expected.bad
    assert found.statistics.bad_rows.considered == expected.considered
    assert warehouse.newest(story.source(), story.clock) == expected.newest


def lines(found: Result, story: Scene) -> dict[tuple[bytes, bytes], tuple[int, ...]]:
    return {
        (park.park_id.encode(), device.device_id.encode()): device.day_seconds
        for park in parks(found, "//result", story.calendar.period)
        for device in park.devices
    }


@settings(max_examples=60, deadline=None, database=None, suppress_health_check=list(HealthCheck))
@given(random=st.randoms(use_true_random=False), status_at=st.sampled_from(STATUS_AT_TYPES))
def test_a_few_devices_are_active_as_the_reference_says(warehouse: Warehouse, random: Random, status_at: str) -> None:
    assert_as_expected(warehouse, scene(random, devices=6), status_at)


@pytest.mark.parametrize("calendar", CALENDARS, ids=lambda calendar: calendar.timezone.split("/")[-1])
def test_many_devices_are_active_as_the_reference_says(warehouse: Warehouse, calendar: Calendar) -> None:
    """Each with a history of its own, under eight sets of rules."""
    for seed, status_at in enumerate(STATUS_AT_TYPES * 2):
        assert_as_expected(warehouse, scene(Random(f"{calendar} {seed}"), 200, calendar), status_at)
