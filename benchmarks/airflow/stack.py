"""A local stack of the benchmark's own, with a real Airflow: started, filled, asked to run DAGs, measured, ended."""

from __future__ import annotations

import contextlib
import datetime as dt
import shutil
import sqlite3
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any

import psutil
import psycopg

from benchmarks.airflow import fleet as fleets
from signalq_billing.adapters.ytsaurus.client import yt_client
from signalq_billing.connections import from_environment, ytsaurus_settings
from signalq_billing.devstack import airflow_settings, demo, postgres, starting, strays
from signalq_billing.devstack import stack as local
from signalq_billing.devstack.airflow_api import AirflowApi
from signalq_billing.devstack.environment import CONFIG
from signalq_billing.devstack.home import Home
from signalq_billing.devstack.sample import seed

DAGS = Path(__file__).parent / "dags"
_PARSE_SECONDS, _LOOK_SECONDS = 180, 0.5
_FINAL = ("success", "failed")
_PLAIN_TABLE = """
CREATE SCHEMA plain;
CREATE TABLE plain.status (reference text PRIMARY KEY, amount numeric, progress text NOT NULL, doc_id text);
GRANT USAGE ON SCHEMA plain TO PUBLIC;
GRANT SELECT, INSERT, UPDATE ON plain.status TO PUBLIC;
"""
_TASKS = "SELECT task_id, map_index, state, start_date, end_date FROM task_instance WHERE dag_id = %s AND run_id = %s"


class RunFailed(Exception):
    """A DAG run did not end well, or not in time."""


@dataclass(frozen=True, slots=True)
class Task:
    """One task instance, as the scheduler recorded it."""

    task_id: str
    map_index: int
    state: str
    started_at: dt.datetime | None
    ended_at: dt.datetime | None


@dataclass(frozen=True, slots=True)
class DagRun:
    """A run that succeeded. `cpu_seconds` of all processes of the stack, databases and stand-ins included."""

    tasks: Sequence[Task]
    cpu_seconds: float

    def between(self, first: str, last: str) -> float:
        """Seconds from the end of one task to the end of another."""
        ends = {task.task_id: task.ended_at for task in self.tasks}
        begun, ended = ends[first], ends[last]
        assert begun is not None
        assert ended is not None
        return (ended - begun).total_seconds()

    def count(self, task_id: str) -> int:
        return sum(task.task_id == task_id and task.map_index >= 0 for task in self.tasks)


@dataclass(slots=True)
class AirflowStack:
    """The stack while it runs."""

    stack: local.Stack
    api: AirflowApi
    database: psycopg.Connection[Any]
    unpaused: set[str] = field(default_factory=set)

    def run(self, dag_id: str, conf: Mapping[str, object], seconds: float) -> DagRun:
        """Trigger a DAG and wait for its run. Raises RunFailed."""
        self._unpause(dag_id)
        before = self.cpu_seconds()
        self.api.trigger(dag_id, conf)
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            time.sleep(_LOOK_SECONDS)
            run_id, state = self._newest(dag_id)
            if state in _FINAL:
                tasks = [Task(*row) for row in self.database.execute(_TASKS, (dag_id, run_id)).fetchall()]
                if state == "failed":
                    raise RunFailed(f"{dag_id} {run_id}: {[task for task in tasks if task.state == 'failed'][:3]}")
                return DagRun(tasks, self.cpu_seconds() - before)
        raise RunFailed(f"{dag_id}: not done after {seconds:.0f} s")

    def totals(self, cadence: str, day: dt.date) -> dict[str, Decimal]:
        """What billing-orders holds for that cadence and day, by park."""
        with contextlib.closing(sqlite3.connect(self.stack.home.billing_orders / "orders.sqlite")) as books:
            rows = books.execute(
                "SELECT park_id, amount FROM orders WHERE cadence = ? AND period = ?", (cadence, day.isoformat())
            ).fetchall()
        assert len({park for park, _ in rows}) == len(rows), "a park has one order"
        return {park: Decimal(amount) for park, amount in rows}

    def cpu_seconds(self) -> float:
        """Of every process of the stack, and of those that ended as their children."""
        total = 0.0
        for process in strays.find(self.stack.home):
            with contextlib.suppress(psutil.Error):
                total += sum(process.cpu_times()[:4])
        return total

    def _unpause(self, dag_id: str) -> None:
        if dag_id not in self.unpaused:
            self.api.unpause(dag_id)
            self.unpaused.add(dag_id)

    def _newest(self, dag_id: str) -> tuple[str, str]:
        row = self.database.execute(
            "SELECT run_id, state FROM dag_run WHERE dag_id = %s ORDER BY id DESC LIMIT 1", (dag_id,)
        ).fetchone()
        return row if row else ("", "")


@contextlib.contextmanager
def running(directory: Path, paid: Sequence[fleets.Fleet]) -> Iterator[AirflowStack]:
    """A stack in `directory` that knows the fleets and their events, and the DAGs of the peers; ended afterwards."""
    home, configs = Home((directory / "stack").resolve()), (directory / "config").resolve()
    home.prepare()
    shutil.copytree(DAGS, home.own_dags, ignore=shutil.ignore_patterns("__pycache__"))
    fleets.write_configs(configs, paid)
    try:
        stack = starting.up(home, {CONFIG: str(configs)}, say=lambda _: None)
        _fill(stack, configs, paid)
        with psycopg.connect(airflow_settings.url(home).replace("+psycopg2", ""), autocommit=True) as database:
            made = AirflowStack(stack, demo.open_api(stack), database)
            _wait_for_dags(made, {"bench_noop", "bench_plain", *(f"signalq_payouts_{fleet.cadence}" for fleet in paid)})
            yield made
    finally:
        local.down(home, say=lambda _: None)


def _fill(stack: local.Stack, configs: Path, paid: Sequence[fleets.Fleet]) -> None:
    from signalq_billing.adapters.config_files import load

    server = postgres.find(stack.home.postgres)
    assert server is not None
    with psycopg.connect(server.url("signalq_billing"), autocommit=True) as connection:
        connection.execute(_PLAIN_TABLE)
    seed.apply(stack.environment.exports, load(configs), lambda _: None)
    cluster = from_environment("ytsaurus_default", stack.environment.exports)
    assert cluster is not None
    proxy, token, _ = ytsaurus_settings(cluster)
    at_once = {"write_retries": {"enable": False}}  # the client would warn that it cannot cut Arrow into parts
    fleets.write_history(yt_client(proxy, token, at_once), paid)


def _wait_for_dags(stack: AirflowStack, wanted: set[str]) -> None:
    deadline = time.monotonic() + _PARSE_SECONDS
    while missing := wanted - stack.api.dag_ids():
        if errors := stack.api.import_errors():
            raise RunFailed("\n".join(errors))
        if time.monotonic() > deadline:
            raise RunFailed(f"Airflow does not know {', '.join(sorted(missing))}")
        time.sleep(1)
