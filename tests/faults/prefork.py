"""Processes of the product that start in milliseconds: a server that has imported everything forks one per job.

`python -m tests.faults.prefork DIR` reads jobs as lines of JSON and answers each with how its process ended. A process
opens its own connections, does its act and is killed at the boundary the job names, if it names one.
"""

import dataclasses
import json
import os
import signal
import subprocess
import sys
import traceback
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from signalq_billing.adapters.postgres.engine import make_engine
from tests.faults import boundaries
from tests.faults.work import ACTS, Job, World, trace_of

_SECONDS = 60


@dataclass(frozen=True, slots=True)
class Ended:
    """How a process ended: `killed` at the last of its `boundaries`, or having done its act, or with an `error`."""

    killed: bool
    boundaries: tuple[str, ...]
    error: str

    @property
    def at(self) -> str:
        return self.boundaries[-1] if self.boundaries else "nowhere"


class Prefork:
    """The server, as a test talks to it."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        root = str(Path(__file__).parents[2])
        path = os.pathsep.join(filter(None, [root, os.environ.get("PYTHONPATH")]))
        self._process = subprocess.Popen(
            [sys.executable, "-m", __name__, str(directory)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={**os.environ, "PYTHONPATH": path},
            cwd=root,
            text=True,
        )

    def run(self, job: Job) -> Ended:
        """Do the job in a process of its own and wait for its end."""
        return self.run_together([job])[0]

    def run_together(self, jobs: Sequence[Job]) -> list[Ended]:
        """Do the jobs at once, each in a process of its own; returns when all have ended."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps([dataclasses.asdict(job) for job in jobs]) + "\n")
        self._process.stdin.flush()
        answer = self._process.stdout.readline()
        if not answer:
            raise RuntimeError("the prefork server ended")
        return [Ended(each["killed"], tuple(each["boundaries"]), each["error"]) for each in json.loads(answer)]

    def stop(self) -> None:
        """End the server."""
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                pipe.close()
        self._process.wait(_SECONDS)


def serve(directory: Path) -> None:
    """Fork a process per job until nobody asks any more."""
    boundaries.install()
    started = 0
    for line in sys.stdin:
        jobs = [Job(**{**fields, "parks": tuple(fields["parks"])}) for fields in json.loads(line)]
        numbers = range(started, started := started + len(jobs))
        children = [_fork(job, directory, number) for job, number in zip(jobs, numbers, strict=True)]
        answers = [_ended(pid, directory, number) for pid, number in zip(children, numbers, strict=True)]
        sys.stdout.write(json.dumps(answers) + "\n")
        sys.stdout.flush()


def _fork(job: Job, directory: Path, number: int) -> int:
    pid = os.fork()
    if pid:
        return pid
    status = 1
    try:
        signal.alarm(_SECONDS)
        _perform(job, trace_of(directory, number))
        status = 0
    except BaseException:  # whatever it is belongs into the answer, and this process never returns to the server
        trace_of(directory, number).with_suffix(".error").write_text(traceback.format_exc())
    finally:
        os._exit(status)


def _perform(job: Job, trace: Path) -> None:
    world = World(job, make_engine(job.database_url))
    boundaries.watch(boundaries.Boundaries(trace, job.crash_at))
    ACTS[job.act](world)


def _ended(pid: int, directory: Path, number: int) -> dict[str, Any]:
    status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    trace = trace_of(directory, number)
    error = trace.with_suffix(".error")
    told = error.read_text() if error.exists() else ""
    if status not in (0, -signal.SIGKILL) and not told:
        told = f"the process ended with {status}"
    names = trace.read_text().splitlines() if trace.exists() else []
    for path in (trace, error):
        path.unlink(missing_ok=True)
    return {"killed": status == -signal.SIGKILL, "boundaries": names, "error": told}


if __name__ == "__main__":
    serve(Path(sys.argv[1]))
