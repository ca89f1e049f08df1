"""What an approval is bound to, what a person is told before it, and how long it waits."""

import datetime as dt
from dataclasses import replace
from decimal import Decimal

import pytest

from signalq_billing.domain.approval import (
    APPROVE,
    KEEP,
    Standing,
    asked_about,
    body,
    escaped,
    held_by_guards,
    is_about,
    park_page,
    standing,
    subject,
    waits_until,
)
from signalq_billing.domain.period import Cadence, Every
from signalq_billing.domain.progress import Hold, OrderProgress, PaymentProgress, PayoutProgress
from signalq_billing.domain.record import OrderAttempt

WEEKLY = Cadence("weekly_msk", Every.WEEK, 1, dt.date(2026, 1, 5), "Europe/Moscow")
SINCE = dt.datetime(2026, 11, 23, 3, tzinfo=dt.UTC)
AIRFLOW = "http://airflow.example/"


def order(progress: PaymentProgress = PaymentProgress.NOT_CREATED) -> OrderProgress:
    return OrderProgress(1, "ref", None, Decimal("78.00"), progress, 0, None, None, None, None)


def held(**changes: object) -> PayoutProgress:
    payout = PayoutProgress(
        payout_id=7,
        park_id="park-7f3a",
        cadence="weekly_msk",
        period_name=dt.date(2026, 11, 16),
        revision=1,
        currency="RUB",
        total=Decimal("78.00"),
        devices=3,
        reason=None,
        hold_reason="total 78.00 RUB is above guards.yaml park_max 50",
        orders=(order(),),
        digest="ab" * 32,
        hold=Hold(SINCE, SINCE + dt.timedelta(days=1)),
    )
    return replace(payout, **changes)  # type: ignore[arg-type]


def attempt(outcome: str) -> OrderAttempt:
    return OrderAttempt(1, 1, "pay", "airflow x", SINCE, SINCE, outcome, True, None)


@pytest.mark.parametrize(
    ("changes", "then"),
    [
        ({}, Standing.HELD),
        ({"hold_reason": None, "hold": None}, Standing.RELEASED),
        ({"digest": "cd" * 32}, Standing.CHANGED),
        ({"hold_reason": "asked by the park"}, Standing.CHANGED),
        ({"hold": Hold(SINCE + dt.timedelta(hours=1), SINCE + dt.timedelta(days=1))}, Standing.CHANGED),
        ({"orders": (order(PaymentProgress.CREATED),)}, Standing.SETTLED),
        ({"retired": True}, Standing.SETTLED),
        ({"payout_id": 8}, Standing.GONE),
    ],
)
def test_an_approval_is_bound_to_one_hold_of_one_payout_as_it_was(changes: dict[str, object], then: Standing) -> None:
    assert standing(asked_about(held()), [held(**changes)]) is then


def test_a_payout_that_was_taken_back_is_gone() -> None:
    assert standing(asked_about(held()), []) is Standing.GONE


def test_the_question_names_park_period_money_reason_and_where_to_look() -> None:
    text = body(held(), SINCE + dt.timedelta(hours=5), AIRFLOW)
    assert subject(held()) == "Pay park-7f3a 78.00 RUB, weekly_msk 2026-11-16?"
    for said in ("park-7f3a", "78.00 RUB for 3 devices", "above guards.yaml park\\_max 50", APPROVE, KEEP):
        assert said in text
    assert "2026-11-23 08:00 UTC" in text
    assert "(http://airflow.example/signalq/park?cadence=weekly_msk&period=2026-11-16&park=park-7f3a)" in text
    assert "release --cadence weekly_msk --period 2026-11-16 --park park-7f3a" in text


def test_what_is_sent_is_said_where_it_is_less_than_the_total() -> None:
    text = body(held(carried=Decimal("-8.00")), SINCE, AIRFLOW)
    assert "-8.00 RUB from adjustments, so 70.00 RUB are sent" in text
    assert "**Approve**: 70.00 RUB go to billing-orders" in text


@pytest.mark.parametrize(
    "park_id", ["a|b", "# x", "**b**", "[x](http://evil)", "<b>", "a\nb | c", "`--by`", "парк №1 & co"]
)
def test_a_park_id_is_shown_as_it_is_and_breaks_no_table(park_id: str) -> None:
    text = body(held(park_id=park_id), SINCE, AIRFLOW)
    (row,) = [line for line in text.splitlines() if line.startswith("| Park |")]
    assert row == f"| Park | {escaped(park_id)} |"
    assert [line for line in text.splitlines() if line.startswith("|")][3].startswith("| Period |")
    (link,) = [line for line in text.splitlines() if line.startswith("[Lines")]
    assert link.startswith(f"[Lines, limits, earlier periods]({park_page(held(park_id=park_id), AIRFLOW)}) of")
    assert " " not in park_page(held(park_id=park_id), AIRFLOW)


def test_a_question_is_recognised_by_the_hold_it_is_about() -> None:
    shown = body(held(), SINCE, AIRFLOW)
    assert is_about(shown, asked_about(held()))
    assert not is_about(shown, asked_about(held(digest="cd" * 32)))
    assert not is_about(shown, asked_about(held(hold_reason="another reason")))


@pytest.mark.parametrize(
    ("changes", "held_by", "attempts", "asked"),
    [
        ({}, "airflow dag/run submit pid 1", [], True),
        ({}, "airflow dag/run submit pid 1", [attempt("unknown")], True),
        ({}, "airflow dag/run submit pid 1", [attempt("rejected")], False),
        ({}, "cli ann@host", [], False),
        ({}, "ui airflow", [], False),
        ({}, "", [], False),
        ({"hold_reason": None}, "airflow dag/run submit pid 1", [], False),
        ({"retired": True}, "airflow dag/run submit pid 1", [], False),
    ],
)
def test_only_what_guards_of_a_run_hold_is_asked_about(
    changes: dict[str, object], held_by: str, attempts: list[OrderAttempt], asked: bool
) -> None:
    assert held_by_guards(held(**changes), held_by, "airflow ", attempts) is asked


def test_an_answer_is_waited_for_until_the_hold_expires_or_the_next_run_is_due() -> None:
    assert waits_until(held(), WEEKLY) == SINCE + dt.timedelta(days=1)
    late = Hold(dt.datetime(2026, 11, 29, 12, tzinfo=dt.UTC), dt.datetime(2026, 11, 30, 12, tzinfo=dt.UTC))
    assert waits_until(held(hold=late), WEEKLY) == dt.datetime(2026, 11, 29, 21, tzinfo=dt.UTC)


def test_a_backlog_period_does_not_wait_at_all() -> None:
    old = held(period_name=dt.date(2026, 10, 5))
    assert waits_until(old, WEEKLY) == dt.datetime(2026, 10, 18, 21, tzinfo=dt.UTC) < SINCE


def test_a_reason_that_tells_of_earlier_figures_says_so() -> None:
    outdated = Hold(SINCE, SINCE + dt.timedelta(days=1), outdated=True)
    assert "park\\_max 50 (so it was before it was computed anew)" in body(held(hold=outdated), SINCE, AIRFLOW)
