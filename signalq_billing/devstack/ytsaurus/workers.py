"""Worker processes: one per query, with one always kept warm, since loading ClickHouse takes half a second."""

import contextlib
import json
import os
import secrets
import shutil
import subprocess
import sys
import threading
from pathlib import Path

import signalq_billing
from signalq_billing.devstack.ytsaurus.job import Job, Outcome, outcome_from_json

_PACKAGE_ROOT = str(Path(signalq_billing.__file__).parent.parent)
# What an aggregation has let go is given back after one second, not five: a tenth less at the peak for no time.
ALLOCATOR_SETTINGS, ALLOCATOR = "JE_MALLOC_CONF", "dirty_decay_ms:1000"


class Worker:
    """A process that will run one query in its own directory, and nothing after it."""

    def __init__(self, directory: Path) -> None:
        directory.mkdir(parents=True)
        self.directory = directory
        self.log = directory / "worker.log"
        environment = {"PATH": os.environ.get("PATH", ""), "PYTHONPATH": _PACKAGE_ROOT, "TZ": "UTC"}
        environment |= dict.fromkeys(("HOME", "TMPDIR", "TMP", "TEMP"), str(directory / "tmp"))
        environment[ALLOCATOR_SETTINGS] = ALLOCATOR
        with self.log.open("wb") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "signalq_billing.devstack.ytsaurus.worker", str(directory)],
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log, cwd=directory, env=environment,
            )  # fmt: skip

    def run(self, job: Job) -> Outcome:
        """Blocks until the query has ended. A worker that dies is an error like any other."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        try:
            ready = self._process.stdout.readline()
            self._process.stdin.write(json.dumps(job.as_json()).encode() + b"\n")
            self._process.stdin.flush()
            line = self._process.stdout.readline() if ready else b""
        except (BrokenPipeError, ValueError):
            line = b""
        if not line:
            code = self._process.wait()
            return Outcome(error=f"The query worker ended with code {code}: {self._last_words()}", code=1)
        return outcome_from_json(json.loads(line))

    def _last_words(self) -> str:
        return self.log.read_text(errors="replace")[-500:].strip() if self.log.exists() else ""

    def end(self) -> None:
        """Stop it if it still runs, and remove its directory."""
        self._process.kill()
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                with contextlib.suppress(BrokenPipeError):
                    pipe.close()
        shutil.rmtree(self.directory, ignore_errors=True)

    def kill(self) -> None:
        self._process.kill()


class Workers:
    """Hands out workers; the next one is started when a query has ended."""

    def __init__(self, directory: Path) -> None:
        shutil.rmtree(directory, ignore_errors=True)
        self._directory = directory
        self._lock = threading.Lock()
        self._spare: Worker | None = None
        self._closed = False

    def warm_up(self) -> None:
        with self._lock:
            if self._spare is None and not self._closed:
                self._spare = self._start()

    def take(self) -> Worker:
        with self._lock:
            worker, self._spare = self._spare, None
            return worker or self._start()

    def close(self) -> None:
        with self._lock:
            self._closed = True
            if self._spare is not None:
                self._spare.end()
                self._spare = None

    def _start(self) -> Worker:
        return Worker(self._directory / secrets.token_hex(8))
