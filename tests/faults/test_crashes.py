"""A process is killed after every exchange with a database or with billing-orders, in all it does, once and twice over;
afterwards every payout is paid once, or visibly held.

`make test` crashes at every boundary of whatever runs in one thread, and at a seeded sample of the others and of pairs.
`make crashes` (SIGNALQ_BILLING_CRASHES=all) leaves nothing out, which takes long, and shows how far it is.
"""

import os
import random
from collections.abc import Sequence

import pytest
from rich.console import Console
from rich.progress import track

from tests.faults.drill import Crash, Drill
from tests.faults.stories import ONE_PARK, RESUMED, STORIES, Story

EVERYTHING = os.environ.get("SIGNALQ_BILLING_CRASHES") == "all"
SEED = int(os.environ.get("SIGNALQ_BILLING_CRASH_SEED", "20261123"))
SAMPLE, PAIRS, MANY_PAIRS = 24, 4, 200
BATCH = 24

pytestmark = pytest.mark.timeout(0 if EVERYTHING else 900)


@pytest.mark.parametrize("name", STORIES)
def test_a_crash_at_any_boundary_pays_once(drill: Drill, name: str) -> None:
    story = STORIES[name]
    points = list(range(1, len(drill.boundaries(story)) + 1))
    if story.concurrency > 1 and not EVERYTHING:
        points = sorted(random.Random(SEED).sample(points, min(SAMPLE, len(points))))
    crashes = crash_at_each(drill, story, [(point,) for point in points], name)
    # An answer may come in fewer pieces than the first time, and threads may have less to wait for.
    assert sum(crash.ends[0].killed for crash in crashes) > 0.9 * len(crashes)


@pytest.mark.parametrize("name", STORIES)
def test_a_second_crash_while_the_first_is_mended_pays_once(drill: Drill, name: str) -> None:
    story, chosen = STORIES[name], random.Random(f"{SEED} {name}")
    first, second = len(drill.boundaries(story)), len(drill.boundaries(RESUMED))
    count = MANY_PAIRS if EVERYTHING else PAIRS
    pairs = [(chosen.randint(1, first), chosen.randint(1, second)) for _ in range(count)]
    crash_at_each(drill, story, pairs, f"{name}, twice")


@pytest.mark.skipif(not EVERYTHING, reason="takes long: make crashes")
def test_every_pair_of_crashes_of_one_parks_run_pays_once(drill: Drill) -> None:
    firsts = range(1, len(drill.boundaries(ONE_PARK)) + 1)
    pairs = [(first, second + 1) for first in firsts for second in range(len(drill.boundaries(ONE_PARK, first)))]
    crash_at_each(drill, ONE_PARK, pairs, "every pair")


def test_every_kind_of_exchange_is_a_boundary(drill: Drill) -> None:
    told = " ".join(drill.boundaries(STORIES["run"]))
    moved = (
        "execute SELECT locked.*",
        "execute WITH part_0 AS (UPDATE payout",
        "execute WITH part_0 AS (UPDATE order_attempt",
    )
    for kind in ("connect to the database", *moved, "copy_end", "commit", "executemany"):
        assert kind in told
    for kind in ("connect to HTTP", "send GET /ping", "send POST /v1/orders", 'send {"external_ref"', "receive"):
        assert kind in told


def crash_at_each(drill: Drill, story: Story, points: Sequence[Sequence[int]], title: str) -> list[Crash]:
    """Crash at all of them, whatever comes of one; fails with the first few that broke a promise."""
    batches: Sequence[Sequence[Sequence[int]]] = [points[n : n + BATCH] for n in range(0, len(points), BATCH)]
    shown = track(batches, description=title, console=Console(stderr=True)) if EVERYTHING else batches
    crashes = [crash for batch in shown for crash in drill.crash(story, batch)]
    failed = [crash for crash in crashes if crash.broken]
    report = "\n\n".join(map(str, failed[:5]))
    assert not failed, f"{len(failed)} of {len(crashes)} crashes broke a promise (seed {SEED}):\n\n{report}"
    return crashes
