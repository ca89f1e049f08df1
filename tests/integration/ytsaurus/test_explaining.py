"""`explain` end to end: what is stored in a real PostgreSQL, and the intervals from a cluster."""

import datetime as dt
import json
from decimal import Decimal
from fractions import Fraction

import pytest
from sqlalchemy import Engine

from signalq_billing.cli import explain_document
from signalq_billing.cli.explain_document import explanation_document
from signalq_billing.cli.explain_stored import stored_document, stored_text
from signalq_billing.cli.explain_text import explanation_text, why
from signalq_billing.domain.timeline import Closing
from signalq_billing.errors import PeriodNotOver, UsageError
from signalq_billing.services import explain as explain_service
from signalq_billing.services.explain import Explanation
from tests.integration.ytsaurus.conftest import Cluster
from tests.integration.ytsaurus.paid_week import PARK, WEEK, PaidWeek, at, event

HOUR = 3_600_000_000


@pytest.fixture
def week(engine: Engine, cluster: Cluster) -> PaidWeek:
    return PaidWeek(engine, cluster)


@pytest.fixture
def paid(week: PaidWeek) -> PaidWeek:
    week.pay()
    return week


def test_a_paid_line_is_explained_from_the_amount_down_to_its_intervals(paid: PaidWeek) -> None:
    told = paid.explain("cam-good")
    assert told.line is not None
    assert told.share is not None
    assert told.line.amount == Decimal("29.99")
    assert told.line.day_seconds == (3600 + 3600, 5400, 5400, 1800, 0, 0, 0)
    assert [(step.text, step.amount) for step in told.steps] == [
        ("2 units up to 2 × 10", Fraction(20)),
        ("1 unit above 2 × 12.50", Fraction("12.5")),
        ("flat amount of the tier above 2", Fraction(3)),
    ]
    assert (told.share.charged, told.share.bounded, told.share.exact) == (Fraction("35.5"), 30, Fraction("29.99"))
    assert told.changed_days == ()
    assert (told.applied_by, told.config.version) == ("ada@ops", "2026-01-01")


