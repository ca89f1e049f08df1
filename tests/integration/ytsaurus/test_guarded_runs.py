"""Guards from end to end: with the kill switch on nothing reaches billing-orders from any entry point, with it off the
same steps pay, and what cannot be held is told."""

import datetime as dt
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine, make_url
from typer.testing import CliRunner

from signalq_billing.cli import main
from signalq_billing.cli.bootstrap import Wiring
from signalq_billing.devstack.billing_orders.process import BillingOrdersProcess
from signalq_billing.domain.period import Period
from signalq_billing.errors import SignalqBillingError
from signalq_billing.settings import settings
from tests.integration.payments import money_accepted
from tests.integration.ytsaurus.conftest import TOKEN, Cluster
from tests.integration.ytsaurus.paid_week import WEEKLY, event

CADENCES = "- {name: weekly_msk, every: week, anchor: 2026-01-05, timezone: Europe/Moscow}\n"
PARKS = """\
- park_id: park-7f3a
  effective_from: 2026-01-01
  cadence: weekly_msk
  currency: RUB
  activity: {active_statuses: [online]}
  charge: {model: standard, unit: active_day, unit_amount: "10.00"}
"""
# The task bodies of both DAGs, one after another, as they are when Airflow calls them; clearing calls them again.
TASKS = """
import datetime as dt, pathlib, sys
from types import SimpleNamespace as Of
from signalq_billing.orchestration import bootstrap, payouts, reconcile, this_run

ti = Of(dag_id="dag", run_id="run", task_id="task", map_index=0, try_number=1, xcom_pull=lambda task_ids: None)
run = Of(conf={}, run_after=dt.datetime.now(dt.UTC))
context = {"ti": ti, "dag_run": run, "params": {"period": sys.argv[1]}}
payouts.get_current_context = this_run.get_current_context = reconcile.get_current_context = lambda: context

def tell(name, body, *args):
    try:
        body(*args)
        print(switch, name, "done")
    except Exception as error:
        print(switch, name, type(error).__name__, error)

for switch in ("on", "off"):
    pathlib.Path(sys.argv[2]).write_text(f"kill_switch: {switch}")
    bootstrap.config.cache_clear()
    payouts.check_dependencies("weekly_msk")
    assert payouts.watermark_reached("weekly_msk")
    (batch,) = payouts.compute("weekly_msk", payouts.extract("weekly_msk"))
    tell("submit", payouts.submit, "weekly_msk", batch)
    tell("submit", payouts.submit, "weekly_msk", batch)
    tell("reconcile", reconcile.reconcile)
    print(switch, "created", bootstrap.payout_store().payouts()[0].payment_progress.value)
    tell("report", payouts.report, "weekly_msk")
"""


