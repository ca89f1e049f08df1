"""The demo against a server that answers as Airflow's API does, so that failures can be had at will."""

import datetime as dt
import json
import threading
from collections.abc import Iterator, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from signalq_billing.devstack import airflow_settings, demo
from signalq_billing.devstack.demo import Progress
from signalq_billing.devstack.home import Home
from signalq_billing.devstack.memory import Memory
from signalq_billing.devstack.stack import Stack, open_stack
from signalq_billing.devstack.steps import StackFailed
from signalq_billing.domain.period import Cadence, Every, Period

CADENCE = Cadence("daily", Every.DAY, 1, dt.date(2024, 1, 1), "Europe/Moscow")
PERIOD = CADENCE.starting(dt.date(2026, 11, 22))


class Airflow:
    """What a scheduler would have done: each look at the runs takes the next of `story`."""

    def __init__(self) -> None:
        self.story: list[list[dict[str, Any]]] = [[]]
        self.tasks: list[dict[str, Any]] = []
        self.errors: list[dict[str, Any]] = []
        self.dags = ["signalq_payouts_daily", "signalq_reconcile"]
        self.changes: list[tuple[str, str, Any]] = []

    def answer(self, method: str, path: str, body: dict[str, Any] | None) -> tuple[int, dict[str, Any]]:
        if path == "/auth/token":
            return (201, {"access_token": "t"}) if body and body["password"] else (401, {})
        if method != "GET":
            self.changes.append((method, path, body))
            return 200, {}
        if path.endswith("/taskInstances"):
            return 200, {"task_instances": self.tasks, "total_entries": len(self.tasks)}
        if path.endswith("/dagRuns"):
            return 200, {"dag_runs": self.story.pop(0) if len(self.story) > 1 else self.story[0]}
        if path == "/api/v2/importErrors":
            return 200, {"import_errors": self.errors, "total_entries": len(self.errors)}
        return 200, {"dags": [{"dag_id": each} for each in self.dags], "total_entries": len(self.dags)}


def run(state: str, **more: object) -> dict[str, Any]:
    start = PERIOD.start.isoformat().replace("+00:00", "Z")
    return {"dag_run_id": "scheduled__1", "state": state, "data_interval_start": start, "conf": {}, **more}


def task(task_id: str, state: str, ended: str | None = None) -> dict[str, Any]:
    return {"task_id": task_id, "map_index": -1, "state": state, "try_number": 1, "end_date": ended}


@pytest.fixture
def airflow() -> Airflow:
    return Airflow()


@pytest.fixture
def stack(tmp_path: Path, airflow: Airflow, monkeypatch: pytest.MonkeyPatch) -> Iterator[Stack]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            length = int(self.headers.get("Content-Length") or 0)
            body = json.loads(self.rfile.read(length)) if length else None
            status, document = airflow.answer(self.command, self.path.partition("?")[0], body)
            content = json.dumps(document).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        do_POST = do_PATCH = do_GET

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        monkeypatch.setattr(demo, "_LOOK_SECONDS", 0.01)
        home = Home(tmp_path)
        home.prepare()
        Memory(home.memory).put("port.api-server", str(server.server_port))
        yield open_stack(home, {})
        server.shutdown()


def pay(stack: Stack, shown: list[str] | None = None) -> None:
    def show(seen: Mapping[str, Progress]) -> None:
        if shown is not None:
            shown.append(f"{seen['daily'].state} {seen['daily'].doing}".strip())

    demo.pay(stack, {"daily": PERIOD}, show)


def test_a_paid_period_is_done_at_once(stack: Stack, airflow: Airflow) -> None:
    airflow.story = [[run("success")]]
    pay(stack)
    assert {path for method, path, _ in airflow.changes if method == "PATCH"} == {
        "/api/v2/dags/signalq_payouts_daily",
        "/api/v2/dags/signalq_reconcile",
    }
    assert not [change for change in airflow.changes if change[0] == "POST"]


