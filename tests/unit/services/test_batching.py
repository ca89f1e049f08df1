"""Batches: every park once, few enough, about equally heavy."""

from hypothesis import given
from hypothesis import strategies as st

from signalq_billing.services.batching import Batch, batches

fleets = st.dictionaries(st.text(min_size=1, max_size=8), st.integers(0, 400), max_size=400).map(
    lambda d: list(d.items())
)


def test_up_to_a_hundred_parks_a_task_is_a_park_and_named_by_it() -> None:
    fleet = [(f"park-{n:03}", 1) for n in range(100)]
    assert batches(fleet) == [Batch(park, (park,)) for park, _ in fleet]


def test_above_a_hundred_parks_tasks_are_a_hundred_batches() -> None:
    made = batches([(f"park-{n:05}", 1) for n in range(10_000)])
    assert len(made) == 100
    assert {len(batch.park_ids) for batch in made} == {100}
    assert made[0].label == "park-00000 and 99 more"


@given(fleets, st.integers(1, 20))
def test_every_park_is_in_exactly_one_batch(fleet: list[tuple[str, int]], most: int) -> None:
    made = batches(fleet, most)
    assert sorted(park for batch in made for park in batch.park_ids) == sorted(park for park, _ in fleet)
    assert len(made) <= most
    assert all(batch.park_ids for batch in made)


@given(fleets, st.integers(2, 20))
def test_no_batch_is_heavier_than_another_by_more_than_one_park(fleet: list[tuple[str, int]], most: int) -> None:
    weight = {park: max(orders, 1) for park, orders in fleet}
    if len(fleet) <= most:
        return
    loads = [sum(weight[park] for park in batch.park_ids) for batch in batches(fleet, most)]
    assert max(loads) - min(loads) <= max(weight.values())
