"""Airflow's REST API as the demo needs it: unpause DAGs, look at runs and tasks, start a run."""

import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import requests

from signalq_billing.devstack.health import session

_SECONDS = 30
_PATIENCE_SECONDS = 120  # a busy machine makes the server slow, not broken
_PAGE = 100


@dataclass(frozen=True, slots=True)
class Task:
    """One task instance. `map_index` is -1 for a task that is not mapped; `ended_at` sorts as time does."""

    task_id: str
    map_index: int
    state: str | None
    try_number: int
    ended_at: str = ""


@dataclass(frozen=True, slots=True)
class Run:
    """One DAG run. `data_interval_start` as Airflow writes it, in UTC; `conf` is what a person asked for."""

    dag_id: str
    run_id: str
    state: str
    data_interval_start: str | None = None
    conf: Mapping[str, Any] = field(default_factory=dict)


class AirflowApi:
    """A session with the API server, logged in when first used. Raises requests.RequestException."""

    def __init__(self, base_url: str, login: str, password: str) -> None:
        self._base = base_url
        self._login = {"username": login, "password": password}
        self._http = session()

    def dag_ids(self) -> set[str]:
        return {str(dag["dag_id"]) for dag in self._all("dags", "dags")}

    def import_errors(self) -> list[str]:
        return [f"{each['filename']}:\n{each['stack_trace']}" for each in self._all("importErrors", "import_errors")]

    def unpause(self, dag_id: str) -> None:
        self._call("PATCH", f"dags/{dag_id}", json={"is_paused": False})

    def runs(self, dag_id: str) -> list[Run]:
        """The newest runs."""
        answer = self._call("GET", f"dags/{dag_id}/dagRuns", params={"order_by": "-run_after", "limit": 20})
        return [
            Run(dag_id, run["dag_run_id"], run["state"], run["data_interval_start"], run["conf"] or {})
            for run in answer["dag_runs"]
        ]

    def trigger(self, dag_id: str, conf: Mapping[str, object]) -> None:
        self._call("POST", f"dags/{dag_id}/dagRuns", json={"conf": dict(conf), "logical_date": None})

    def clear_failed(self, run: Run) -> None:
        """Have the failed tasks of a run tried again, and what follows them."""
        asked = {"dag_run_id": run.run_id, "only_failed": True, "include_downstream": True, "dry_run": False}
        self._call("POST", f"dags/{run.dag_id}/clearTaskInstances", json={**asked, "reset_dag_runs": True})

    def tasks(self, run: Run) -> list[Task]:
        found = self._all(f"dags/{run.dag_id}/dagRuns/{run.run_id}/taskInstances", "task_instances")
        return [
            Task(each["task_id"], each["map_index"], each["state"], each["try_number"], each["end_date"] or "")
            for each in found
        ]

    def _all(self, path: str, key: str) -> Iterator[dict[str, Any]]:
        offset, total = 0, 1
        while offset < total:
            page = self._call("GET", path, params={"limit": _PAGE, "offset": offset})
            yield from page[key]
            offset, total = offset + _PAGE, page["total_entries"]

    def _call(self, method: str, path: str, **options: Any) -> dict[str, Any]:  # noqa: ANN401
        """One call, repeated while nobody answers; GET and PATCH do no harm when done twice."""
        deadline = time.monotonic() + _PATIENCE_SECONDS
        while True:
            try:
                return self._call_once(method, path, **options)
            except (requests.ConnectionError, requests.Timeout):
                if time.monotonic() > deadline or method == "POST":
                    raise
                time.sleep(1)

    def _call_once(self, method: str, path: str, **options: Any) -> dict[str, Any]:  # noqa: ANN401
        if "Authorization" not in self._http.headers:
            self._log_in()
        answer = self._http.request(method, f"{self._base}/api/v2/{path}", timeout=_SECONDS, **options)
        if not answer.ok:
            raise requests.HTTPError(f"{method} {path}: HTTP {answer.status_code} {answer.text[:500]}", response=answer)
        found: dict[str, Any] = answer.json()
        return found

    def _log_in(self) -> None:
        answer = self._http.post(f"{self._base}/auth/token", json=self._login, timeout=_SECONDS)
        answer.raise_for_status()
        self._http.headers["Authorization"] = f"Bearer {answer.json()['access_token']}"
