"""PostgreSQL itself in trouble while payouts are made: killed and started again, and out of connections."""

import os
import signal
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from threading import Thread

import psycopg
import pytest

from signalq_billing.adapters.postgres import schema
from signalq_billing.adapters.postgres.engine import make_engine
from signalq_billing.devstack import postgres
from signalq_billing.devstack.billing_orders.process import BillingOrdersProcess
from tests.faults.drill import Drill
from tests.faults.prefork import Ended, Prefork
from tests.faults.stories import Story
from tests.faults.work import Job

pytestmark = pytest.mark.timeout(900)
FEW = 16
# Not safe from a power cut, but from the death of the server.
OPTIONS = {"fsync": "off", "autovacuum": "off", "shared_buffers": "32MB", "max_connections": str(FEW)}
MANY = Story("run", before=("apply",), parks=tuple(range(1, 10)), concurrency=4)
TOLD = ("StorageUnavailable", "DependenciesUnavailable")


class Server:
    """A PostgreSQL of one test's own, on one port for ever."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._running = postgres.start(directory, end_with_parent=True, options=OPTIONS)
        self.url = postgres.ensure_database(self._running, "signalq_billing")

    def die(self) -> None:
        """End at once, as by a crash: nothing is written that was not written, no connection is told."""
        os.kill(self._running.pid, signal.SIGQUIT)
        self._running.stop()

    def start(self) -> None:
        self._running = postgres.start(self._directory, self._running.port, end_with_parent=True, options=OPTIONS)

    def stop(self) -> None:
        self._running.stop()


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    own = Server(tmp_path / "postgres")
    yield own
    own.stop()


@pytest.fixture
def own_drill(server: Server, billing: BillingOrdersProcess, prefork: Prefork) -> Iterator[Drill]:
    engine = make_engine(server.url)
    schema.upgrade(engine)
    yield Drill(engine, server.url, billing, prefork)
    engine.dispose()


def while_running(drill: Drill, job: Job, disturb: Callable[[], None]) -> list[Ended]:
    """Two processes run the job while something is done to the server."""
    ended: list[Ended] = []
    jobs = [replace(job, worker=f"worker {number}") for number in range(2)]
    running = Thread(target=lambda: ended.extend(drill.prefork.run_together(jobs)))
    running.start()
    disturb()
    running.join()
    return ended


@pytest.mark.parametrize("after", [0.15, 0.4, 0.8, 1.2])
def test_a_server_that_dies_in_the_middle_of_a_run_loses_and_doubles_nothing(
    own_drill: Drill, server: Server, after: float
) -> None:
    (job,) = own_drill.prepare(MANY, 1)
    own_drill.billing.faults.delay(0.02, times=None)

    def die_twice() -> None:
        for _ in range(2):
            time.sleep(after)
            server.die()
            server.start()

    ended = while_running(own_drill, job, die_twice)
    own_drill.billing.faults.clear()
    assert [each.error for each in ended if each.error and not each.error.startswith(TOLD)] == []
    own_drill.engine.dispose()
    assert own_drill.problems_after(MANY, [job]) == []


def test_a_server_without_free_connections_is_told_and_paid_with_later(own_drill: Drill, server: Server) -> None:
    (job,) = own_drill.prepare(MANY, 1)
    own_drill.billing.faults.delay(0.02, times=None)
    taken: list[psycopg.Connection] = []

    def take_all() -> None:
        deadline = time.monotonic() + 1.5
        while time.monotonic() < deadline:
            try:
                taken.append(psycopg.connect(server.url))
            except psycopg.OperationalError:
                time.sleep(0.01)

    ended = while_running(own_drill, job, take_all)
    for connection in taken:
        connection.close()
    own_drill.billing.faults.clear()
    assert taken
    assert [each.error for each in ended if each.error and not each.error.startswith(TOLD)] == []
    assert own_drill.problems_after(MANY, [job]) == []
