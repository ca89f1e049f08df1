"""The DAG files as Airflow sees them: what is wired to what, and that parsing touches nothing."""

import json
import os
import subprocess
import sys
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
CADENCES = """
- {name: daily_ekb, every: day, anchor: 2026-01-01, timezone: Asia/Yekaterinburg}
- {name: weekly_msk, every: week, count: 2, anchor: 2026-01-05, timezone: Europe/Moscow, settle_minutes: 40}
"""

PARSE = """
import json, socket, sys
import airflow.sdk
from airflow.dag_processing.dagbag import DagBag

def refuse(*args, **kwargs):
    raise AssertionError(f"parsing reached for the network: {args}")

socket.socket.connect = socket.socket.connect_ex = refuse
import sqlalchemy
sqlalchemy.engine.Engine.connect = refuse
bag = DagBag(sys.argv[1])
print(json.dumps({
    "errors": bag.import_errors,
    "heavy": sorted({"pyarrow", "yt", "chdb", "psycopg", "alembic"} & {name.split(".")[0] for name in sys.modules}),
    "dags": {
        dag.dag_id: {
            "edges": sorted([task.task_id, down] for task in dag.tasks for down in task.downstream_task_ids),
            "doc": dag.doc_md or "",
            "max_active_runs": dag.max_active_runs,
            "catchup": dag.catchup,
            "paused": dag.is_paused_upon_creation,
            "params": dag.params.dump(),
            "retries": {task.task_id: task.retries for task in dag.tasks},
            "backoff": {task.task_id: task.retry_exponential_backoff for task in dag.tasks},
            "tags": sorted(dag.tags),
            "mapped": sorted(task.task_id for task in dag.tasks if task.is_mapped),
            "trigger_rules": {task.task_id: task.trigger_rule.value for task in dag.tasks},
            "timetable": type(dag.timetable).__name__,
        }
        for dag in bag.dags.values()
    },
}, default=str))
"""

# As a task does it: in a process forked from one that loaded what tasks need.
PARSE_IN_A_TASK = """
import sys
from pathlib import Path
from signalq_billing.orchestration import before_fork

before_fork.load(["airflow", "scheduler"])
from airflow.dag_processing.dagbag import BundleDagBag
from airflow.sdk.definitions._internal.dag_parsing_context import _airflow_parsing_context_manager

folder, dag_id = Path(sys.argv[1]), sys.argv[2]
known = set(sys.modules)
with _airflow_parsing_context_manager(dag_id=dag_id, task_id="submit"):
    bag = BundleDagBag(str(folder / "signalq_payouts.py"), bundle_path=folder, bundle_name="dags-folder")
new = [name for name in sys.modules if name not in known and name.startswith("signalq_billing")]
print(bag.import_errors, sorted(bag.dags), new)
"""


