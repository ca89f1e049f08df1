"""Several processes at once on the same parks: workers, two reconciles, a run beside another, people among them. Leases
run out while they work, and the stand-in is slow enough for all of them to meet."""

import random
from collections.abc import Sequence
from dataclasses import replace

import pytest

from tests.faults.drill import Drill
from tests.faults.stories import Story
from tests.faults.work import Job

pytestmark = pytest.mark.timeout(600)
READY = Story("submit", parks=(1, 2, 3, 4))
STRANDED = replace(READY, before=("apply", "compute", "strand"))
NEW = replace(READY, before=("apply",))


def together(drill: Drill, story: Story, acts: Sequence[str], **changes: object) -> Job:
    """Each of the acts in a process of its own, all at once on the same parks; afterwards nothing may be wrong."""
    (job,) = drill.prepare(story, 1)
    drill.time_passes()
    drill.billing.faults.delay(0.03, times=None)
    jobs = [replace(job, act=act, worker=f"{act} {number}", **changes) for number, act in enumerate(acts)]  # type: ignore[arg-type]
    ended = drill.prefork.run_together(jobs)
    drill.billing.faults.clear()
    assert [each.error for each in ended if each.error and not each.error.startswith("Refused")] == []
    assert drill.problems_after(story, [job]) == []
    return job


def test_two_workers_on_the_same_parks_send_each_order_once(drill: Drill) -> None:
    job = together(drill, READY, ["submit", "submit"], concurrency=4)
    assert {order.posts for order in drill.books(job)} == {1}


def test_two_reconciles_at_once_settle_each_order_once(drill: Drill) -> None:
    job = together(drill, STRANDED, ["settle", "settle", "settle"], concurrency=4)
    assert {order.posts for order in drill.books(job)} == {1}


def test_a_run_beside_another_and_a_reconcile_pays_once(drill: Drill) -> None:
    together(drill, NEW, ["run", "run", "settle", "settle"], concurrency=2)


@pytest.mark.parametrize("lease", [0.0, 0.02, 0.1])
def test_leases_that_run_out_while_the_worker_still_works_pay_once(drill: Drill, lease: float) -> None:
    together(drill, READY, ["submit", "settle", "run", "settle"], concurrency=4, lease=lease)


def test_people_hold_release_and_mark_while_workers_send(drill: Drill) -> None:
    story = replace(READY, ends_paid=False)
    together(drill, story, ["submit", "hold", "settle", "release", "hold"], concurrency=2)


@pytest.mark.parametrize("seed", range(6))
def test_whoever_meets_and_wherever_one_of_them_crashes_everything_is_paid_once(drill: Drill, seed: int) -> None:
    chosen = random.Random(seed)
    acts = [chosen.choice(["run", "submit", "settle", "settle"]) for _ in range(4)]
    (job,) = drill.prepare(READY, 1)
    drill.billing.faults.delay(0.02, times=None)
    jobs = [
        replace(job, act=act, worker=f"{act} {number}", concurrency=2, lease=chosen.choice([0.0, 0.05, 600.0]))
        for number, act in enumerate(acts)
    ]
    crashing = [replace(each, crash_at=chosen.randint(1, 150)) if chosen.random() < 0.5 else each for each in jobs]
    ended = drill.prefork.run_together(crashing)
    drill.billing.faults.clear()
    assert [each.error for each in ended if each.error] == []
    assert drill.problems_after(READY, [job]) == []
