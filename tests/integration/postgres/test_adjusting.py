"""Adjustments on a real database: later revisions pay differences, debts are carried, nothing is paid twice."""

import datetime as dt
import json
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal

import pytest

from signalq_billing.domain.adjustment import NO_LONGER_SEEN, Step
from signalq_billing.domain.config import OrderPer
from signalq_billing.domain.order import Unknown
from signalq_billing.domain.period import Period
from tests.integration.postgres.adjustments import NEXT, Payer
from tests.integration.postgres.factories import WEEK, config

D = Decimal


def test_a_recompute_that_pays_the_same_stores_nothing(paid: Payer) -> None:
    done = paid.adjust({"cam-1": "10.00", "cam-2": "20.50"})
    assert (done.step, done.paid, done.difference) == (Step.NOTHING, D("30.50"), 0)
    assert [each.revision for each in paid.payouts()] == [1]


def test_more_is_paid_as_the_next_revision_line_by_line(paid: Payer) -> None:
    done = paid.adjust({"cam-1": "15.00", "cam-2": "20.50", "cam-3": "1.25"})
    assert (done.step, done.revision, done.difference, done.ordered) == (Step.STORED, 2, D("6.25"), D("6.25"))
    assert done.payout_id is not None
    assert paid.lines(done.payout_id) == {"cam-1": "5.00", "cam-2": "0.00", "cam-3": "1.25"}
    paid.pay()
    assert paid.adjust({"cam-1": "15.00", "cam-2": "20.50", "cam-3": "1.25"}).step is Step.NOTHING
    assert paid.revisions() == [(1, "30.50", "0.00", ["30.50"]), (2, "6.25", "0.00", ["6.25"])]


def test_the_payload_of_an_adjustment_has_its_own_key_and_only_lines_that_differ(paid: Payer) -> None:
    paid.adjust({"cam-1": "15.00", "cam-2": "20.50", "cam-3": "1.25"})
    (row,) = paid.world.rows("SELECT payload, external_ref FROM payout_order WHERE external_ref LIKE %s", "%:r2")
    payload = json.loads(bytes(row["payload"]))
    assert (payload["revision"], payload["amount"], payload["carried"]) == (2, "6.25", "0.00")
    assert payload["lines"] == [{"device_id": "cam-1", "amount": "5.00"}, {"device_id": "cam-3", "amount": "1.25"}]


def test_less_is_ordered_from_nobody_and_carried_into_the_next_payouts_until_it_is_made_good(paid: Payer) -> None:
    done = paid.adjust({"cam-1": "10.00", "cam-2": "0.50"})
    assert (done.step, done.difference, done.ordered, done.debt) == (Step.STORED, D("-20.00"), 0, D("20.00"))
    first = paid.run({"cam-1": "12.00"}, period=NEXT)
    assert (first.total, first.carried, first.due, first.orders) == (D("12.00"), D("-12.00"), 0, ())
    assert first.settled
    after = Period(WEEK.cadence, dt.date(2026, 11, 30), dt.date(2026, 12, 7), WEEK.timezone)
    second = paid.run({"cam-1": "12.00"}, period=after)
    assert (second.carried, second.due) == (D("-8.00"), D("4.00"))
    assert [order.amount for order in second.orders] == [D("4.00")]
    assert paid.debt() == 0


def test_what_is_carried_stands_in_the_payload_and_in_the_history(paid: Payer) -> None:
    paid.adjust({"cam-1": "10.00", "cam-2": "18.50"})
    paid.run({"cam-1": "12.00"}, period=NEXT)
    (row,) = paid.world.rows("SELECT payload FROM payout_order ORDER BY id DESC LIMIT 1")
    payload = json.loads(bytes(row["payload"]))
    assert (payload["amount"], payload["carried"]) == ("10.00", "-2.00")
    assert payload["lines"] == [{"device_id": "cam-1", "amount": "12.00"}]
    told = paid.world.rows("SELECT data FROM history WHERE action = 'stored' ORDER BY seq")
    amounts = [(row["data"]["total"], row["data"]["carried"], row["data"]["ordered"]) for row in told]
    assert amounts == [("30.50", "0.00", "30.50"), ("-2.00", "0.00", "0.00"), ("12.00", "-2.00", "10.00")]
    assert (told[1]["data"]["paid"], told[1]["data"]["recomputed"]) == ("30.50", "28.50")


