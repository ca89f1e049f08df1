"""Parsing the DAG folder as Airflow does it, in a fresh process: the dag-processor all of it, a task its own file."""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path

from benchmarks.airflow.fleet import Fleet, write_configs
from signalq_billing.devstack.home import PROJECT

DAGS = PROJECT / "dags"


def prepare(cadences: int, parks: int, **_: object) -> dict[str, object]:
    """Configs, a home, and what an Airflow process has imported before it parses."""
    scratch = Path(tempfile.mkdtemp(prefix="bench-parsing-"))
    write_configs(scratch / "config", [Fleet(parks, 0, ())], more_cadences=cadences - 1)
    os.environ |= {
        "AIRFLOW_HOME": str(scratch / "airflow"),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW__CORE__PLUGINS_FOLDER": str(PROJECT / "plugins"),
        "AIRFLOW__LOGGING__LOGGING_LEVEL": "ERROR",
        "SIGNALQ_BILLING_CONFIG": str(scratch / "config"),
    }
    from airflow.dag_processing import processor  # noqa: F401 - configured by the environment
    from airflow.sdk import DAG, task  # noqa: F401

    return {"scratch": str(scratch)}


def run(parks: int, task_of: str = "", **_: object) -> dict[str, list[str]]:
    """Parse; `task_of` is the DAG whose task does it. Returns the tasks by DAG."""
    return _in_task(task_of) if task_of else _in_dag_processor(parks)


def finish(scratch: str, **_: object) -> None:
    """Remove what prepare() made."""
    shutil.rmtree(scratch, ignore_errors=True)


def _in_dag_processor(parks: int) -> dict[str, list[str]]:
    import structlog
    from airflow.dag_processing.processor import DagFileParseRequest, _parse_file

    found: dict[str, list[str]] = {}
    for file in sorted(DAGS.glob("*.py")):
        request = DagFileParseRequest(file=str(file), bundle_path=DAGS, bundle_name="dags-folder")
        parsed = _parse_file(request, structlog.get_logger())
        assert parsed is not None
        assert not parsed.import_errors, parsed.import_errors
        for dag in parsed.serialized_dags:
            tasks = (str(task["__var"]["task_id"]) for task in dag.data["dag"]["tasks"])
            found[_of_any_size(dag.dag_id, parks)] = sorted(_of_any_size(task, parks) for task in tasks)
    return found


def _of_any_size(name: str, parks: int) -> str:
    return name.replace(f"bench_{parks}", "bench")


def _in_task(dag_id: str) -> dict[str, list[str]]:
    from airflow.dag_processing.dagbag import BundleDagBag
    from airflow.sdk.definitions._internal.dag_parsing_context import _airflow_parsing_context_manager

    with _airflow_parsing_context_manager(dag_id=dag_id, task_id="submit"):
        bag = BundleDagBag(str(DAGS / "signalq_payouts.py"), bundle_path=DAGS, bundle_name="dags-folder")
    assert not bag.import_errors, bag.import_errors
    return {dag_id: sorted(bag.dags[dag_id].task_ids)}
