"""A run asks a person about what its guards hold: task bodies, operator and trigger on a real PostgreSQL and the real
billing-orders protocol. Airflow's part (the question, the answer) stands still here; the scenario plays it for real."""

import asyncio
import datetime as dt
from collections.abc import Callable
from decimal import Decimal
from types import SimpleNamespace
from typing import Any
from uuid import uuid4

import pytest
from airflow.sdk.exceptions import AirflowSkipException, TaskDeferred
from sqlalchemy import Engine

from signalq_billing.adapters.postgres.config_store import PostgresConfigStore
from signalq_billing.adapters.postgres.payout_store import PostgresPayoutStore
from signalq_billing.devstack.billing_orders.process import BillingOrdersProcess
from signalq_billing.domain.activity import ActivitySnapshot, BadRows
from signalq_billing.domain.approval import APPROVE, KEEP
from signalq_billing.domain.compute import compute_payout
from signalq_billing.domain.guards import Guards
from signalq_billing.domain.progress import PaymentProgress, PayoutProgress
from signalq_billing.orchestration import approvals, bootstrap, this_run
from signalq_billing.orchestration.approval_operator import ELSEWHERE, HeldPayoutApproval
from signalq_billing.orchestration.hold_trigger import HoldTrigger
from signalq_billing.services import holding
from signalq_billing.services.submit import Submitter
from tests.integration.payments import computed, money_accepted, submitter
from tests.unit.domain.builders import WEEKLY, config, device, period

CAPS = Guards(park_max={"RUB": Decimal("79.00")})
PARKS = ("park-1", "park-2", "park-3")
NOW = period().end + dt.timedelta(hours=2)
USER = {"id": "7", "name": "ann"}


class Store(dict[str, Any]):
    """Airflow's task state, which outlives clears."""

    def set(self, key: str, value: object, retention: object = None) -> None:
        self[key] = value


