"""What people do in Airflow's UI, through the REST API that the UI itself uses."""

import datetime as dt
import json
import time
from collections.abc import Callable
from typing import Any

import requests

from signalq_billing.devstack import airflow_settings
from signalq_billing.devstack.home import Home
from signalq_billing.devstack.memory import Memory

DAG = "signalq_payouts_weekly_msk"
PATIENCE = 600  # a task whose scheduler was killed is missed by Airflow only after minutes


class Ui:
    """Airflow's REST API, as its UI uses it, about one DAG."""

    def __init__(self, home: Home, dag: str = DAG) -> None:
        self.dag, memory = dag, Memory(home.memory)
        self.base = airflow_settings.api_url(memory)
        login = {"username": airflow_settings.LOGIN, "password": memory.secret("airflow")}
        token = requests.post(f"{self.base}/auth/token", json=login, timeout=60).json()["access_token"]
        self.headers = {"Authorization": f"Bearer {token}"}

    def call(self, method: str, path: str, body: object = None) -> Any:  # noqa: ANN401
        answer = requests.request(
            method,
            f"{self.base}/api/v2/dags/{self.dag}/{path}".rstrip("/"),
            json=body,
            headers=self.headers,
            timeout=60,
        )
        assert answer.ok, answer.text
        return answer.json()

    def trigger(self, **conf: object) -> str:
        now = dt.datetime.now(dt.UTC).isoformat()
        return str(self.call("POST", "dagRuns", {"conf": conf, "logical_date": now})["dag_run_id"])

    def state(self, run: str) -> str:
        return str(self.call("GET", f"dagRuns/{run}")["state"])

    def tasks(self, run: str) -> dict[str, dict[str, Any]]:
        found = self.call("GET", f"dagRuns/{run}/taskInstances?limit=100")["task_instances"]
        return {self._key(task): task for task in found}

    def _key(self, task: dict[str, Any]) -> str:
        return task["task_id"] if task["map_index"] < 0 else f"{task['task_id']}[{task['map_index']}]"

    def clear(self, run: str, task: str, *, downstream: bool) -> None:
        name, _, index = task.rstrip("]").partition("[")
        self.call(
            "POST",
            "clearTaskInstances",
            {
                "dag_run_id": run,
                "task_ids": [[name, int(index)] if index else name],
                "include_downstream": downstream,
                "only_failed": False,
                "reset_dag_runs": True,
                "dry_run": False,
            },
        )

    def finished(self, run: str) -> str:
        return until(lambda: state if (state := self.state(run)) in ("success", "failed") else None, f"{run} ends")

    def pause(self) -> None:
        """Returns once nothing of the DAG is under way: of a paused DAG, Airflow finishes no run."""
        until(self._paused_at_rest, f"{self.dag} comes to rest")

    def unpause(self) -> None:
        """Returns once what was due meanwhile has run."""
        self.call("PATCH", "", {"is_paused": False})
        until(lambda: self._due_later() and self._idle(), f"{self.dag} has caught up")

    def _paused_at_rest(self) -> bool:
        if not self._idle():
            return False
        self.call("PATCH", "", {"is_paused": True})
        if self._idle():
            return True
        self.call("PATCH", "", {"is_paused": False})  # one was made at that very moment
        return False

    def _idle(self) -> bool:
        return not self.call("GET", "dagRuns?state=queued&state=running")["dag_runs"]

    def _due_later(self) -> bool:
        due = self.call("GET", "")["next_dagrun_run_after"]
        return due is not None and dt.datetime.fromisoformat(due) > dt.datetime.now(dt.UTC)

    def log(self, run: str, task: str, try_number: int = 1) -> str:
        return json.dumps(self.call("GET", f"dagRuns/{run}/taskInstances/{task}/logs/{try_number}"))


def until(look: Callable[[], Any], what: str) -> Any:  # noqa: ANN401
    """Wait for something to be there, for as long as a slow machine may need."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        if found := look():
            return found
        time.sleep(0.5)
    raise AssertionError(f"waited {PATIENCE} s in vain: {what}")
