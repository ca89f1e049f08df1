"""What breaks under runs in Airflow: scheduler, PostgreSQL, two runs at once. Afterwards every order exists once."""

import os
import signal
import subprocess
from collections import Counter

import psutil
import psycopg
import pytest
import requests

from signalq_billing.devstack import airflow_settings, postgres
from signalq_billing.devstack.billing_orders.process import FaultControl
from tests.scenarios.airflow_ui import Ui, until
from tests.scenarios.operator import COMMAND, Operator, paid_in, weeks_ago

pytestmark = [pytest.mark.airflow, pytest.mark.timeout(900)]

PARKS = ["msk-arbat", "msk-sokol"]


def assert_paid_once(operator: Operator, period: str, parks: list[str]) -> None:
    """Every park is created, with the doc id that billing-orders has, which it has once."""
    payouts = paid_in(operator, period)
    assert {park: payouts[park]["payment_progress"] for park in parks} == dict.fromkeys(parks, "created")
    ours = {order["external_ref"]: order for park in parks for order in payouts[park]["orders"]}
    theirs = [order for order in operator.orders() if order["external_ref"] in ours]
    assert Counter(str(order["external_ref"]) for order in theirs) == Counter(list(ours))
    for order in theirs:
        mine = ours[order["external_ref"]]
        assert (order["doc_id"], order["amount"]) == (mine["doc_id"], mine["amount"])


def settled(operator: Operator, period: str, parks: list[str]) -> bool:
    """Whether all are created; no while PostgreSQL cannot say."""
    try:
        payouts = paid_in(operator, period)
    except AssertionError:
        return False
    return all(payouts.get(park, {}).get("payment_progress") == "created" for park in parks)


def in_call(operator: Operator, period: str, park: str) -> bool:
    return bool(paid_in(operator, period).get(park, {}).get("payment_progress") == "in_progress")


def programs(operator: Operator, *words: str) -> list[psutil.Process]:
    """This stack's own processes whose command line has all these words."""
    found = []
    for process in psutil.process_iter():
        try:
            command, environment = process.cmdline(), process.environ()
        except (psutil.NoSuchProcess, psutil.AccessDenied):
            continue
        mine = environment.get("AIRFLOW_HOME", "").startswith(str(operator.home.path))
        if mine and all(word in command for word in words):
            found.append(process)
    return found


def test_two_triggers_and_an_operators_run_of_one_period_pay_it_once(operator: Operator, ui: Ui) -> None:
    period = weeks_ago(operator, 4)
    runs = [ui.trigger(period=period, parks=PARKS) for _ in range(2)]
    words = ["run", "-c", "weekly_msk", "-p", period, *(word for park in PARKS for word in ("--park", park))]
    by_hand = subprocess.Popen([COMMAND, *words], env=operator.exports(), stdout=subprocess.DEVNULL)
    assert [ui.finished(run) for run in runs] == ["success", "success"]
    assert by_hand.wait(300) == 0
    assert_paid_once(operator, period, PARKS)


def test_a_mapped_task_cleared_while_it_runs_pays_once(operator: Operator, ui: Ui, faults: FaultControl) -> None:
    period = weeks_ago(operator, 4)
    faults.delay(12, when="after", park_id="msk-tushino")
    run = ui.trigger(period=period, parks=["msk-tushino"])
    until(lambda: in_call(operator, period, "msk-tushino"), "the call")
    ui.clear(run, "submit[0]", downstream=True)
    until(lambda: ui.tasks(run)["submit[0]"]["try_number"] > 1, "the task runs again")
    assert ui.finished(run) == "success"
    assert_paid_once(operator, period, ["msk-tushino"])


def test_a_scheduler_killed_in_the_middle_of_a_run_leaves_every_order_created_once(
    operator: Operator, ui: Ui, faults: FaultControl
) -> None:
    period = weeks_ago(operator, 4)
    faults.delay(6, when="after", park_id="msk-perovo")
    run = ui.trigger(period=period, parks=["msk-perovo", "msk-strogino"])
    until(lambda: in_call(operator, period, "msk-perovo"), "the call")
    schedulers = programs(operator, "airflow", "scheduler")
    assert schedulers
    for process in schedulers:
        os.kill(process.pid, signal.SIGKILL)
    until(lambda: settled(operator, period, ["msk-perovo", "msk-strogino"]), "both parks are paid")
    assert ui.finished(run) in ("success", "failed")
    assert_paid_once(operator, period, ["msk-perovo", "msk-strogino"])


def test_what_a_dead_scheduler_had_locked_is_free_again_after_a_minute(operator: Operator) -> None:
    """Its workers live on with its connection, which may be in the middle of a transaction when it is killed."""
    server = postgres.find(operator.home.postgres)
    assert server is not None
    with psycopg.connect(postgres.ensure_database(server, airflow_settings.DATABASE)) as connection:
        assert connection.execute("SHOW idle_in_transaction_session_timeout").fetchone() == ("1min",)


def test_postgresql_killed_in_the_middle_of_a_run_leaves_every_order_created_once(
    operator: Operator, ui: Ui, faults: FaultControl
) -> None:
    period = weeks_ago(operator, 4)
    faults.delay(8, when="after", park_id="msk-kuntsevo")
    run = ui.trigger(period=period, parks=["msk-kuntsevo", "msk-vykhino"])
    until(lambda: in_call(operator, period, "msk-kuntsevo"), "the call")
    postmaster = int((operator.home.postgres / "cluster" / "postmaster.pid").read_text().split()[0])
    os.kill(postmaster, signal.SIGQUIT)
    until(lambda: answers(ui, run), "Airflow answers again")
    until(lambda: settled(operator, period, ["msk-kuntsevo", "msk-vykhino"]), "both parks are paid")
    assert_paid_once(operator, period, ["msk-kuntsevo", "msk-vykhino"])


def answers(ui: Ui, run: str) -> bool:
    try:
        return bool(ui.state(run))
    except (AssertionError, requests.RequestException):
        return False