def test_the_intervals_say_what_opened_closed_and_cut_them(paid: PaidWeek) -> None:
    told = paid.explain("cam-good")
    assert told.timeline is not None
    assert told.history is not None
    first, away, back, night = (told.timeline.intervals[number] for number in (0, 3, 4, 6))
    assert (first.carried_in, first.begins, first.closed_by) == (True, WEEK.start, Closing.NEXT_EVENT)
    assert (away.park_id, away.own, away.closed_by) == ("park-other", False, Closing.OTHER_PARK)
    assert (back.status, back.microseconds) == ("online", 3 * HOUR // 2)
    assert (night.closed_by, night.ends) == (Closing.SILENCE, at(19, "00:30"))
    assert night.silenced == dt.timedelta(hours=11, minutes=30)
    assert [each.status for each in told.timeline.superseded] == ["busy"]
    assert sum(each.repeats for each in told.history.events) == 1


EARNED_NOTHING = {
    "cam-lazy": ("below_min_active_days", "1 active day; to be eligible it needs 2; 1 day with some"),
    "cam-mute": (None, "online in park-7f3a on 2026-11-15 20:00:00, and max_silence_seconds had run out"),
    "cam-elsewhere": (None, "it was in park-other, and not in park-7f3a"),
    "cam-later": (None, "had not been seen before the period's end: its first event is of 2026-11-23 00:00:00"),
    "cam-broken": (None, "1 row of it and cannot use any: status_missing: 1"),
    "cam-gone": (None, "on 2026-10-01 12:00:00: more than the 30 days of lookback_days before"),
    "cam-goood": (None, "has never had a row of it. Did you mean cam-good?"),
}


def test_a_device_that_earned_nothing_is_told_why(paid: PaidWeek) -> None:
    for device_id, (reason, says) in EARNED_NOTHING.items():
        told = paid.explain(device_id)
        assert (told.line.reason if told.line else None) == reason
        assert says in why(told)
        assert told.history is not None
        assert told.history.seen == (device_id not in {"cam-broken", "cam-goood"})
        lines = explanation_text(told, everything=True).splitlines()
        assert [line for line in lines if len(line) > 80] == []
        assert says[:20] in " ".join(" ".join(lines).split())


def test_a_device_that_would_earn_nothing_is_told_why(week: PaidWeek) -> None:
    for device_id in ("cam-lazy", "cam-elsewhere"):
        assert EARNED_NOTHING[device_id][1] in why(week.explain(device_id))


def test_what_is_not_stored_yet_is_computed_and_says_so(week: PaidWeek) -> None:
    told = week.explain("cam-good")
    assert told.stored is None
    assert told.line is not None
    assert told.line.amount == Decimal("29.99")
    assert "this is what a run would pay now" in explanation_text(told)
    assert week.payouts.payouts() == []
    assert week.cluster.left_over() == []


def test_rows_that_came_after_payment_are_pointed_out(paid: PaidWeek) -> None:
    paid.add(event("cam-good", "online", at(21, "10:00")), event("cam-good", "offline", at(21, "11:00")))
    told = paid.explain("cam-good")
    assert told.changed_days == ((dt.date(2026, 11, 21), 0, 3600),)
    assert "! 2026-11-21: 0 s when the payout was computed, 3600 s in status_history now" in explanation_text(told)
    assert told.line is not None
    assert told.line.amount == Decimal("29.99")


def test_a_stored_payout_is_explained_while_the_cluster_is_down(paid: PaidWeek) -> None:
    paid.cluster.client.remove(paid.source.table)
    told = paid.explain("cam-good")
    assert (told.timeline, told.history) == (None, None)
    text = explanation_text(told)
    assert "They are not shown" in text
    assert "29.99" in text
    assert explanation_document(told)["intervals"] is None


def test_the_cluster_is_left_alone_when_asked_to(paid: PaidWeek) -> None:
    told = paid.explain("cam-good", intervals=False)
    assert told.history is None
    assert told.line is not None


def test_the_text_shows_the_whole_way(paid: PaidWeek) -> None:
    text = explanation_text(paid.explain("cam-good"))
    assert [line for line in text.splitlines() if len(line) > 80] == []
    for expected in (
        "cam-good in park park-7f3a, weekly_msk 2026-11-16: earned 29.99 RUB.",
        "2 units up to 2 × 10                                                     20.00",
        "device_max 30: applied                                                   30.00",
        "park_max 29.99: applied, every device's amount scales with it            29.99",
        "  Mon 2026-11-16    7200 s   2:00:00  active",
        "since 2026-11-15 23:30:00,",
        "online in park-other: belongs to that park",
        "cut off by silence: 11:30:00",
        "version 2026-01-01, applied",
    ):
        assert expected in text, text


def test_only_the_days_asked_for_are_shown(paid: PaidWeek) -> None:
    text = explanation_text(paid.explain("cam-good"), [dt.date(2026, 11, 17)])
    behind = text[text.index("Intervals behind") :]
    assert "Tue 2026-11-17" in behind
    assert "Mon 2026-11-16  7200" not in behind


def test_the_json_adds_up(paid: PaidWeek) -> None:
    document = json.loads(json.dumps(explanation_document(paid.explain("cam-good"))))
    assert (document["amount"], document["reason"], document["stored"]) == ("29.99", None, True)
    assert sum(Fraction(step["amount"]) for step in document["charge"]["steps"]) == Fraction(
        document["line"]["charged"]
    )
    active = sum(each["microseconds"] for each in document["intervals"] if each["active"])
    assert sum(day["active_seconds"] for day in document["days"]) == active // 1_000_000 == 19_800
    assert [day["active"] for day in document["days"]] == [True, True, True, False, False, False, False]
    assert document["computed_from"]["applied_by"] == "ada@ops"
    assert document["left_out"]["repeated_rows"] == 1


def test_the_json_of_a_busy_device_can_be_asked_for_day_by_day(paid: PaidWeek, monkeypatch: pytest.MonkeyPatch) -> None:
    told = paid.explain("cam-good")
    whole = explanation_document(told)["intervals"]
    monkeypatch.setattr(explain_document, "MOST_INTERVALS", 1)
    short = explanation_document(told)
    assert (short["intervals"], short["intervals_omitted"]) == (whole[:1], len(whole) - 1)
    assert explanation_document(told, everything=True)["intervals"] == whole
    monday = explanation_document(told, [dt.date(2026, 11, 16)])
    assert 0 < len(monday["intervals"]) == len(whole) - monday["intervals_omitted"] < len(whole)


def test_what_was_paid_by_a_model_that_is_gone_is_shown_as_it_is_stored(
    paid: PaidWeek, monkeypatch: pytest.MonkeyPatch
) -> None:
    def gone(*_: object) -> object:
        raise UsageError("there is no charge model 'graduated'; install signalq-auctions")

    monkeypatch.setattr(explain_service, "recalculate", gone)
    with pytest.raises(explain_service.NotRecalculated) as refused:
        paid.explain("cam-good")
    document = stored_document(refused.value, "cam-good")
    (revision,) = document["revisions"]
    assert (revision["amount"], revision["active_seconds"], revision["reason"]) == ("29.99", 19_800, None)
    assert "install signalq-auctions" in document["not_explained"]
    text = stored_text(refused.value, "cam-good")
    assert "29.99 RUB" in text
    assert "install signalq-auctions" in text


def test_attempts_are_told(paid: PaidWeek) -> None:
    (payout,) = paid.payouts.payouts()
    paid.payouts.claim(payout.orders[0].order_id, "worker-1", dt.timedelta(minutes=1))
    told = paid.explain("cam-good")
    assert [(each.purpose, each.worker, each.outcome) for each in told.attempts] == [("pay", "worker-1", None)]
    assert "sent by worker-1: nothing recorded" in explanation_text(told)
    assert told.stored is not None
    assert told.stored.frozen_at is not None


def test_an_unknown_park_or_date_is_bad_usage(week: PaidWeek) -> None:
    with pytest.raises(UsageError, match="did you mean 'park-7f3a'"):
        week.explain("cam-good", "park-7f3b")
    with pytest.raises(UsageError, match="the nearest ones start on 2026-11-16 and 2026-11-23"):
        explained_on(week, dt.date(2026, 11, 18))
    with pytest.raises(PeriodNotOver):
        explained_on(week, dt.date(2026, 11, 23))


def explained_on(week: PaidWeek, day: dt.date) -> Explanation:
    from signalq_billing.adapters.no_metrics import NoMetrics
    from signalq_billing.services.explain import Explainer
    from tests.integration.ytsaurus.paid_week import NOW, WEEKLY

    explainer = Explainer(
        {WEEKLY.name: WEEKLY}, week.source, week.cluster.adapter(), week.payouts, week.configs, NoMetrics(), NOW
    )
    return explainer.explain(PARK, "cam-good", day)