def test_runs_that_appear_by_themselves_are_waited_for(stack: Stack, airflow: Airflow) -> None:
    airflow.story = [[], [], [run("running")], [run("success")]]
    airflow.tasks = [task("extract", "running")]
    shown: list[str] = []
    pay(stack, shown)
    assert shown == ["waiting", "running extract", "success extract"]
    assert not [change for change in airflow.changes if change[0] == "POST"]


def test_the_task_that_failed_first_is_named_with_its_log(stack: Stack, airflow: Airflow) -> None:
    airflow.story = [[], [run("failed")]]
    airflow.tasks = [
        task("report", "failed", "2026-11-23T09:00:02Z"),
        task("check_dependencies", "failed", "2026-11-23T09:00:01Z"),
        task("extract", "upstream_failed", "2026-11-23T09:00:01Z"),
    ]
    with pytest.raises(StackFailed) as failed:
        pay(stack)
    assert "task check_dependencies failed" in str(failed.value)
    assert "task_id=check_dependencies/attempt=1.log" in str(failed.value)


def test_what_failed_before_is_tried_again(stack: Stack, airflow: Airflow) -> None:
    airflow.story = [[run("failed")], [run("running")], [run("success")]]
    pay(stack)
    (cleared,) = [body for method, path, body in airflow.changes if path.endswith("clearTaskInstances")]
    assert cleared["dag_run_id"] == "scheduled__1"
    assert cleared["only_failed"]
    assert not cleared["dry_run"]


def test_a_run_that_never_appears_is_asked_for_once(
    stack: Stack, airflow: Airflow, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(demo, "_APPEAR_SECONDS", 0)
    asked = run("running", data_interval_start=None, conf={"period": "2026-11-22"})
    airflow.story = [[], [], [], [asked], [{**asked, "state": "success"}]]
    pay(stack)
    triggered = [body for method, path, body in airflow.changes if path.endswith("/dagRuns")]
    assert triggered == [{"conf": {"period": "2026-11-22"}, "logical_date": None}]


@pytest.mark.parametrize("conf", [{"dry_run": True}, {"parks": ["a"]}, {"period": "2026-11-21"}])
def test_a_run_that_did_something_else_is_not_taken_for_it(
    stack: Stack, airflow: Airflow, conf: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(demo, "_RUN_SECONDS", 0.1)
    airflow.story = [[run("success", conf=conf)]]
    with pytest.raises(StackFailed, match="not done after"):
        pay(stack)


def test_a_dag_that_cannot_be_parsed_says_why(stack: Stack, airflow: Airflow) -> None:
    airflow.dags = []
    airflow.errors = [{"filename": "signalq_payouts.py", "stack_trace": "NameError: name 'dga' is not defined"}]
    with pytest.raises(StackFailed, match="name 'dga' is not defined"):
        pay(stack)


def test_a_retry_shows_what_went_wrong(stack: Stack, airflow: Airflow) -> None:
    airflow.story = [[], [run("running")], [run("success")]]
    airflow.tasks = [task("extract", "up_for_retry")]
    log = stack.home.airflow / "logs/dag_id=signalq_payouts_daily/run_id=scheduled__1/task_id=extract/attempt=1.log"
    log.parent.mkdir(parents=True)
    log.write_text(
        json.dumps({"event": "Task failed", "error_detail": [{"exc_type": "SourceError", "exc_value": "x"}]})
    )
    shown: list[str] = []
    pay(stack, shown)
    assert any("extract will be retried (Task failed | SourceError: x)" in each for each in shown)


def test_the_login_is_the_one_shown_to_people(stack: Stack) -> None:
    airflow_settings.write_files(stack.home, stack.memory)
    passwords = json.loads((stack.home.airflow / "passwords.json").read_text())
    assert passwords["admin"] == stack.memory.secret("airflow")
    assert set(passwords) == {"admin", "viewer"}
    assert (stack.home.airflow / "passwords.json").stat().st_mode & 0o777 == 0o600


def test_periods_are_told_apart_by_their_instant() -> None:
    assert isinstance(PERIOD, Period)
    assert PERIOD.start == dt.datetime(2026, 11, 21, 21, tzinfo=dt.UTC)
