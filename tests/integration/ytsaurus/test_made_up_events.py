"""The events that `make bench` makes up, through the product and through a pass that shares nothing with it."""

from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from benchmarks.activity import files, ours, with_numpy
from benchmarks.activity.fleet import Fleet

EVENTS, DEVICES = 40_000, 60


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return files.make(tmp_path_factory.mktemp("made"), Fleet(DEVICES), EVENTS)


@pytest.fixture
def told(made: Path) -> dict[str, Any]:
    prepared = ours.prepare(files=str(made))
    try:
        return dict(ours.run(devices=DEVICES, **prepared))
    finally:
        ours.finish()


def test_the_product_says_of_them_what_a_pass_by_hand_says(made: Path, told: dict[str, Any]) -> None:
    by_hand = with_numpy.run(files=str(made), devices=DEVICES)

    assert told == by_hand
    assert told["rows_read"] == EVENTS
    assert told["lines"] >= DEVICES - 10


def test_the_same_numbers_make_the_same_events(made: Path, tmp_path: Path) -> None:
    again = files.make(tmp_path, Fleet(DEVICES), EVENTS)

    assert pq.read_table(again).equals(pq.read_table(made))
