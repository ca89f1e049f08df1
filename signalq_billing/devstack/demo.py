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
_ASKING = {"approve", "report"}
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
    _retry_failed(api, periods)
    while True:
        for name, period in periods.items():
            if seen[name].state != "success" and (run := _run_of(api, period)):
                seen[name] = _look(stack, api, period, run)
        show(seen)
        open_periods = [each.period for each in seen.values() if each.state != "success"]
        if not open_periods:
            return
        if time.monotonic() - began > _RUN_SECONDS:
            late = ", ".join(map(str, open_periods))
            raise StackFailed("paying", f"{late}: not done after {_RUN_SECONDS} s", stack.home.log("scheduler"))
        if time.monotonic() - began > _APPEAR_SECONDS:
            _trigger_missing(api, [seen[period.cadence] for period in open_periods])
        time.sleep(_LOOK_SECONDS)


def _retry_failed(api: AirflowApi, periods: Mapping[str, Period]) -> None:
    """What failed in an earlier demo is tried again: clearing is always safe."""
    for period in periods.values():
        run = _run_of(api, period)
        if run is not None and run.state == "failed":
            api.clear_failed(run)


def _trigger_missing(api: AirflowApi, waiting: list[Progress]) -> None:
    """Runs come from the scheduler; a person has to ask for a period that the DAG has passed already."""
    for each in waiting:
        wanted = dag_id(each.period.cadence)
        if each.state == "waiting" and all(run.state in _FINAL for run in api.runs(wanted)):
            api.trigger(wanted, {"period": each.period.name.isoformat()})


def _run_of(api: AirflowApi, period: Period) -> Run | None:
    """The run of that whole period, scheduled or asked for; a successful one if there are several."""
    found = [run for run in api.runs(dag_id(period.cadence)) if _pays(run, period)]
    return min(found, key=lambda run: run.state != "success", default=None)


def _pays(run: Run, period: Period) -> bool:
    if run.conf.get("dry_run") or run.conf.get("parks"):
        return False
    if named := run.conf.get("period"):
        return bool(named == period.name.isoformat())
    start = run.data_interval_start
    return start is not None and dt.datetime.fromisoformat(start) == period.start


def _look(stack: Stack, api: AirflowApi, period: Period, run: Run) -> Progress:
    tasks = api.tasks(run)
    logs = stack.home.airflow / "logs"
    if run.state == "failed":
        raise _failure(logs, run, tasks)
    doing = sorted({each.task_id for each in tasks if each.state in ("running", "up_for_reschedule")})
    retried = [_retry(logs, run, each) for each in tasks if each.state == "up_for_retry"]
    done = sum(each.state in _FINAL for each in tasks)
    state = "success" if _only_asks(tasks) else run.state
    return Progress(period, state, done, len(tasks), ", ".join([*doing, *retried[:1]]))


def _only_asks(tasks: list[Task]) -> bool:
    """Whether all that may be paid is paid, and the run waits for a person to approve what guards hold."""
    open_ones = [each for each in tasks if each.state not in _FINAL]
    asks = any(each.task_id == "approve" and each.state == "deferred" for each in open_ones)
    return asks and all(each.task_id in _ASKING for each in open_ones)


def _retry(logs: Path, run: Run, task: Task) -> str:
    words, _ = last_words(logs, run, task)
    errors = [line.strip() for line in words.splitlines() if "rror" in line]
    return f"{task.task_id} will be retried ({errors[-1][:200] if errors else 'see its log'})"


def _failure(logs: Path, run: Run, tasks: list[Task]) -> StackFailed:
    """The task that failed first: what failed after it failed because of it."""
    first = min([each for each in tasks if each.state == "failed"] or tasks, key=lambda task: task.ended_at)
    words, log = last_words(logs, run, first)
    where = first.task_id if first.map_index < 0 else f"{first.task_id}[{first.map_index}]"
    return StackFailed(f"{run.dag_id} {run.run_id}, task {where}", f"\n{words}", log)
