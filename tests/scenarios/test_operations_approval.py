"""What people do about parks that guards hold, in the real Airflow: approve there, release elsewhere, keep, clear. The
questions are asked and answered through the API that Airflow's Required Actions use."""

import datetime as dt
from typing import Any

import pytest
from yt.wrapper import TablePath

from signalq_billing.adapters.ytsaurus.client import yt_client
from signalq_billing.connections import from_environment, ytsaurus_settings
from tests.scenarios.airflow_ui import Ui, until
from tests.scenarios.operator import Operator, paid_in, weeks_ago

pytestmark = [pytest.mark.airflow, pytest.mark.timeout(900)]

FREE, ABOVE_THE_CAP = "approval-free", ["approval-a", "approval-b", "approval-c"]
PARK = """\
- park_id: {park}
  effective_from: 2026-11-02
  cadence: weekly_msk
  currency: RUB
  activity: {{active_statuses: [online]}}
  charge: {{model: standard, unit: active_day, unit_amount: "{amount}"}}
"""


class Approvals:
    """A run of four parks new to the fleet; the guards of the sample config hold three of them."""

    def __init__(self, operator: Operator, ui: Ui) -> None:
        self.operator, self.ui = operator, ui
        self.period = weeks_ago(operator, 0)
        self.active_on(1, FREE, *ABOVE_THE_CAP)
        amounts = {FREE: "10.00"} | {park: f"{151_000 + index}.00" for index, park in enumerate(ABOVE_THE_CAP)}
        parks = "".join(PARK.format(park=park, amount=amount) for park, amount in amounts.items())
        (operator.home.config / "parks" / "approval.yaml").write_text(parks)
        operator.does("config", "apply", more=operator.exports())
        self.run = ui.trigger(period=self.period, parks=list(amounts))

    def active_on(self, day: int, *parks: str) -> None:
        """Each park's one camera is online for some hours of that day of the period: late rows, if it was computed."""
        connection = from_environment("ytsaurus_default", self.operator.exports())
        assert connection
        start = dt.datetime.fromisoformat(self.period).replace(tzinfo=dt.UTC) + dt.timedelta(days=day, hours=8)
        instants = [start + dt.timedelta(minutes=10 * index) for index in range(12)]
        rows = [
            {
                "park_id": park,
                "device_id": f"cam-{park}",
                "status": "offline" if instant is instants[-1] else "online",
                "status_at": int(instant.timestamp()) * 1_000_000,
                "event_id": f"{park} {instant}",
            }
            for park in parks
            for instant in instants
        ]
        table = TablePath("//home/signalq/status_history", append=True)
        yt_client(*ytsaurus_settings(connection)).write_table(table, rows)

    def payout(self, park: str) -> dict[str, Any]:
        return paid_in(self.operator, self.period).get(park, {})

    def progress(self, park: str) -> str:
        return str(self.payout(park).get("payment_progress"))

    def questions(self) -> dict[str, dict[str, Any]]:
        """The required actions of the run, by what they ask, as Airflow's UI lists them."""
        listed = f"dagRuns/{self.run}/hitlDetails?response_received=false&state=deferred&state=awaiting_input"
        return {each["subject"]: each for each in self.ui.call("GET", listed)["hitl_details"]}

    def question(self, park: str) -> dict[str, Any]:
        found = until(lambda: [each for asked, each in self.questions().items() if park in asked], f"{park} is asked")
        question: dict[str, Any] = found[0]
        return question

    def answer(self, park: str, option: str, note: str | None = None) -> None:
        index = self.question(park)["task_instance"]["map_index"]
        answered = {"chosen_options": [option], "params_input": {"note": note}}
        self.ui.call("PATCH", f"dagRuns/{self.run}/taskInstances/approve/{index}/hitlDetails", answered)

    def release(self, park: str) -> None:
        named = ("-c", "weekly_msk", "-p", self.period, "--park", park)
        self.operator.does("release", *named, "--by", "Ann", "--note", "checked", more=self.operator.exports())

    def status(self, park: str) -> str:
        listed = self.operator.does("status", "-c", "weekly_msk", "-p", self.period, more=self.operator.exports())
        return " ".join(listed[listed.index(park) :].split())

    def ends(self, task: str) -> str:
        return str(until(lambda: self.ended(task), f"{task} ends"))

    def ended(self, task: str) -> str | None:
        state = self.ui.tasks(self.run)[task]["state"]
        return str(state) if state in ("success", "skipped", "failed") else None

    def orders(self, park: str) -> list[dict[str, object]]:
        return [order for order in self.operator.orders() if f":{park}:" in str(order["external_ref"])]


