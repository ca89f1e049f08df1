"""`dev demo`: let the scheduler pay the last complete period of every cadence, and watch it at work."""

import datetime as dt
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import requests

from signalq_billing.devstack import airflow_settings
from signalq_billing.devstack.airflow_api import AirflowApi, Run, Task
from signalq_billing.devstack.stack import Stack
from signalq_billing.devstack.steps import StackFailed
from signalq_billing.devstack.task_log import last_words
from signalq_billing.domain.period import Period

RECONCILE = "signalq_reconcile"
_PARSE_SECONDS = 120
_APPEAR_SECONDS = 45
_RUN_SECONDS = 900
_LOOK_SECONDS = 2  # looking costs the server as much as a task does
_FINAL = {"success", "failed", "skipped", "upstream_failed", "removed"}

Show = Callable[[Mapping[str, "Progress"]], None]


@dataclass(frozen=True, slots=True)
class Progress:
    """How far the run of one cadence's period is."""

    period: Period
    state: str
    done: int = 0
    total: int = 0
    doing: str = ""


def open_api(stack: Stack) -> AirflowApi:
    url = airflow_settings.api_url(stack.memory)
    return AirflowApi(url, airflow_settings.LOGIN, stack.memory.secret("airflow"))


def pay(stack: Stack, periods: Mapping[str, Period], show: Show) -> None:
    """Unpause the DAGs and wait for the run of each period. Raises StackFailed, naming the task and its last words."""
    api = open_api(stack)
    log = stack.home.log("dag-processor")
    try:
        _wait_for_dags(api, {dag_id(name) for name in periods} | {RECONCILE}, log)
        for each in [*map(dag_id, periods), RECONCILE]:
            api.unpause(each)
        _wait_for_runs(stack, api, periods, show)
    except requests.RequestException as error:
        raise StackFailed("Airflow's API", str(error), stack.home.log("api-server")) from error


def dag_id(cadence: str) -> str:
    return f"signalq_payouts_{cadence}"


def _wait_for_dags(api: AirflowApi, wanted: set[str], log: Path) -> None:
    deadline = time.monotonic() + _PARSE_SECONDS
    while missing := wanted - api.dag_ids():
        if errors := api.import_errors():
            raise StackFailed("parsing the DAGs", "\n".join(errors), log)
        if time.monotonic() > deadline:
            raise StackFailed("parsing the DAGs", f"Airflow does not know {', '.join(sorted(missing))}", log)
        time.sleep(0.5)


def _wait_for_runs(stack: Stack, api: AirflowApi, periods: Mapping[str, Period], show: Show) -> None:
    began = time.monotonic()
    seen: dict[str, Progress] = {name: Progress(period, "waiting") for name, period in periods.items()}
    triggered: set[str] = set()
    while True:
        for name, period in periods.items():
            if seen[name].state == "success":
                continue
            run = _run_of(api, name, period)
            if run is not None:
                seen[name] = _look(stack, api, period, run)
            elif time.monotonic() - began > _APPEAR_SECONDS and name not in triggered and not api.runs(dag_id(name)):
                triggered.add(name)
                api.trigger(dag_id(name), {"period": period.name.isoformat()})
        show(seen)
        if all(each.state == "success" for each in seen.values()):
            return
        if time.monotonic() - began > _RUN_SECONDS:
            late = ", ".join(str(each.period) for each in seen.values() if each.state != "success")
            raise StackFailed("paying", f"{late}: not done after {_RUN_SECONDS} s", stack.home.log("scheduler"))
        time.sleep(_LOOK_SECONDS)


def _run_of(api: AirflowApi, cadence: str, period: Period) -> Run | None:
    """The run of that period: the scheduled one, or one that was triggered for it."""
    for run in api.runs(dag_id(cadence)):
        start = run.data_interval_start
        if start and dt.datetime.fromisoformat(start) == period.start:
            return run
    return None


def _look(stack: Stack, api: AirflowApi, period: Period, run: Run) -> Progress:
    tasks = api.tasks(run)
    if run.state == "failed":
        raise _failure(stack, run, tasks)
    doing = sorted({each.task_id for each in tasks if each.state in ("running", "up_for_retry", "up_for_reschedule")})
    retrying = any(each.state == "up_for_retry" for each in tasks)
    done = sum(each.state in _FINAL for each in tasks)
    words = f"{', '.join(doing)}{' (will be retried)' if retrying else ''}"
    return Progress(period, run.state, done, len(tasks), words)


def _failure(stack: Stack, run: Run, tasks: list[Task]) -> StackFailed:
    failed = [each for each in tasks if each.state == "failed"] or tasks
    first = failed[0]
    words, log = last_words(stack.home.airflow / "logs", run, first)
    where = first.task_id if first.map_index < 0 else f"{first.task_id}[{first.map_index}]"
    return StackFailed(f"{run.dag_id} {run.run_id}, task {where}", f"\n{words}", log)
