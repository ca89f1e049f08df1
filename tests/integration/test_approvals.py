"""What guards hold in a run and a person is asked about, and what the answers do, on a real PostgreSQL and the real
billing-orders protocol. Airflow's part (the question, the answer) stands still here; the scenario plays it for real."""

from decimal import Decimal

import pytest
from airflow.sdk.exceptions import AirflowSkipException
from sqlalchemy import Engine

from signalq_billing.devstack.billing_orders.process import BillingOrdersProcess
from signalq_billing.domain.approval import APPROVE, KEEP
from signalq_billing.domain.progress import PaymentProgress
from signalq_billing.errors import PayoutsUnfinished
from signalq_billing.orchestration import approvals
from tests.integration.approvals import PARKS, Run, held_run
from tests.integration.payments import money_accepted
from tests.unit.domain.builders import WEEKLY, period


@pytest.fixture
def run(engine: Engine, billing: BillingOrdersProcess, monkeypatch: pytest.MonkeyPatch) -> Run:
    return held_run(engine, billing, monkeypatch)


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
    run.answers(asked, APPROVE, " looked at the cameras ")
    run.ask(asked)
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
    run.clear()
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
    run.ask(asked)
    assert run.one().payment_progress is PaymentProgress.CREATED


def test_an_approval_that_could_not_be_sent_is_sent_by_the_next_try_without_asking_again(
    run: Run, billing: BillingOrdersProcess
) -> None:
    asked = run.list_held()[0]
    billing.faults.down()
    with pytest.raises(PayoutsUnfinished, match="1 orders of park-1 are not settled"):
        run.answers(asked, APPROVE)
    billing.faults.clear()
    run.ask(asked)
    assert run.one().payment_progress is PaymentProgress.CREATED
    assert money_accepted(run.billing) == Decimal("80.00")
