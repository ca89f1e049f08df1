"""Sides that the harness's tests run."""

import multiprocessing
import sys
import time
from typing import Any


def prepare(**parameters: Any) -> dict[str, int]:  # noqa: ANN401
    """As if preparing took a lot of memory and a while."""
    held = bytearray(parameters.get("prepared_mb", 0) * 1_000_000)
    time.sleep(0.2)
    return {"prepared": len(held)}


def run(answer: object = None, own_mb: int = 0, child_mb: int = 0, fails: bool = False, **_: object) -> object:
    sys.stdout.write("what a side prints is no answer\n")
    if fails:
        raise ValueError("the disk of the sample is full")
    held = b"x" * (own_mb * 1_000_000)
    if child_mb:
        child = multiprocessing.get_context("spawn").Process(target=hold, args=(child_mb,))
        child.start()
        child.join()
    time.sleep(0.3)
    return answer if held is not None else None


def hold(megabytes: int) -> None:
    held = b"x" * (megabytes * 1_000_000)
    time.sleep(0.5)
    assert held
