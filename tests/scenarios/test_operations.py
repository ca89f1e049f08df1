"""What people do to runs in Airflow: trigger, clear, kill, repeat. Afterwards every order exists once."""

import json
import os
from typing import Any

import pytest

from signalq_billing.devstack.billing_orders.process import FaultControl
from tests.scenarios.airflow_ui import Ui, until
from tests.scenarios.operator import Operator, paid_in, weeks_ago

pytestmark = [pytest.mark.airflow, pytest.mark.timeout(900)]


@pytest.fixture(scope="module")
def last_week(operator: Operator, ui: Ui) -> tuple[str, str]:
    """(period, run) of a manual run for two parks of the week before the one the scheduler paid."""
    period = weeks_ago(operator, 1)
    run = ui.trigger(period=period, parks=["msk-arbat", "msk-sokol"])
    assert ui.finished(run) == "success"
    return period, run


def test_a_manual_run_pays_the_period_and_parks_it_was_asked_for(
    operator: Operator, ui: Ui, last_week: tuple[str, str]
) -> None:
    period, run = last_week
    payouts = paid_in(operator, period)
    assert set(payouts) == {"msk-arbat", "msk-sokol"}
    assert {payout["payment_progress"] for payout in payouts.values()} == {"created"}
    names = {task["rendered_map_index"] for key, task in ui.tasks(run).items() if key.startswith("submit[")}
    assert names == {"msk-arbat", "msk-sokol"}


@pytest.mark.parametrize("task", ["check_dependencies", "extract", "compute", "submit[0]", "report"])
def test_clearing_a_task_and_all_that_follows_pays_nobody_twice(
    operator: Operator, ui: Ui, last_week: tuple[str, str], task: str
) -> None:
    before = sorted(json.dumps(order, sort_keys=True) for order in operator.orders())
    _, run = last_week
    ui.clear(run, task, downstream=True)
    until(lambda: ui.tasks(run)[task]["try_number"] > 1, f"{task} runs again")
    assert ui.finished(run) == "success"
    assert sorted(json.dumps(order, sort_keys=True) for order in operator.orders()) == before


def test_a_dry_run_stores_and_sends_nothing(operator: Operator, ui: Ui) -> None:
    period = weeks_ago(operator, 2)
    run = ui.trigger(period=period, parks=["msk-arbat"], dry_run=True)
    assert ui.finished(run) == "success"
    assert paid_in(operator, period) == {}
    assert "msk-arbat" in ui.log(run, "compute")
    assert ui.tasks(run)["submit"]["state"] == "skipped"


@pytest.mark.parametrize(
    ("conf", "says"),
    [
        ({"perid": "2026-11-16"}, "did you mean 'period'"),
        ({"parks": ["msk-arbatt"]}, "did you mean 'msk-arbat'"),
        ({"period": "2020-01-01"}, "anchor"),
    ],
)
def test_a_wrong_form_fails_at_once_and_says_what_would_be_right(ui: Ui, conf: dict[str, Any], says: str) -> None:
    run = ui.trigger(**conf)
    assert ui.finished(run) == "failed"
    tasks = ui.tasks(run)
    assert tasks["check_dependencies"]["try_number"] == 1
    assert says in ui.log(run, "check_dependencies")
    assert tasks["extract"]["state"] == "upstream_failed"


def test_while_billing_orders_is_down_nothing_is_created_and_afterwards_it_forms_by_itself(
    operator: Operator, ui: Ui, faults: FaultControl
) -> None:
    period = weeks_ago(operator, 3)
    faults.down()
    run = ui.trigger(period=period, parks=["msk-arbat"])
    until(lambda: ui.tasks(run)["check_dependencies"]["state"] == "up_for_retry", "the check is retried")
    assert paid_in(operator, period) == {}
    faults.clear()
    assert ui.finished(run) == "success"
    assert paid_in(operator, period)["msk-arbat"]["payment_progress"] == "created"


def test_a_worker_killed_in_the_middle_of_a_call_leaves_an_order_that_ends_up_created_once(
    operator: Operator, ui: Ui, faults: FaultControl
) -> None:
    period = weeks_ago(operator, 3)
    faults.delay(20, when="after", park_id="msk-sokol")
    run = ui.trigger(period=period, parks=["msk-sokol"])
    until(lambda: paid_in(operator, period).get("msk-sokol", {}).get("payment_progress") == "in_progress", "the call")
    task = until(lambda: ui.tasks(run)["submit[0]"].get("pid"), "the task's process")
    os.kill(int(task), 9)
    assert ui.finished(run) == "success"
    payout = paid_in(operator, period)["msk-sokol"]
    assert payout["payment_progress"] == "created"
    held = [order for order in operator.orders() if order["external_ref"] == payout["orders"][0]["external_ref"]]
    assert [order["doc_id"] for order in held] == [payout["orders"][0]["doc_id"]]
