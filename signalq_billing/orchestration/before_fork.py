"""What tasks and triggers need, imported once by the process they are forked from: in each of them it would cost more
than most of them do. Called by `airflow_local_settings.py`, which every program of Airflow imports when it starts."""

from collections.abc import Sequence
from importlib import import_module

_PACKAGE = "signalq_billing"
_TASKS = (
    "airflow.dag_processing.bundles.manager",
    "airflow.dag_processing.dagbag",
    "airflow.providers.http.hooks.http",
    "airflow.providers.postgres.hooks.postgres",
    "airflow.providers.standard.decorators.python",
    "airflow.providers.standard.decorators.sensor",
    "airflow.providers.standard.operators.empty",
    "airflow.sdk.definitions.asset.metadata",
    "airflow.sdk.execution_time.cache",
    "airflow.sdk.execution_time.supervisor",
    "airflow.sdk.execution_time.task_runner",
    "airflow.sdk.observability.stats",
    "jinja2.ext",
    f"{_PACKAGE}.adapters.billing_orders",
    f"{_PACKAGE}.adapters.config_files.directory",
    f"{_PACKAGE}.adapters.postgres.config_store",
    f"{_PACKAGE}.adapters.postgres.engine",
    f"{_PACKAGE}.adapters.postgres.payout_store",
    f"{_PACKAGE}.adapters.ytsaurus.client",
    f"{_PACKAGE}.adapters.ytsaurus.source",
    f"{_PACKAGE}.orchestration.approval_operator",
    f"{_PACKAGE}.orchestration.approvals",
    f"{_PACKAGE}.orchestration.connections",
    f"{_PACKAGE}.orchestration.deadlines",
    f"{_PACKAGE}.orchestration.forms",
    f"{_PACKAGE}.orchestration.payouts",
    f"{_PACKAGE}.orchestration.tables",
    f"{_PACKAGE}.orchestration.timetable",
    f"{_PACKAGE}.services.approving",
    f"{_PACKAGE}.services.compute",
    f"{_PACKAGE}.services.extract",
    f"{_PACKAGE}.services.guards",
    f"{_PACKAGE}.services.reporting",
    f"{_PACKAGE}.services.submit",
    f"{_PACKAGE}.services.watching.findings",
)
_TRIGGERS = (  # a first look at a hold must not import for seconds beside the event loop
    "airflow.providers.postgres.hooks.postgres",
    "airflow.sdk.execution_time.task_runner",
    f"{_PACKAGE}.adapters.config_files.directory",
    f"{_PACKAGE}.adapters.postgres.payout_store",
    f"{_PACKAGE}.services.approving",
)
# Names that are found on first use: each use imports, and so has to come before the fork too.
_FOUND_LATE = ("DAG", "Param", "TriggerRule", "Variable", "dag", "get_current_context", "get_parsing_context", "task")


def load(program: Sequence[str]) -> None:
    """Import what the children of an Airflow program need, told by its command line; nothing for other programs."""
    if {"scheduler", "celery"} & set(program):
        _load(_TASKS)
        for name in _FOUND_LATE:
            getattr(import_module("airflow.sdk"), name)
    if "triggerer" in program:
        _load(_TRIGGERS)


def _load(names: Sequence[str]) -> None:
    for name in names:
        import_module(name)
