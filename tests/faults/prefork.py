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

APPLICATION = "signalq-billing"
_SECONDS = 120


@dataclass(frozen=True, slots=True)
class Ended:
    """How a process ended: `killed` at the last of its `boundaries`, or having done its act, or with an `error`,
    whose first line is its type. `stopped`: it has not ended, but waits at the last of them to be resumed."""

    killed: bool
    boundaries: tuple[str, ...]
    error: str
    stopped: bool = False

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
        """Do the jobs at once, each in a process of its own; returns when all have ended or been stopped."""
        return self._ask([dataclasses.asdict(job) for job in jobs])

    def resume(self) -> list[Ended]:
        """Let all processes go on that were stopped, in the order they were started; returns when all have ended."""
        return self._ask([])

    def _ask(self, jobs: Sequence[dict[str, Any]]) -> list[Ended]:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(jobs) + "\n")
        self._process.stdin.flush()
        answer = self._process.stdout.readline()
        if not answer:
            raise RuntimeError("the prefork server ended")
        return [Ended(**{**each, "boundaries": tuple(each["boundaries"])}) for each in json.loads(answer)]

    def stop(self) -> None:
        """End the server."""
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                pipe.close()
        self._process.wait(_SECONDS)


def serve(directory: Path) -> None:
    """Fork a process per job until nobody asks any more."""
    boundaries.install()
    started, stopped = 0, dict[int, int]()
    for line in sys.stdin:
        jobs = [Job(**{**fields, "parks": tuple(fields["parks"])}) for fields in json.loads(line)]
        children = {number: _fork(job, directory, number) for number, job in enumerate(jobs, start=started)}
        if not jobs:
            children, stopped = stopped, {}
            for pid in children.values():
                os.kill(pid, signal.SIGCONT)
        started += len(jobs)
        answers = [_ended(pid, directory, number) for number, pid in children.items()]
        stopped |= {number: children[number] for number, told in zip(children, answers, strict=True) if told["stopped"]}
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
    except BaseException as error:  # whatever it is belongs into the answer; this process never returns to the server
        told = f"{type(error).__name__}\n{traceback.format_exc()}"
        trace_of(directory, number).with_suffix(".error").write_text(told)
    finally:
        os._exit(status)


def _perform(job: Job, trace: Path) -> None:
    name = f"{APPLICATION} {trace.name}"
    happens = {
        "killed": boundaries.be_killed,
        "stopped": boundaries.be_stopped,
        "disconnected": boundaries.lose_connections(job.database_url, name),
    }
    world = World(job, make_engine(job.database_url, application_name=name))
    boundaries.watch(boundaries.Boundaries(trace, job.crash_at, happens[job.happens]))
    ACTS[job.act](world)


def _ended(pid: int, directory: Path, number: int) -> dict[str, Any]:
    waited = os.waitpid(pid, os.WUNTRACED)[1]
    trace = trace_of(directory, number)
    if os.WIFSTOPPED(waited):
        return {"killed": False, "boundaries": trace.read_text().splitlines(), "error": "", "stopped": True}
    status = os.waitstatus_to_exitcode(waited)
    error = trace.with_suffix(".error")
    told = error.read_text() if error.exists() else ""
    if status not in (0, -signal.SIGKILL) and not told:
        told = f"the process ended with {status}"
    names = trace.read_text().splitlines() if trace.exists() else []
    for path in (trace, error):
        path.unlink(missing_ok=True)
    return {"killed": status == -signal.SIGKILL, "boundaries": names, "error": told, "stopped": False}


if __name__ == "__main__":
    serve(Path(sys.argv[1]))
