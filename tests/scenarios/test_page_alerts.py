"""A payouts run that cannot finish tells somebody once, whatever is cleared; a backfill of history tells nobody."""

import datetime as dt
import json
import time
from collections.abc import Iterator
from typing import Any

import pytest
import requests

from signalq_billing.devstack.billing_orders.process import FaultControl
from tests.scenarios.airflow_ui import Ui, until
from tests.scenarios.operator import Operator
from tests.webhook_receiver import Receiver, receiving

pytestmark = [pytest.mark.airflow, pytest.mark.timeout(1500)]

CADENCE = "hurried_utc"
DAG = f"signalq_payouts_{CADENCE}"
MINUTES = 6  # until the deadline: time for Airflow to find the new DAG and make its run


class Alerted:
    """Airflow with a new cadence whose deadline is near, and somebody who is told."""

    def __init__(self, operator: Operator, ui: Ui, receiver: Receiver) -> None:
        self.operator = operator
        self.ui = ui
        self.receiver = receiver
        now = dt.datetime.now(dt.UTC)
        self.ended = now.replace(hour=0, minute=0, second=0, microsecond=0)
        self.period = (self.ended - dt.timedelta(days=1)).date()
        self.deadline_minutes = int((now - self.ended).total_seconds() // 60) + MINUTES

    def call(self, method: str, path: str, body: object = None) -> Any:  # noqa: ANN401
        answer = requests.request(method, f"{self.ui.base}{path}", json=body, headers=self.ui.headers, timeout=120)
        assert answer.ok, (answer.status_code, answer.text)
        return answer.json() if answer.content else None

    def name_the_receiver(self) -> None:
        """In Airflow's own database, where the triggerer has to find it."""
        self.call("POST", "/api/v2/connections", {"connection_id": "signalq_alerts", **self.receiver.connection()})

    def add_the_cadence(self) -> None:
        config = self.operator.home.config
        cadence = (
            f"\n- {{name: {CADENCE}, every: day, anchor: 2024-01-01, timezone: UTC, settle_minutes: 0,"
            f" catch_up_from: {self.period}, deadline_minutes: {self.deadline_minutes}}}\n"
        )
        with (config / "cadences.yaml").open("a") as file:
            file.write(cadence)
        park = f"- {{park_id: park-{CADENCE}, effective_from: 2024-01-01, tariff: per_day, cadence: {CADENCE}}}\n"
        (config / "parks" / f"{CADENCE}.yaml").write_text(park)
        self.operator.does("config", "apply", more=self.operator.exports())

    def unpause(self) -> None:
        until(self._parsed, "Airflow finds the new DAG")
        self.call("PATCH", f"/api/v2/dags/{DAG}", {"is_paused": False})

    def _parsed(self) -> bool:
        found = requests.get(f"{self.ui.base}/api/v2/dags/{DAG}", headers=self.ui.headers, timeout=60)
        return bool(found.ok)

    def runs(self, kind: str) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.call("GET", f"/api/v2/dags/{DAG}/dagRuns?limit=100")["dag_runs"]
        return [run for run in found if run["run_type"] == kind]

    def deadlines(self, run: str) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.call("GET", f"/ui/dags/{DAG}/dagRuns/{run}/deadlines")["deadlines"]
        return found

    def clear(self, run: str) -> None:
        """Clear what waits for its next try, and all that follows."""
        until(lambda: self._state(run, "check_dependencies") == "up_for_retry", "the check is retried")
        body = {"dag_run_id": run, "task_ids": ["check_dependencies"], "include_downstream": True}
        wanted = {**body, "only_failed": False, "reset_dag_runs": True, "dry_run": False}
        self.call("POST", f"/api/v2/dags/{DAG}/clearTaskInstances", wanted)

    def _state(self, run: str, task: str) -> str | None:
        state: str | None = self.call("GET", f"/api/v2/dags/{DAG}/dagRuns/{run}/taskInstances/{task}")["state"]
        return state

    def watch(self) -> list[dict[str, Any]]:
        done = self.operator.types("watch", "--json", more=self.operator.exports())
        assert done.stdout, done.stderr
        alerts: list[dict[str, Any]] = json.loads(done.stdout)["alerts"]
        return [alert for alert in alerts if alert["cadence"] == CADENCE]


@pytest.fixture(scope="module")
def alerted(operator: Operator, ui: Ui) -> Iterator[Alerted]:
    with receiving() as receiver:
        made = Alerted(operator, ui, receiver)
        made.name_the_receiver()
        yield made
        made.call("PATCH", f"/api/v2/dags/{DAG}", {"is_paused": True})
        made.call("DELETE", "/api/v2/connections/signalq_alerts")


def test_a_run_that_cannot_finish_tells_once_whatever_is_cleared_and_a_backfill_of_history_tells_nobody(
    alerted: Alerted, faults: FaultControl
) -> None:
    faults.down()
    alerted.add_the_cadence()
    alerted.unpause()
    (run,) = until(lambda: alerted.runs("scheduled"), "the scheduler makes the run of the period")
    assert run["data_interval_end"].startswith(alerted.ended.date().isoformat())
    (deadline,) = alerted.deadlines(run["dag_run_id"])
    expected = alerted.ended + dt.timedelta(minutes=alerted.deadline_minutes)
    assert dt.datetime.fromisoformat(deadline["deadline_time"]) == expected
    alerted.clear(run["dag_run_id"])  # before the deadline: it is not lost
    assert len(alerted.deadlines(run["dag_run_id"])) == 1
    assert alerted.receiver.received == []

    until(lambda: alerted.receiver.received, "somebody is told")
    (told,) = alerted.receiver.received
    assert dt.datetime.now(dt.UTC) - expected < dt.timedelta(minutes=5)
    assert told.headers["Authorization"] == "Bearer token-of-the-webhook"
    assert (told.body["kind"], told.body["cadence"]) == ("late", CADENCE)
    assert told.body["period"] == alerted.period.isoformat()
    text = told.body["text"]
    assert f"late: {CADENCE} {alerted.period}: 1 park not paid" in text
    assert "billing-orders does not work" in text
    assert f"its run {run['dag_run_id']} in Airflow is" in text
    assert f"Page:    {alerted.ui.base}/signalq/period?cadence={CADENCE}&period={alerted.period}" in text

    alerted.clear(run["dag_run_id"])  # after it: it does not fire again
    time.sleep(20)
    assert len(alerted.receiver.received) == 1
    assert [each["missed"] for each in alerted.deadlines(run["dag_run_id"])] == [True]
    assert [alert["kind"] for alert in alerted.watch()] == ["late"]
    assert_a_backfill_tells_nobody(alerted)


def assert_a_backfill_tells_nobody(alerted: Alerted) -> None:
    days = [alerted.ended - dt.timedelta(days=number) for number in (4, 2)]
    wanted = {"from_date": days[0].isoformat(), "to_date": days[1].isoformat(), "max_active_runs": 3}
    alerted.call("POST", "/api/v2/backfills", {"dag_id": DAG, "reprocess_behavior": "none", **wanted})
    runs = until(lambda: len(found := alerted.runs("backfill")) == 3 and found, "the backfill makes its runs")
    assert [alerted.deadlines(run["dag_run_id"]) for run in runs] == [[], [], []]
    time.sleep(10)
    assert len(alerted.receiver.received) == 1
    assert {alert["period"] for alert in alerted.watch()} == {alerted.period.isoformat()}


def test_when_billing_orders_is_back_the_run_goes_on_and_that_it_is_over_is_told_once(
    alerted: Alerted, faults: FaultControl
) -> None:
    faults.clear()
    until(lambda: {run["state"] for run in alerted.runs("scheduled")} == {"success"}, "the run ends")
    assert alerted.watch() == []
    named = {"AIRFLOW_CONN_SIGNALQ_ALERTS": json.dumps(alerted.receiver.connection())}
    for _ in range(2):
        alerted.operator.types("watch", "--notify", more={**alerted.operator.exports(), **named})
    told = [text for text in alerted.receiver.texts if CADENCE in text]
    assert [text.partition(CADENCE)[0] for text in told[1:]] == ["signalq-billing: OVER: late: "]
