"""The DAG run that a task body belongs to: what it was asked to do, and under which name it acts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from airflow.sdk import get_current_context

from signalq_billing.orchestration import bootstrap
from signalq_billing.services import selecting

if TYPE_CHECKING:
    from signalq_billing.orchestration.run_request import RunRequest


def requested(cadence_name: str) -> RunRequest:
    """What this run of a cadence was asked to do. Raises UsageError, PeriodNotOver."""
    from signalq_billing.adapters.config_files import load_cadences
    from signalq_billing.orchestration.run_request import read_request
    from signalq_billing.settings import settings

    context = get_current_context()
    run = context["dag_run"]
    cadences = {cadence.name: cadence for cadence in load_cadences(settings().config_directory)}
    return read_request(
        selecting.cadence_named(cadences, cadence_name),
        run.conf or {},
        context["params"],
        context.get("data_interval_start"),
        run.run_after,
        bootstrap.now(),
    )


def worker() -> str:
    """The name that claims and history entries of this task bear."""
    task = get_current_context()["ti"]
    return bootstrap.worker_name(
        f"{task.dag_id}/{task.run_id}", f"{task.task_id}[{task.map_index}] try {task.try_number}"
    )


def airflow_url() -> str:
    """Where Airflow's UI is, for links."""
    from airflow.sdk.configuration import conf

    return str(conf.get("api", "base_url", fallback="/"))
