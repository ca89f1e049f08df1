"""One side of a comparison, and running it once, in a fresh process: no side warms up or fills another."""

import json
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from benchmarks.harness.process_tree import Watched, watch

CHILD = "benchmarks.harness.child"
ROOT = Path(__file__).parents[2]


class SideFailed(Exception):
    """A side ended with an error; the message is what it said last."""


@dataclass(frozen=True, slots=True)
class Side:
    """A program to be measured: `module` has run(), and may have prepare() before and finish() after it, untimed.

    run() gets `parameters` and what prepare() returned, and gives an answer that JSON can hold.
    """

    name: str
    module: str
    parameters: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Run:
    """One run: wall and processor time of run() in seconds, peak of its process tree in MB, and its answer.

    `elsewhere` is the share of the machine's processors that other processes took meanwhile.
    """

    seconds: float
    cpu_seconds: float
    peak_mb: float
    elsewhere: float
    answer: Any


def run_once(side: Side) -> Run:
    """Run a side in a process of its own. Raises SideFailed."""
    with tempfile.TemporaryDirectory() as directory:
        answer, errors = Path(directory) / "answer.json", Path(directory) / "errors"
        with errors.open("wb") as said:
            command = [sys.executable, "-m", CHILD, side.module, json.dumps(dict(side.parameters)), str(answer)]
            pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": said}
            child = subprocess.Popen(command, cwd=ROOT, **pipes)  # type: ignore[call-overload]
            watched = _conduct(child)
        if child.returncode or watched is None or not answer.exists():
            raise SideFailed(f"{side.name}: {errors.read_text(errors='replace')[-4000:]}")
        told = json.loads(answer.read_text())
        return Run(told["seconds"], watched.cpu_seconds, watched.peak_mb, watched.elsewhere, told["answer"])


def _conduct(child: subprocess.Popen[bytes]) -> Watched | None:
    """Wait until the child is prepared, let it run, watch it meanwhile, wait for its end."""
    assert child.stdin is not None
    assert child.stdout is not None
    watched = None
    try:
        if child.stdout.readline() == b"ready\n":
            watched = watch(child)
        child.stdin.close()
        child.wait()
    finally:
        if child.poll() is None:
            child.kill()
            child.wait()
        child.stdout.close()
    return watched
