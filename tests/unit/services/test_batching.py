"""Batches: every park once, few enough, about equally heavy."""

from hypothesis import given
from hypothesis import strategies as st

from signalq_billing.services.batching import LARGEST, Batch, batches

fleets = st.dictionaries(st.text(min_size=1, max_size=8), st.integers(0, 400), max_size=400).map(
    lambda d: list(d.items())
)


def test_up_to_twice_as_many_parks_as_tasks_a_task_is_a_park_and_named_by_it() -> None:
    fleet = [(f"park-{n:03}", 1) for n in range(32)]
    assert batches(fleet, 16) == [Batch(park, (park,)) for park, _ in fleet]


def test_above_that_there_are_as_many_tasks_as_wanted() -> None:
    made = batches([(f"park-{n:05}", 1) for n in range(10_000)], 16)
    assert len(made) == 16
    assert {len(batch.park_ids) for batch in made} == {625}
    assert made[0].label == "park-00000 and 624 more"


def test_no_task_has_more_than_about_a_thousand_parks() -> None:
    made = batches([(f"park-{n:06}", 1) for n in range(100_000)], 16)
    assert {len(batch.park_ids) for batch in made} == {LARGEST}


@given(fleets, st.integers(1, 20))
def test_every_park_is_in_exactly_one_batch(fleet: list[tuple[str, int]], tasks: int) -> None:
    made = batches(fleet, tasks)
    assert sorted(park for batch in made for park in batch.park_ids) == sorted(park for park, _ in fleet)
    assert len(made) <= (2 * tasks if len(fleet) <= 2 * tasks else tasks)
    assert all(batch.park_ids for batch in made)


@given(fleets, st.integers(2, 20))
def test_no_batch_is_heavier_than_another_by_more_than_one_park(fleet: list[tuple[str, int]], tasks: int) -> None:
    weight = {park: max(orders, 1) for park, orders in fleet}
    if len(fleet) <= 2 * tasks:
        return
    loads = [sum(weight[park] for park in batch.park_ids) for batch in batches(fleet, tasks)]
    assert max(loads) - min(loads) <= max(weight.values())
