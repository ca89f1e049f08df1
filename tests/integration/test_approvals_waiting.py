"""A task that waits for an approval: what it notices of what happens elsewhere, and how it ends."""

import asyncio
import datetime as dt
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
from airflow.sdk.exceptions import AirflowSkipException
from sqlalchemy import Engine

from signalq_billing.devstack.billing_orders.process import BillingOrdersProcess
from signalq_billing.domain.approval import APPROVE
from signalq_billing.orchestration import approvals, this_run
from signalq_billing.orchestration.hold_trigger import ELSEWHERE, HoldTrigger
from signalq_billing.services import holding
from tests.integration.approvals import USER, Run, held_run
from tests.unit.domain.builders import WEEKLY, period


@pytest.fixture
def run(engine: Engine, billing: BillingOrdersProcess, monkeypatch: pytest.MonkeyPatch) -> Run:
    return held_run(engine, billing, monkeypatch)


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
    assert run.closed == ([[ELSEWHERE]] if "ended" in event else [])


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
def test_what_ends_without_an_answer_stays_held_and_says_why(run: Run, event: dict[str, Any], says: str) -> None:
    asked = run.list_held()[0]
    with pytest.raises(AirflowSkipException, match=says):
        run.task(asked).execute_complete(run.context, event)  # type: ignore[arg-type]
    assert run.one().hold_reason


def test_an_answer_given_at_the_moment_a_question_is_closed_counts(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    trigger = run.trigger(run.list_held()[0])

    def answered(*_: object) -> None:
        give_answer(run)
        raise RuntimeError("409: answered already")

    monkeypatch.setattr("airflow.sdk.execution_time.hitl.update_hitl_detail_response", answered)
    queue(run)
    event = first_event(trigger, within=5)
    assert event is not None
    assert event["chosen_options"] == [APPROVE]


def test_an_answer_that_airflow_recorded_and_did_not_act_on_is_found_by_the_next_try(run: Run) -> None:
    asked = run.list_held()[0]
    run.trigger(asked)
    give_answer(run)
    event = first_event(run.trigger(asked), within=5)
    assert event is not None
    assert event["chosen_options"] == [APPROVE]


def test_an_answer_given_before_a_clear_does_not_count(run: Run) -> None:
    asked = run.list_held()[0]
    run.trigger(asked)
    give_answer(run)
    run.clear()
    trigger = run.trigger(asked)
    trigger.until = (dt.datetime.now(dt.UTC) + dt.timedelta(hours=1)).isoformat()
    assert first_event(trigger, within=0.5) is None


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
