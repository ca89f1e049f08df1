"""Sides that the harness's tests run."""

import multiprocessing
import sys
import time
from pathlib import Path
from typing import Any


def prepare(**parameters: Any) -> dict[str, int]:  # noqa: ANN401
    """As if preparing took a lot of memory and a while."""
    held = bytearray(parameters.get("prepared_mb", 0) * 1_000_000)
    time.sleep(0.2)
    return {"prepared": len(held)}


def run(
    answer: object = None, own_mb: int = 0, child_mb: int = 0, fails: bool = False, looks: str = "", **_: object
) -> object:
    sys.stdout.write("what a side prints is no answer\n")
    if fails:
        raise ValueError("the disk of the sample is full")
    held = b"x" * (own_mb * 1_000_000)
    if child_mb:
        child = multiprocessing.get_context("spawn").Process(target=hold, args=(child_mb, looks))
        child.start()
        child.join()
    if own_mb:
        looked_at(looks)
    time.sleep(0.3)
    return answer if held is not None else None


def hold(megabytes: int, looks: str) -> None:
    held = b"x" * (megabytes * 1_000_000)
    looked_at(looks)
    assert held


def looked_at(looks: str) -> None:
    """Wait until a look at this process began and ended; `looks` is a file that grows by a byte with every look."""
    before, patience = Path(looks).stat().st_size, time.monotonic() + 120
    while Path(looks).stat().st_size < before + 2:
        assert time.monotonic() < patience, "nobody looks"
        time.sleep(0.01)