def test_a_later_adjustment_upwards_makes_a_debt_good_first(paid: Payer) -> None:
    paid.adjust({"cam-1": "10.00", "cam-2": "10.50"})
    done = paid.adjust({"cam-1": "10.00", "cam-2": "25.50"})
    assert (done.revision, done.difference, done.carried, done.ordered) == (3, D("15.00"), D("-10.00"), D("5.00"))
    assert paid.debt() == 0


def test_a_payout_nobody_has_claimed_picks_up_a_debt_when_it_is_computed_anew_and_loses_its_approval(
    paid: Payer,
) -> None:
    made = paid.run({"cam-1": "12.00"}, period=NEXT)
    paid.world.payouts.hold(made.payout_id, "looks odd", "guard")
    assert paid.world.payouts.release(made.payout_id, "ada", "fine")
    paid.adjust({"cam-1": "10.00", "cam-2": "15.50"})
    again = paid.run({"cam-1": "12.00"}, period=NEXT)
    assert (again.carried, [order.amount for order in again.orders]) == (D("-5.00"), [D("7.00")])
    assert not again.approved


def test_a_payout_computed_anew_goes_on_carrying_what_it_carried(paid: Payer) -> None:
    paid.adjust({"cam-1": "10.00", "cam-2": "15.50"})
    assert paid.run({"cam-1": "12.00"}, period=NEXT).carried == D("-5.00")
    for _ in range(2):  # the second time nothing differs
        again = paid.run({"cam-1": "13.00"}, period=NEXT)
        assert (again.carried, again.due, paid.debt()) == (D("-5.00"), D("8.00"), 0)


def test_a_claimed_payout_keeps_what_it_was_sent_with(paid: Payer) -> None:
    paid.run({"cam-1": "12.00"}, period=NEXT)
    paid.pay(Unknown("cut"))
    paid.adjust({"cam-1": "10.00", "cam-2": "15.50"})
    again = paid.run({"cam-1": "12.00"}, period=NEXT)
    assert (again.carried, again.orders[0].amount) == (0, D("12.00"))
    assert paid.debt() == D("5.00")


def test_a_payout_that_is_taken_back_gives_back_what_it_carried(paid: Payer) -> None:
    paid.adjust({"cam-1": "10.00", "cam-2": "15.50"})
    paid.run({"cam-1": "12.00"}, period=NEXT)
    assert paid.debt() == 0
    assert paid.world.payouts.void_missing(NEXT, [], "run") == ["park-1"]
    assert paid.debt() == D("5.00")


def test_debts_of_other_parks_and_in_other_currencies_are_not_carried(paid: Payer) -> None:
    paid.adjust({"cam-1": "10.00", "cam-2": "15.50"})
    other = Payer(paid.world, "park-2")
    assert other.run({"cam-1": "12.00"}).carried == 0
    paid.world.rows("UPDATE payout SET currency = 'KZT' WHERE revision = 1 AND park_id = 'park-2'")
    assert other.debt("KZT") == 0
    assert paid.debt() == D("5.00")


def test_a_device_that_is_gone_from_the_source_gives_back_what_it_got(paid: Payer) -> None:
    done = paid.adjust({"cam-1": "10.00"})
    assert done.payout_id is not None
    (gone,) = [each for each in paid.world.payouts.lines(done.payout_id) if each.device_id == "cam-2"]
    assert (gone.amount, gone.reason, gone.day_seconds) == (D("-20.50"), NO_LONGER_SEEN, (0,) * 7)
    assert paid.adjust({"cam-1": "10.00"}).step is Step.NOTHING
    back = paid.adjust({"cam-1": "10.00", "cam-2": "20.50"})
    assert (back.difference, back.carried, back.ordered) == (D("20.50"), D("-20.50"), 0)


