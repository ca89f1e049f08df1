"""The plan of docs/scaling.md is worked out from unit costs as it says it is."""

from dataclasses import replace

import pytest

from benchmarks.harness.results import Row
from benchmarks.plan import LOADS, PAGE, Load, Plan, written
from benchmarks.plan_costs import costs

LARGE = Load(1e9, instances=4, cores=16, memory_gb=60)


def test_a_larger_clique_shortens_the_scan_and_nothing_after_it() -> None:
    one, ten = (Plan(replace(LARGE, instances=number), costs([])) for number in (4, 40))
    assert one.core_seconds == ten.core_seconds
    rest = one.core_seconds * one.costs["after"] / LARGE.cores
    assert one.seconds > ten.seconds > rest


def test_each_instance_of_a_plan_holds_its_groups_in_half_of_its_memory() -> None:
    for load in LOADS:
        plan = Plan(load, costs([]))
        assert plan.memory <= load.half_of_memory
        assert plan.groups / plan.buckets <= load.half_of_memory


def test_a_shorter_lookback_reads_fewer_tables() -> None:
    assert [replace(LARGE, lookback_days=days).tables for days in (7, 30)] == [40, 63]


def test_what_was_measured_last_and_at_the_largest_size_takes_the_place_of_what_is_written_in_the_code() -> None:
    rows = [_row("a line, paid", f"{size} lines", value, "B") for size, value in (("9,000", 222), ("1,000", 111))]
    assert costs(rows)["line"] == 222
    assert costs([])["line"] != 222


def test_memory_of_an_event_is_the_slope_between_sizes_and_the_rest_is_there_without_any() -> None:
    sizes = (("100,000,000", 2_000), ("20,000,000", 1_200), ("2,000,000", 1_100))
    found = costs([_row("activity: peak memory", f"{size} events", megabytes, "MB") for size, megabytes in sizes])
    assert found["group"] == pytest.approx(10)
    assert found["base"] == pytest.approx(1e9)


def test_core_time_is_that_of_all_processors() -> None:
    assert costs([_row("activity", "20,000,000 events", 10, "s")], processors=4)["event"] == pytest.approx(2)


def _row(name: str, size: str, ours: float, unit: str) -> Row:
    return Row(name, size, ours, 1, "another", ours, unit, None, 1)


@pytest.mark.parametrize("name", ["units", "plan", "cost"])
def test_the_page_has_a_place_for_each_table(name: str) -> None:
    page = written(PAGE.read_text(), name, iter(["| a table |"]))
    assert "| a table |" in page


def test_a_page_without_a_place_is_refused() -> None:
    with pytest.raises(ValueError, match="no place for plan"):
        written("# A page", "plan", iter([]))
