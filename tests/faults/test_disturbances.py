"""At every boundary of a submit and of a run, something else than a crash: the process is stopped for longer than its
lease and goes on later, or it loses its database connections and has to live with it."""

import os

import pytest

from tests.faults.drill import Drill
from tests.faults.stories import DISTURBED
from tests.faults.test_crashes import BATCH, EVERYTHING

pytestmark = pytest.mark.timeout(900)


@pytest.mark.parametrize("name", DISTURBED)
def test_a_worker_that_sleeps_through_its_lease_is_fenced_when_it_wakes(drill: Drill, name: str) -> None:
    disturb_everywhere(drill, name, "stopped")


@pytest.mark.parametrize("name", DISTURBED)
def test_a_worker_that_loses_its_database_at_any_boundary_pays_once(drill: Drill, name: str) -> None:
    disturb_everywhere(drill, name, "disconnected")


def disturb_everywhere(drill: Drill, name: str, happens: str) -> None:
    story = DISTURBED[name]
    points = range(1, len(drill.boundaries(story)) + 1)
    if not EVERYTHING:  # of the exchanges of a transaction every second one is much like the one before
        points = points[int(os.environ.get("SIGNALQ_BILLING_CRASH_SEED", "0")) % 2 :: 2]
    batches = [points[start : start + BATCH] for start in range(0, len(points), BATCH)]
    disturbed = [each for batch in batches for each in drill.disturb(story, batch, happens)]
    failed = [each for each in disturbed if each.broken]
    report = "\n\n".join(map(str, failed[:5]))
    assert not failed, f"{len(failed)} of {len(disturbed)} broke a promise, {happens}:\n\n{report}"