class Run:
    """One DAG run of a period whose guards hold all parks above 79 RUB."""

    def __init__(self, engine: Engine, billing: BillingOrdersProcess, patch: pytest.MonkeyPatch) -> None:
        self.engine, self.billing, self.payouts = engine, billing, PostgresPayoutStore(engine)
        self.shown: str | None = None
        self.closed: list[list[str]] = []
        ti = SimpleNamespace(
            dag_id="dag",
            run_id="run",
            task_id="approve",
            map_index=0,
            try_number=1,
            id=uuid4(),
            xcom_pull=lambda **_: None,
        )
        run = SimpleNamespace(conf={}, run_after=NOW)
        self.context: dict[str, Any] = {
            "ti": ti,
            "dag_run": run,
            "params": {"period": period().name.isoformat()},
            "task_state_store": Store(),
        }
        self.now = NOW
        for module in (this_run, approvals):
            patch.setattr(module, "get_current_context", lambda: self.context)
        patch.setattr(this_run, "airflow_url", lambda: "http://airflow.example")
        patch.setattr(approvals, "airflow_url", lambda: "http://airflow.example")
        patch.setattr("signalq_billing.adapters.config_files.load_cadences", lambda _: [WEEKLY])
        patch.setenv("SIGNALQ_BILLING_CONFIG", "/")
        patch.setattr(bootstrap, "config", lambda: SimpleNamespace(cadences={WEEKLY.name: WEEKLY}, guards=CAPS))
        patch.setattr(bootstrap, "now", lambda: self.now)
        patch.setattr(bootstrap, "payout_store", lambda: self.payouts)
        patch.setattr(bootstrap, "submitter", self.submitter)
        patch.setattr(HeldPayoutApproval, "_show", lambda operator, ti_id: self._show(operator))
        patch.setattr("airflow.sdk.execution_time.hitl.update_hitl_detail_response", self._close)
        self.answer: Any = SimpleNamespace(response_received=False, chosen_options=None)
        patch.setattr("airflow.sdk.execution_time.hitl.get_hitl_detail_content_detail", lambda ti_id: self.answer)
        self.queued = 0
        runs = "airflow.sdk.execution_time.task_runner.RuntimeTaskInstance.get_dr_count"
        patch.setattr(runs, lambda **_: self.queued)

    def _show(self, operator: HeldPayoutApproval) -> str:
        """Airflow keeps the first text of a question."""
        self.shown = self.shown or operator.body or ""
        return self.shown

    def _close(self, ti_id: object, chosen: list[str], params: object) -> None:
        self.closed.append(chosen)

    def submitter(self, worker: str) -> Submitter:
        return submitter(self.engine, self.billing, guards=CAPS, worker=worker)

    def submit(self) -> None:
        """What the tasks before did: everything is offered to billing-orders, the guards hold what is above 79 RUB."""
        self.submitter(this_run.worker()).submit(self.stored())

    def stored(self) -> list[PayoutProgress]:
        return self.payouts.payouts(WEEKLY.name, period().name)

    def one(self, park_id: str = "park-1") -> PayoutProgress:
        (found,) = [each for each in self.stored() if each.park_id == park_id]
        return found

    def list_held(self, *parks: str) -> list[dict[str, Any]]:
        return approvals.list_held(WEEKLY.name, [{"label": "x", "park_ids": list(parks or PARKS)}])

    def ask(self, asked: dict[str, Any]) -> dict[str, Any]:
        """The approve task, begun: defers, skips, or goes on."""
        return self.task(asked).execute(self.context)  # type: ignore[arg-type]

    def task(self, asked: dict[str, Any]) -> HeldPayoutApproval:
        return HeldPayoutApproval(task_id="approve", cadence=WEEKLY.name, asked=asked)

    def trigger(self, asked: dict[str, Any]) -> HoldTrigger:
        with pytest.raises(TaskDeferred) as waits:
            self.ask(asked)
        classpath, fields = waits.value.trigger.serialize()
        assert classpath == "signalq_billing.orchestration.hold_trigger.HoldTrigger"
        return HoldTrigger(**fields)

    def answers(self, asked: dict[str, Any], option: str, note: object = None) -> dict[str, Any]:
        event = {"chosen_options": [option], "params_input": {"note": note}, "responded_by_user": USER}
        return self.task(asked).execute_complete(self.context, event)  # type: ignore[arg-type]

    def recompute(self, park_id: str = "park-1", days: int = 7) -> None:
        snapshot = ActivitySnapshot(period(), "//result", period().end, 10, BadRows(), period().end)
        snapshot_id = self.payouts.save_snapshot(snapshot, "test")
        mine = config(park_id=park_id)
        PostgresConfigStore(self.engine).apply([mine], "test")
        self.payouts.store([compute_payout(mine, period(), [device("cam-1", days=days)] * 1)], snapshot_id, "test")

    def history(self, park_id: str = "park-1") -> list[tuple[str, str, str]]:
        with self.engine.connect() as connection:
            wanted = "SELECT action, actor, why FROM history WHERE park_id = %s ORDER BY seq"
            found = connection.exec_driver_sql(wanted, (park_id,))
            return [(row[0], row[1], row[2]) for row in found if row[0] in ("held", "released")]