def test_differences_that_cancel_out_are_stored_and_order_nothing(paid: Payer) -> None:
    done = paid.adjust({"cam-1": "12.00", "cam-2": "18.50"})
    assert (done.step, done.difference, done.ordered, done.debt) == (Step.STORED, 0, 0, 0)
    assert paid.adjust({"cam-1": "12.00", "cam-2": "18.50"}).step is Step.NOTHING
    assert paid.revisions()[1] == (2, "0.00", "0.00", [])


def test_an_adjustment_nobody_claimed_is_replaced_by_the_next_and_taken_back_when_it_is_no_longer_due(
    paid: Payer,
) -> None:
    paid.adjust({"cam-1": "15.00", "cam-2": "20.50"})
    assert paid.adjust({"cam-1": "15.00", "cam-2": "20.50"}).step is Step.KEPT
    replaced = paid.adjust({"cam-1": "16.00", "cam-2": "20.50"})
    assert (replaced.step, replaced.revision, replaced.ordered) == (Step.REPLACED, 2, D("6.00"))
    assert paid.adjust({"cam-1": "10.00", "cam-2": "20.50"}).step is Step.WITHDRAWN
    assert paid.revisions() == [(1, "30.50", "0.00", ["30.50"])]
    assert paid.world.actions()[-3:] == ["stored", "replaced", "voided"]


def test_an_adjustment_that_was_claimed_is_never_replaced(paid: Payer) -> None:
    paid.adjust({"cam-1": "15.00", "cam-2": "20.50"})
    paid.pay(Unknown("cut"))
    done = paid.adjust({"cam-1": "16.00", "cam-2": "20.50"})
    assert done.step is Step.LEFT
    assert "revision 2 is in_progress" in done.why
    assert paid.revisions()[1] == (2, "5.00", "0.00", ["5.00"])


def test_a_first_revision_that_was_never_sent_is_left_to_the_run(payer: Payer) -> None:
    payer.run({"cam-1": "10.00"})
    done = payer.adjust({"cam-1": "15.00"})
    assert (done.step, done.paid) == (Step.LEFT, D("10.00"))
    assert "`run` computes it anew" in done.why


def test_a_held_payout_is_left_and_its_reason_told(payer: Payer) -> None:
    made = payer.run({"cam-1": "10.00"})
    payer.world.payouts.hold(made.payout_id, "looks odd", "guard")
    assert "held: looks odd" in payer.adjust({"cam-1": "15.00"}).why


@pytest.mark.parametrize("late", ["15.00", "0.00"])
def test_a_payout_of_zero_is_computed_anew_as_a_run_would(payer: Payer, late: str) -> None:
    payer.run({"cam-1": "0.00"})
    done = payer.adjust({"cam-1": late})
    assert (done.step, done.revision) == (Step.NOTHING if late == "0.00" else Step.RECOMPUTED, 1)
    assert payer.revisions() == [(1, late, "0.00", ["15.00"] if late == "15.00" else [])]


def test_a_payout_that_was_carried_away_whole_pays_what_late_rows_add(paid: Payer) -> None:
    paid.adjust({"cam-1": "10.00", "cam-2": "8.50"})
    paid.run({"cam-1": "12.00"}, period=NEXT)
    done = paid.adjust({"cam-1": "14.00"}, period=NEXT)
    assert (done.step, done.carried, done.ordered, done.debt) == (Step.RECOMPUTED, D("-12.00"), D("2.00"), 0)


def test_a_run_of_an_adjusted_period_changes_nothing(paid: Payer) -> None:
    paid.adjust({"cam-1": "15.00", "cam-2": "20.50"})
    before = paid.payouts()
    paid.run({"cam-1": "15.00", "cam-2": "20.50"})
    assert paid.payouts() == before


def test_another_currency_is_a_problem_for_a_person(paid: Payer) -> None:
    paid.world.rows("ALTER TABLE payout DISABLE TRIGGER payout_frozen")
    paid.world.rows("UPDATE payout SET currency = 'KZT'")
    paid.world.rows("ALTER TABLE payout ENABLE TRIGGER payout_frozen")
    done = paid.adjust({"cam-1": "15.00"})
    assert (done.step, done.difference) == (Step.PROBLEM, D("-15.50"))
    assert "paid in KZT and its config says RUB" in done.why