@pytest.fixture(scope="module")
def parsed(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """Both DAG files, parsed in a process of their own that may not connect to anything."""
    result: dict[str, Any] = json.loads(printed(tmp_path_factory, PARSE, str(ROOT / "dags")))
    return result


def printed(tmp_path_factory: pytest.TempPathFactory, program: str, *arguments: str) -> str:
    """The last line that a program prints which has the DAGs' environment and a process of its own."""
    config, home = tmp_path_factory.mktemp("config"), tmp_path_factory.mktemp("airflow")
    (config / "cadences.yaml").write_text(CADENCES)
    env = {name: value for name, value in os.environ.items() if not name.startswith(("AIRFLOW", "SIGNALQ"))}
    env |= {
        "AIRFLOW_HOME": str(home),
        "AIRFLOW__CORE__PLUGINS_FOLDER": str(ROOT / "plugins"),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW__LOGGING__LOGGING_LEVEL": "ERROR",
        "SIGNALQ_BILLING_CONFIG": str(config),
    }
    done = subprocess.run(
        [sys.executable, "-c", program, *arguments],
        env=env,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return done.stdout.splitlines()[-1]


def test_there_is_a_payouts_dag_per_cadence_and_one_that_reconciles(parsed: dict[str, Any]) -> None:
    assert parsed["errors"] == {}
    assert set(parsed["dags"]) == {
        *("signalq_payouts_daily_ekb", "signalq_payouts_weekly_msk", "signalq_reconcile", "signalq_compare"),
        *("signalq_adjust", "signalq_watch"),
    }


def test_a_task_builds_its_own_dag_alone_of_what_was_imported_before_the_fork(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    found = printed(tmp_path_factory, PARSE_IN_A_TASK, str(ROOT / "dags"), "signalq_payouts_weekly_msk")
    assert found == "{} ['signalq_payouts_weekly_msk'] []"


def test_parsing_imports_nothing_heavy(parsed: dict[str, Any]) -> None:
    assert parsed["heavy"] == []


def test_nothing_is_submitted_before_everything_else_has_passed(parsed: dict[str, Any]) -> None:
    dag = parsed["dags"]["signalq_payouts_weekly_msk"]
    up_to_money = ["check_dependencies", "wait_for_watermark", "extract", "compute", "submit"]
    edges = {tuple(edge) for edge in dag["edges"]}
    assert edges >= set(pairwise(up_to_money))
    assert not [
        before for before, after in edges if after in up_to_money and (before, after) not in pairwise(up_to_money)
    ]
    assert {dag["trigger_rules"][task] for task in up_to_money} == {"all_success"}


def test_what_guards_hold_is_asked_about_after_all_that_may_leave_has_left(parsed: dict[str, Any]) -> None:
    dag = parsed["dags"]["signalq_payouts_weekly_msk"]
    asking = ["submit", "list_held", "approve", "report"]
    edges = {tuple(edge) for edge in dag["edges"]}
    assert edges >= set(pairwise(asking))
    assert dag["trigger_rules"]["list_held"] == "all_done"  # a park that fails keeps nobody from being asked
    assert dag["trigger_rules"]["approve"] == "all_success"


def test_each_park_goes_its_own_way(parsed: dict[str, Any]) -> None:
    assert parsed["dags"]["signalq_payouts_weekly_msk"]["mapped"] == ["approve", "submit"]


def test_the_report_is_written_even_when_something_failed_and_is_not_retried(parsed: dict[str, Any]) -> None:
    dag = parsed["dags"]["signalq_payouts_weekly_msk"]
    assert dag["trigger_rules"]["report"] == "all_done"
    assert dag["retries"]["report"] == 0
    assert all(count > 0 for task, count in dag["retries"].items() if task != "report")


def test_pauses_between_retries_grow(parsed: dict[str, Any]) -> None:
    assert set(parsed["dags"]["signalq_payouts_weekly_msk"]["backoff"].values()) == {2.0}


def test_missed_periods_are_caught_up_one_at_a_time(parsed: dict[str, Any]) -> None:
    for dag_id, dag in parsed["dags"].items():
        assert dag["max_active_runs"] == 1
        assert dag["catchup"] is dag_id.startswith("signalq_payouts_")
    assert parsed["dags"]["signalq_payouts_daily_ekb"]["timetable"] == "PeriodTimetable"


def test_differences_are_paid_per_cadence_and_by_nobody_before_somebody_turns_it_on(parsed: dict[str, Any]) -> None:
    dag = parsed["dags"]["signalq_adjust"]
    assert sorted(dag["retries"]) == ["adjust_daily_ekb", "adjust_weekly_msk"]
    assert dag["paused"] is True


def test_every_dag_is_documented_and_tagged(parsed: dict[str, Any]) -> None:
    for dag in parsed["dags"].values():
        assert dag["doc"].startswith("###")
        assert "signalq" in dag["tags"]


def test_the_form_asks_for_period_parks_and_dry_run(parsed: dict[str, Any]) -> None:
    assert parsed["dags"]["signalq_payouts_weekly_msk"]["params"] == {"period": None, "parks": [], "dry_run": False}