@pytest.fixture(scope="module")
def approvals(operator: Operator, ui: Ui) -> Approvals:
    return Approvals(operator, ui)


def test_what_guards_hold_is_a_required_action_and_the_rest_is_paid(approvals: Approvals) -> None:
    for park in ABOVE_THE_CAP:
        approvals.question(park)
    assert len(approvals.questions()) == 3
    assert approvals.progress(FREE) == "created"
    question = approvals.question("approval-b")
    assert question["subject"] == f"Pay approval-b 151001.00 RUB, weekly_msk {approvals.period}?"
    assert question["options"] == ["Approve", "Keep on hold"]
    assert "above guards.yaml park\\_max 150000" in question["body"]
    assert f"/signalq/park?cadence=weekly_msk&period={approvals.period}&park=approval-b" in question["body"]


def test_approving_there_pays_that_park_at_once_in_the_name_of_the_user(approvals: Approvals) -> None:
    approvals.answer("approval-a", "Approve", "looked at the cameras")
    until(lambda: approvals.progress("approval-a") == "created", "approval-a is paid")
    assert len(approvals.orders("approval-a")) == 1
    assert "released by ui admin" in approvals.status("approval-a")
    assert {approvals.progress(park) for park in ("approval-b", "approval-c")} == {"not_created"}


def test_a_release_by_command_ends_the_waiting_task_and_pays(approvals: Approvals) -> None:
    index = approvals.question("approval-b")["task_instance"]["map_index"]
    approvals.release("approval-b")
    assert approvals.ends(f"approve[{index}]") == "success"
    until(lambda: approvals.progress("approval-b") == "created", "approval-b is paid")
    assert len(approvals.orders("approval-b")) == 1
    assert not [asked for asked in approvals.questions() if "approval-b" in asked]


def test_what_is_computed_anew_is_not_what_was_asked_and_stays_held(approvals: Approvals) -> None:
    index = approvals.question("approval-c")["task_instance"]["map_index"]
    approvals.active_on(2, "approval-c")
    anew = ("run", "-c", "weekly_msk", "-p", approvals.period, "--park", "approval-c")
    approvals.operator.types(*anew, more=approvals.operator.exports())
    assert approvals.ends(f"approve[{index}]") == "skipped"
    assert approvals.ui.finished(approvals.run) == "success"
    assert (approvals.progress("approval-c"), approvals.payout("approval-c")["total"]) == ("not_created", "302004.00")
    assert approvals.payout("approval-c")["hold_reason"]


def test_cleared_it_asks_about_what_it_is_now_and_gives_way_to_another_run(approvals: Approvals) -> None:
    approvals.ui.clear(approvals.run, "list_held", downstream=True)
    assert "302004.00 RUB" in approvals.question("approval-c")["subject"]
    rehearsal = approvals.ui.trigger(period=approvals.period, parks=[FREE], dry_run=True)
    assert approvals.ui.finished(approvals.run) == "success"
    assert approvals.ui.finished(rehearsal) == "success"
    assert approvals.questions() == {}
    assert approvals.progress("approval-c") == "not_created"


def test_kept_on_hold_nothing_fails_and_nothing_is_sent(approvals: Approvals) -> None:
    asked_last = max(key for key in approvals.ui.tasks(approvals.run) if key.startswith("approve["))
    approvals.ui.clear(approvals.run, asked_last, downstream=True)
    approvals.answer("approval-c", "Keep on hold")
    assert approvals.ends(asked_last) == "skipped"
    assert approvals.ui.finished(approvals.run) == "success"
    assert approvals.orders("approval-c") == []
    assert "302004.00" in approvals.ui.log(
        approvals.run, "report", approvals.ui.tasks(approvals.run)["report"]["try_number"]
    )


def test_clearing_everything_afterwards_pays_nobody_twice(approvals: Approvals) -> None:
    before = sorted(str(order["external_ref"]) for order in approvals.operator.orders())
    approvals.ui.clear(approvals.run, "submit", downstream=True)
    approvals.answer("approval-c", "Keep on hold")
    assert approvals.ui.finished(approvals.run) == "success"
    assert sorted(str(order["external_ref"]) for order in approvals.operator.orders()) == before