def test_other_bounds_under_the_same_name_are_a_problem_for_a_person(paid: Payer) -> None:
    longer = Period(WEEK.cadence, WEEK.name, dt.date(2026, 11, 24), WEEK.timezone)
    done = paid.adjust({"cam-1": "15.00"}, period=longer)
    assert done.step is Step.PROBLEM
    assert "was the cadence redefined" in done.why


def test_what_was_never_paid_is_not_adjusted(payer: Payer) -> None:
    payer.world.configs.apply([config()], "tests")
    done = payer.adjust({"cam-1": "15.00"})
    assert (done.step, payer.payouts()) == (Step.PROBLEM, [])


def test_orders_per_device_take_from_each_other_and_carry_in_order(payer: Payer) -> None:
    payer.run({"a": "10.00", "b": "20.00", "c": "5.00"}, order_per=OrderPer.DEVICE)
    payer.pay()
    done = payer.adjust({"a": "12.00", "b": "17.00", "c": "9.00"}, order_per=OrderPer.DEVICE)
    assert (done.difference, done.ordered) == (D("3.00"), D("3.00"))
    assert payer.revisions()[1] == (2, "3.00", "0.00", ["3.00"])
    payer.pay()
    assert payer.world.rows(
        "SELECT device_id, payment_progress FROM payout_line WHERE revision = 2 ORDER BY line_no"
    ) == [
        {"device_id": "a", "payment_progress": "not_created"},  # what it gained went to what b gave back
        {"device_id": "b", "payment_progress": "not_created"},
        {"device_id": "c", "payment_progress": "created"},
    ]
    payer.adjust({"a": "1.00", "b": "17.00", "c": "9.00"}, order_per=OrderPer.DEVICE)
    later = payer.run({"a": "8.00", "b": "4.00", "c": "6.00"}, period=NEXT, order_per=OrderPer.DEVICE)
    assert [(order.device_id, order.amount, order.carried) for order in later.orders] == [
        ("b", D("1.00"), D("-3.00")),
        ("c", D("6.00"), D("0.00")),
    ]
    assert (later.carried, later.due) == (D("-11.00"), D("7.00"))


def test_negative_lines_of_an_order_get_as_far_as_the_order(paid: Payer) -> None:
    paid.adjust({"cam-1": "20.00", "cam-2": "15.50"})
    paid.pay()
    rows = paid.world.rows("SELECT amount, payment_progress FROM payout_line WHERE revision = 2 ORDER BY line_no")
    assert [(str(row["amount"]), row["payment_progress"]) for row in rows] == [
        ("10.00", "created"),
        ("-5.00", "created"),
    ]


def test_adjusting_many_times_at_once_pays_the_difference_once(paid: Payer) -> None:
    made = paid.computed({"cam-1": "15.00", "cam-2": "20.50"})
    snapshot_id = paid.snapshot_id(WEEK)
    with ThreadPoolExecutor(6) as pool:
        done = list(pool.map(lambda n: paid.adjustments.adjust([made], snapshot_id, f"adjust-{n}"), range(6)))
    assert sorted(each.step for (each,) in done) == [*[Step.KEPT] * 5, Step.STORED]
    assert paid.revisions() == [(1, "30.50", "0.00", ["30.50"]), (2, "5.00", "0.00", ["5.00"])]


def test_a_debt_is_carried_once_though_several_periods_are_stored_at_once(paid: Payer) -> None:
    paid.adjust({"cam-1": "10.00", "cam-2": "5.50"})
    weeks = [
        Period(WEEK.cadence, WEEK.name + dt.timedelta(7 * n), WEEK.end_date + dt.timedelta(7 * n), WEEK.timezone)
        for n in range(1, 6)
    ]
    for week in weeks:
        paid.snapshot_id(week)
    with ThreadPoolExecutor(5) as pool:
        made = list(pool.map(lambda week: paid.run({"cam-1": "6.00"}, period=week), weeks))
    assert sorted(each.carried for each in made) == [D("-6.00"), D("-6.00"), D("-3.00"), 0, 0]
    assert paid.debt() == 0
