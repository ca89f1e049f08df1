"""Airflow's settings in the local stack: which DAG files it has."""

import json
from pathlib import Path

from signalq_billing.devstack import airflow_settings
from signalq_billing.devstack.home import PROJECT, Home
from signalq_billing.devstack.memory import Memory


def bundles(home: Home) -> list[str]:
    (home.postgres).mkdir(exist_ok=True)
    (home.postgres / "password").write_text("x")
    found = airflow_settings.variables(home, Memory(home.memory))["AIRFLOW__DAG_PROCESSOR__DAG_BUNDLE_CONFIG_LIST"]
    return [each["kwargs"]["path"] for each in json.loads(found)]


def test_dag_files_that_lie_with_the_stacks_data_are_loaded_beside_ours(tmp_path: Path) -> None:
    home = Home(tmp_path)
    home.prepare()
    assert bundles(home) == [str(PROJECT / "dags")]
    home.own_dags.mkdir()
    assert bundles(home) == [str(PROJECT / "dags"), str(tmp_path / "dags")]