@pytest.fixture
def deployment(
    cluster: Cluster,
    billing: BillingOrdersProcess,
    database_url: str,
    engine: Engine,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[None]:
    """Config files and connections of a deployment; a camera was online for two days of `period()`."""
    (tmp_path / "config" / "parks").mkdir(parents=True)
    url = make_url(database_url)
    source = {"table": cluster.source.table, "result_directory": cluster.source.result_directory}
    files = {"cadences.yaml": CADENCES, "source.yaml": json.dumps(source), "parks/parks.yaml": PARKS}
    for name, text in files.items():
        (tmp_path / "config" / name).write_text(text)
    start = period().start + dt.timedelta(days=1)
    now = dt.datetime.now(dt.UTC) - dt.timedelta(minutes=1)
    cluster.status_history(
        [
            event("cam-1", "online", start),
            event("cam-1", "offline", start + dt.timedelta(hours=30)),
            event("cam-1", "offline", now),  # the replica has come this far
        ]
    )
    connections = {
        "BILLING_ORDERS": {"conn_type": "http", "host": billing.base_url, "password": billing.token},
        "YTSAURUS_DEFAULT": {
            "conn_type": "ytsaurus_cluster",
            "extra": {"proxy": cluster.handle.proxy, "token": TOKEN},
        },
    }
    for name, connection in connections.items():
        monkeypatch.setenv(f"AIRFLOW_CONN_{name}", json.dumps(connection))
    database = f"postgres://{url.username}:{url.password}@{url.host}:{url.port}/{url.database}"
    monkeypatch.setenv("AIRFLOW_CONN_SIGNALQ_BILLING_DB", database)
    monkeypatch.setenv("AIRFLOW_HOME", str(tmp_path / "airflow"))
    monkeypatch.setenv("SIGNALQ_BILLING_CONFIG", str(tmp_path / "config"))
    monkeypatch.setattr(Wiring, "engine", engine)  # a command of its own process would close its connections
    settings.cache_clear()
    yield
    settings.cache_clear()


def period(later: int = 0) -> Period:
    """A week that has been over for two weeks, whenever this runs, or the one after it."""
    found = WEEKLY.last_complete(dt.datetime.now(dt.UTC))
    for _ in range(2 - later):
        found = WEEKLY.preceding(found) if found else None
    assert found is not None
    return found


def switch(position: str) -> None:
    (Path(os.environ["SIGNALQ_BILLING_CONFIG"]) / "guards.yaml").write_text(f"kill_switch: {position}\n")


def types(*words: str) -> tuple[int, str]:
    """Exit code and what was said, as `main` ends a command."""
    result = CliRunner().invoke(main.app, words)
    if isinstance(result.exception, SignalqBillingError):
        return result.exception.exit_code, str(result.exception)
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result.exit_code, result.output


@pytest.mark.usefixtures("deployment")
def test_the_command_line_pays_nobody_while_it_is_on(billing: BillingOrdersProcess) -> None:
    asked = ("run", "--cadence", "weekly_msk", "--period", period().name.isoformat())
    assert types("config", "apply", os.environ["SIGNALQ_BILLING_CONFIG"])[0] == 0
    switch("on")
    for words in (asked, ("reconcile",), asked):
        code, said = types(*words)
        assert (code, "kill_switch is on in guards.yaml" in said) == (3, True), said
    assert billing.books()["orders"] == []
    switch("off")
    assert types("reconcile")[0] == 0
    assert format(money_accepted(billing), "f") == "20.00"


@pytest.mark.usefixtures("deployment")
def test_no_task_pays_anybody_while_it_is_on(billing: BillingOrdersProcess) -> None:
    config = os.environ["SIGNALQ_BILLING_CONFIG"]
    assert types("config", "apply", config)[0] == 0
    program = [sys.executable, "-c", TASKS, period().name.isoformat(), f"{config}/guards.yaml"]
    done = subprocess.run(program, capture_output=True, text=True, timeout=200, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    told = [line for line in done.stdout.splitlines() if line.startswith(("on ", "off "))]
    stopped = "AirflowFailException kill_switch is on in guards.yaml: nothing is sent until it is off"
    assert told == [
        *(f"on submit {stopped}", f"on submit {stopped}", f"on reconcile {stopped}"),
        "on created not_created",
        told[4],
        *("off submit done", "off submit done", "off reconcile done", "off created created", "off report done"),
    ]
    assert told[4].startswith("on report PayoutsUnfinished")
    (order,) = billing.books()["orders"]
    assert (order["amount"], order["posts"]) == ("20.00", 1)


@pytest.mark.usefixtures("deployment")
def test_a_run_tells_of_a_park_that_falls_to_nothing(billing: BillingOrdersProcess) -> None:
    assert types("config", "apply", os.environ["SIGNALQ_BILLING_CONFIG"])[0] == 0
    weeks = [period().name.isoformat(), period(later=1).name.isoformat()]
    first, then, again = [types("run", "-c", "weekly_msk", "-p", week) for week in (*weeks, weeks[1])]
    assert (first[0], "pays nothing" in first[1]) == (0, False)
    for code, said in (then, again):
        assert code == 0
        assert f"park park-7f3a, weekly_msk {weeks[1]}: pays nothing (" in said
        assert f", while {weeks[0]} paid 20.00 RUB for 1 devices: find out whether" in said
    assert len(billing.books()["orders"]) == 1
