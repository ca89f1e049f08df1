"""Thousands of schedules of submit and reconcile, each from a seed: whatever crashes, races, times out or lies."""

import os
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.simulation.mutations import MUTATIONS
from tests.simulation.schedule import play
from tests.simulation.weather import NETWORK, SERVER

SCHEDULES = 2000
ENOUGH = 1000
ROOT = Path(__file__).parents[2]


@pytest.mark.timeout(600)
def test_every_invariant_holds_in_every_schedule_and_everything_that_can_go_wrong_did() -> None:
    counts: Counter[str] = Counter()
    for seed in range(SCHEDULES):
        played = play(seed)
        assert played.violation is None, str(played)
        counts += played.counts
    wanted = {
        *NETWORK,
        *SERVER,
        "crash",
        "pause",
        "taken_over",
        "fenced",
        "marked",
        "planted",
        "clock_jump",
        "left_unsent",
    }
    wanted |= {"store_unavailable", "store_unacknowledged", "arrived_after_giving_up", "held_at_the_end", "reformed"}
    assert wanted - set(counts) == set()


@pytest.mark.parametrize("name", MUTATIONS)
def test_a_broken_protocol_is_noticed(name: str, record_property: Callable[[str, object], None]) -> None:
    with MUTATIONS[name]():
        for seed in range(ENOUGH):
            if play(seed).violation:
                record_property("seeds_needed", seed + 1)
                return
    pytest.fail(f"{ENOUGH} schedules did not notice: {name}")


def test_a_seed_is_played_the_same_way_every_time() -> None:
    assert [play(seed).trace.digest for seed in range(20)] == [play(seed).trace.digest for seed in range(20)]


def test_a_seed_is_played_the_same_way_in_another_process() -> None:
    code = "from tests.simulation.schedule import play; print(*[play(seed).trace.digest for seed in range(40, 60)])"
    environment = {**os.environ, "PYTHONHASHSEED": "4711", "PYTHONPATH": str(ROOT)}
    other = subprocess.run([sys.executable, "-c", code], env=environment, cwd=ROOT, capture_output=True, check=True)
    assert other.stdout.decode().split() == [play(seed).trace.digest for seed in range(40, 60)]


def test_a_failure_says_how_it_is_replayed_and_who_did_what() -> None:
    with MUTATIONS["record before the call"]():
        told = str(play(0))
    assert "make simulate SEED=0" in told
    assert "VIOLATED" in told
    assert "run-1" in told
    assert "claim(" in told
