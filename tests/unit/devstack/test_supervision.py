"""supervisord, really run: starting, restarting, ending, and finding what nobody supervises."""

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from signalq_billing.devstack import strays
from signalq_billing.devstack.home import MARKER, Home
from signalq_billing.devstack.memory import Memory
from signalq_billing.devstack.programs import Program
from signalq_billing.devstack.steps import StackFailed
from signalq_billing.devstack.supervisord import Supervisor, render

SLEEPER = (sys.executable, "-c", "import subprocess, time; subprocess.Popen(['sleep', '600']); time.sleep(600)")
DEAF = (sys.executable, "-c", "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); time.sleep(600)")


def until(true: Callable[[], object], seconds: float = 15) -> bool:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if true():
            return True
        time.sleep(0.05)
    return False


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Home]:
    made = Home(tmp_path / "it's 100% a stack")
    made.prepare()
    yield made
    strays.end(made)


@pytest.fixture
def supervisor(home: Home) -> Supervisor:
    memory = Memory(home.memory)
    return Supervisor(home, memory.port("supervisor"), memory.secret("supervisor"))


def launch(supervisor: Supervisor, *programs: Program) -> None:
    rendered = render(supervisor.home, programs, supervisor.port, supervisor.password)
    supervisor.launch(rendered, {**os.environ, MARKER: str(supervisor.home.path)})


def pids(home: Home) -> set[int]:
    return {process.pid for process in strays.find(home)}


def sleepers(home: Home) -> set[int]:
    found = set()
    for process in strays.find(home):
        with contextlib.suppress(psutil.Error):
            if process.name() == "sleep":
                found.add(process.pid)
    return found


def test_programs_start_only_when_told(supervisor: Supervisor) -> None:
    launch(supervisor, Program("one", SLEEPER, 10), Program("two", SLEEPER, 20))
    supervisor.start(["one"])
    assert until(lambda: supervisor.states() == {"one": "RUNNING", "two": "STOPPED"})
    supervisor.start(["one"])
    assert supervisor.states()["one"] == "RUNNING"


def test_a_program_that_dies_is_started_again(supervisor: Supervisor) -> None:
    launch(supervisor, Program("one", ("sleep", "600"), 10))
    supervisor.start(["one"])
    assert until(lambda: supervisor.states() == {"one": "RUNNING"})
    (first,) = sleepers(supervisor.home)
    os.kill(first, signal.SIGKILL)
    assert until(lambda: sleepers(supervisor.home) - {first})


def test_shutting_down_ends_programs_and_their_children(home: Home, supervisor: Supervisor) -> None:
    launch(supervisor, Program("one", SLEEPER, 10), Program("deaf", DEAF, 20, stop_seconds=1))
    supervisor.start(["one", "deaf"])
    assert until(lambda: set(supervisor.states().values()) == {"RUNNING"})
    supervisor.shut_down()
    assert not supervisor.running()
    assert pids(home) == set()


def test_strays_of_a_killed_supervisor_are_found_and_ended(home: Home, supervisor: Supervisor) -> None:
    launch(supervisor, Program("one", SLEEPER, 10))
    supervisor.start(["one"])
    assert until(lambda: len(pids(home)) >= 3)
    pid = supervisor.pid()
    assert pid
    os.kill(pid, signal.SIGKILL)
    assert until(lambda: not supervisor.running())
    assert pids(home)
    assert strays.end(home) >= 2
    assert pids(home) == set()


def test_a_stray_that_ignores_being_asked_is_killed(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(strays, "_TERM_SECONDS", 0.5)
    deaf = subprocess.Popen(DEAF, env={**os.environ, MARKER: str(home.path)})
    time.sleep(0.5)
    assert strays.end(home) == 1
    assert not psutil.pid_exists(deaf.pid)
    deaf.wait()


def test_processes_of_another_stack_are_left_alone(home: Home, tmp_path: Path) -> None:
    other = subprocess.Popen(["sleep", "600"], env={**os.environ, MARKER: str(tmp_path / "other")})
    try:
        assert strays.end(home) == 0
        assert psutil.pid_exists(other.pid)
    finally:
        other.kill()
        other.wait()


def test_a_supervisor_that_is_gone_has_no_programs(supervisor: Supervisor) -> None:
    assert supervisor.states() == {}


def test_a_supervisor_that_cannot_start_says_why(home: Home, supervisor: Supervisor) -> None:
    with pytest.raises(StackFailed, match="supervisord failed"):
        supervisor.launch("[supervisord]\nlogfile=/no/such/directory/log\n", dict(os.environ))


def test_another_process_on_its_port_is_not_taken_for_the_supervisor(home: Home, supervisor: Supervisor) -> None:
    launch(supervisor, Program("one", SLEEPER, 10))
    (home.supervisor / "supervisord.pid").write_text("1")
    assert not supervisor.running()


def test_a_port_of_somebody_else_is_told_from_our_own(home: Home) -> None:
    serve = "import socket, time; s = socket.create_server(('127.0.0.1', 0))"
    listen = f"{serve}; print(s.getsockname()[1], flush=True); time.sleep(600)"
    own = subprocess.Popen(
        [sys.executable, "-c", listen], env={**os.environ, MARKER: str(home.path)}, stdout=subprocess.PIPE, text=True
    )
    foreign = subprocess.Popen([sys.executable, "-c", listen], stdout=subprocess.PIPE, text=True)
    with own, foreign:
        assert own.stdout
        assert foreign.stdout
        ours, theirs = int(own.stdout.readline()), int(foreign.stdout.readline())
        assert strays.foreign_listeners(home, {ours, theirs}) == {theirs}
        own.kill()
        foreign.kill()