@pytest.fixture
def run(engine: Engine, billing: BillingOrdersProcess, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Three parks of 80 RUB each, all above the cap, offered once."""
    made = Run(engine, billing, monkeypatch)
    computed(engine, PARKS)
    made.submit()
    return made


def test_what_guards_hold_is_asked_about_by_ids_and_digests_alone(run: Run) -> None:
    asked = run.list_held()
    assert [each["park_id"] for each in asked] == list(PARKS)
    assert all(set(each) == {"payout_id", "park_id", "digest", "hold_key"} for each in asked)
    assert asked[0]["digest"] == run.one().digest


def test_nothing_is_asked_about_in_a_dry_run_or_of_parks_that_are_not_in_the_run(run: Run) -> None:
    assert [each["park_id"] for each in run.list_held("park-2")] == ["park-2"]
    run.context["params"]["dry_run"] = True
    assert run.list_held() == []


def test_a_run_whose_compute_failed_asks_about_nothing(run: Run) -> None:
    assert approvals.list_held(WEEKLY.name, None) == []


def test_what_a_person_holds_or_billing_orders_rejected_is_not_asked_about(
    run: Run, billing: BillingOrdersProcess
) -> None:
    run.payouts.release(run.one("park-2").payout_id, "ann", "right")
    run.payouts.hold(run.one("park-2").payout_id, "asked by the park", "cli ann@host")
    run.payouts.release(run.one("park-3").payout_id, "ann", "right")
    billing.faults.fail(422, park_id="park-3")
    run.submit()
    assert "rejected" in str(run.one("park-3").hold_reason)
    assert [each["park_id"] for each in run.list_held()] == ["park-1"]


def test_an_approval_releases_in_the_users_name_and_the_order_is_created_once(run: Run) -> None:
    (asked, *_) = run.list_held()
    assert run.answers(asked, APPROVE, " looked at the cameras ") == asked
    approvals.submit_approved(WEEKLY.name, asked)
    approvals.submit_approved(WEEKLY.name, asked)
    assert run.one().payment_progress is PaymentProgress.CREATED
    assert run.history()[-1] == ("released", "ui ann", "looked at the cameras")
    assert money_accepted(run.billing) == Decimal("80.00")


@pytest.mark.parametrize(("note", "said"), [(None, "approved in dag/run"), ("  ", "approved in dag/run"), (123, "123")])
def test_an_approval_without_a_note_says_where_it_was_given(run: Run, note: object, said: str) -> None:
    run.answers(run.list_held()[0], APPROVE, note)
    assert run.history()[-1] == ("released", "ui ann", said)


def test_one_that_is_kept_stays_held_and_the_others_are_none_of_its_business(run: Run) -> None:
    first, second, _ = run.list_held()
    with pytest.raises(AirflowSkipException, match=r"Keep on hold, says ann.*80.00 RUB held since.*signalq/park"):
        run.answers(first, KEEP)
    run.answers(second, APPROVE)
    approvals.submit_approved(WEEKLY.name, second)
    assert [each.payment_progress for each in run.stored()] == [
        PaymentProgress.NOT_CREATED,
        PaymentProgress.CREATED,
        PaymentProgress.NOT_CREATED,
    ]
    assert run.one().hold_reason


def test_an_approval_of_what_was_computed_anew_is_void(run: Run) -> None:
    (asked, *_) = run.list_held()
    run.recompute()
    with pytest.raises(AirflowSkipException, match=r"park-1.*computed anew.*void.*stays held"):
        run.answers(asked, APPROVE)
    assert run.one().hold_reason
    assert [each[0] for each in run.history()] == ["held"]


def test_an_approval_of_a_hold_that_a_person_put_in_its_place_is_void(run: Run) -> None:
    (asked, *_) = run.list_held()
    run.payouts.release(run.one().payout_id, "ann", "right")
    run.payouts.hold(run.one().payout_id, "the park objects", "cli bob@host")
    with pytest.raises(AirflowSkipException, match="void"):
        run.answers(asked, APPROVE)
    assert run.one().hold_reason == "the park objects"


def test_what_is_asked_anew_gets_a_place_of_its_own_however_often_the_list_is_made(run: Run) -> None:
    before = run.list_held()
    assert run.list_held() == before
    run.recompute()
    again = run.list_held()
    assert again[:3] == before
    assert [each["park_id"] for each in again[3:]] == ["park-1"]
    assert again[3]["digest"] == run.one().digest != before[0]["digest"]


def test_a_question_that_airflow_would_show_with_old_figures_is_not_waited_for(run: Run) -> None:
    (asked, *_) = run.list_held()
    run.trigger(asked)
    run.shown = "Pay park park-1 10.00 RUB? (digest 123, hold 0123456789abcdef)"
    with pytest.raises(AirflowSkipException, match="other figures"):
        run.ask(asked)


def test_no_more_questions_than_people_answer(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SIGNALQ_BILLING_APPROVALS_AT_MOST", "2")
    from signalq_billing.settings import settings

    settings.cache_clear()
    assert len(run.list_held()) == 2
    settings.cache_clear()


def test_a_backlog_run_asks_nobody_and_says_where_to_decide(run: Run, caplog: pytest.LogCaptureFixture) -> None:
    asked = run.list_held()[0]
    run.now = WEEKLY.following(period()).end
    assert approvals.list_held(WEEKLY.name, [{"label": "x", "park_ids": ["park-3"]}])[3:] == []
    with pytest.raises(AirflowSkipException, match=r"no answer is waited for.*signalq-billing release"):
        run.ask(asked)


@pytest.mark.parametrize("released_by", ["ui bob", "cli bob@host"])
def test_a_task_cleared_after_a_release_elsewhere_goes_on_without_asking(run: Run, released_by: str) -> None:
    asked = run.list_held()[0]
    run.payouts.release(run.one().payout_id, released_by, "right")
    assert run.ask(asked) == asked
    assert run.closed == [[ELSEWHERE]]
    approvals.submit_approved(WEEKLY.name, asked)
    assert run.one().payment_progress is PaymentProgress.CREATED


def release(run: Run) -> None:
    holding.release(run.payouts, [run.one()], "cli bob@host", "right")


def pay(run: Run) -> None:
    release(run)
    run.submit()


def take_back(run: Run) -> None:
    run.payouts.void_missing(period(), ["park-2", "park-3"], "test")


def give_answer(run: Run) -> None:
    user = SimpleNamespace(**USER)
    run.answer = SimpleNamespace(
        response_received=True, chosen_options=[APPROVE], params_input={"note": "x"}, responded_by_user=user
    )


def queue(run: Run) -> None:
    run.queued = 1


@pytest.mark.parametrize(
    ("happens", "event"),
    [
        (release, {"ended": "decided"}),
        (pay, {"ended": "decided"}),
        (take_back, {"ended": "decided"}),
        (Run.recompute, {"ended": "decided"}),
        (queue, {"ended": "queue"}),
        (give_answer, {"chosen_options": [APPROVE], "params_input": {"note": "x"}, "responded_by_user": USER}),
    ],
)
def test_the_waiting_task_notices_what_happens_elsewhere(
    run: Run, happens: Callable[[Run], None], event: dict[str, Any]
) -> None:
    trigger = run.trigger(run.list_held()[0])
    trigger.until = (dt.datetime.now(dt.UTC) + dt.timedelta(hours=1)).isoformat()
    assert first_event(trigger, within=0.5) is None
    happens(run)
    assert first_event(trigger, within=5) == event


def test_the_waiting_task_ends_when_its_time_is_over(run: Run) -> None:
    trigger = run.trigger(run.list_held()[0])
    assert dt.datetime.fromisoformat(trigger.until) == min(
        run.one().hold.expires_at,  # type: ignore[union-attr]
        WEEKLY.following(period()).end,
    )
    trigger.until = "2026-01-01T00:00:00+00:00"
    assert first_event(trigger, within=5) == {"ended": "time"}


def test_a_database_that_is_down_for_a_while_ends_nothing(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    trigger = run.trigger(run.list_held()[0])
    trigger.until = (dt.datetime.now(dt.UTC) + dt.timedelta(hours=1)).isoformat()

    def down(*_: object) -> bool:
        raise OSError("the database is away")

    with monkeypatch.context() as patch:
        patch.setattr(approvals, "decided", down)
        patch.setattr(this_run, "requested", down)
        assert first_event(trigger, within=0.5) is None
    release(run)
    assert first_event(trigger, within=5) == {"ended": "decided"}


def test_the_event_loop_is_free_while_the_database_hangs(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    import time

    trigger = run.trigger(run.list_held()[0])
    monkeypatch.setattr(approvals, "decided", lambda *_: time.sleep(1))

    async def ticks() -> int:
        waiting, count = asyncio.create_task(anext(trigger.run().__aiter__())), 0  # type: ignore[arg-type]
        until = time.monotonic() + 0.5
        while time.monotonic() < until:
            await asyncio.sleep(0.01)
            count += 1
        waiting.cancel()
        return count

    assert asyncio.run(ticks()) > 20


@pytest.mark.parametrize(
    ("event", "says"),
    [
        ({"ended": "time"}, "No answer came in time. park park-1"),
        ({"ended": "queue"}, "Another run of this DAG was triggered.*clear this task to be asked again"),
        ({"ended": "decided"}, "stays held|held since"),
    ],
)
def test_what_ends_without_an_answer_stays_held_and_is_on_no_list_any_more(
    run: Run, event: dict[str, Any], says: str
) -> None:
    asked = run.list_held()[0]
    with pytest.raises(AirflowSkipException, match=says):
        run.task(asked).execute_complete(run.context, event)  # type: ignore[arg-type]
    assert run.closed == [[ELSEWHERE]]
    assert run.one().hold_reason


def test_an_approval_by_nobody_releases_nothing(run: Run) -> None:
    asked = run.list_held()[0]
    with pytest.raises(AirflowSkipException):
        run.task(asked).execute_complete(run.context, {"chosen_options": [APPROVE], "responded_by_user": None})  # type: ignore[arg-type]
    assert run.one().hold_reason


def first_event(trigger: HoldTrigger, within: float) -> dict[str, Any] | None:
    """What the trigger fires with, looking every tenth of a second; None if it still waits."""
    trigger.poll = 0.1

    async def fired() -> dict[str, Any] | None:
        try:
            event = await asyncio.wait_for(anext(trigger.run().__aiter__()), within)
        except TimeoutError:
            return None
        payload: dict[str, Any] = event.payload
        return payload

    return asyncio.run(fired())
