"""What a process and all its descendants take: memory that is their own, and processor time."""

import os
import select
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import psutil

EVERY_SECONDS = 0.05
# Looking at a large process takes a while: at most a tenth of the time is spent on it.
_REST = 9


@dataclass(frozen=True, slots=True)
class Watched:
    """Peak memory in MB (10^6 bytes), processor seconds, and the share of the processors that others took."""

    peak_mb: float
    cpu_seconds: float
    elsewhere: float


def watch(child: subprocess.Popen[bytes]) -> Watched:
    """Start the child's run by a line on its stdin, and look at its tree until it says a line or ends."""
    assert child.stdin is not None
    assert child.stdout is not None
    busy, own, began = _machine_seconds(), cpu_seconds(child.pid), time.perf_counter()
    child.stdin.write(b"run\n")
    child.stdin.flush()
    peak = 0.0
    while True:
        looked = time.perf_counter()
        peak = max(peak, own_mb(child.pid))
        took = time.perf_counter() - looked
        if select.select([child.stdout], [], [], max(EVERY_SECONDS, took * _REST))[0]:
            break
    own, lasted = cpu_seconds(child.pid) - own, time.perf_counter() - began
    others = max(_machine_seconds() - busy - own, 0)
    child.stdout.readline()
    return Watched(peak, own, others / (lasted * (os.cpu_count() or 1)))


def own_mb(pid: int) -> float:
    """Anonymous and shared memory of a process tree; what is shared within it is counted once. Files mapped are not:
    the kernel may drop them whenever it likes."""
    return sum(_own_bytes(each.pid) for each in _tree(pid)) / 1e6


def cpu_seconds(pid: int) -> float:
    """Of a process tree, those included that have ended and were waited for."""
    total = 0.0
    for each in _tree(pid):
        try:
            times = each.cpu_times()
        except psutil.Error:
            continue
        total += times.user + times.system + times.children_user + times.children_system
    return total


def _tree(pid: int) -> Iterator[psutil.Process]:
    try:
        root = psutil.Process(pid)
        yield root
        yield from root.children(recursive=True)
    except psutil.Error:
        return


def _own_bytes(pid: int) -> int:
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except OSError:
        return 0
    return sum(
        int(line.split()[1]) * 1024 for line in lines if line.startswith(("Pss_Anon:", "Pss_Shmem:", "SwapPss:"))
    )


def _machine_seconds() -> float:
    times = psutil.cpu_times()
    return float(times.user + times.system)
