"""The register of stored payouts: a line for every line, sums that match, and an alarm where they do not."""

from dataclasses import replace
from decimal import Decimal
from fractions import Fraction

import pytest

from signalq_billing.domain.config import OrderPer
from signalq_billing.domain.progress import PaymentProgress
from signalq_billing.errors import RegisterUnbalanced
from tests.unit.domain.registers import order, record, register

CREATED, IN_PROGRESS = PaymentProgress.CREATED, PaymentProgress.IN_PROGRESS


def test_lines_of_a_parks_order_share_its_key_and_its_document() -> None:
    made = register(record(progress=CREATED))
    assert [(line.device_id, str(line.amount)) for line in made.lines] == [("cam-1", "30.00"), ("cam-2", "50.00")]
    assert {(line.external_ref, str(line.order_amount), line.doc_id) for line in made.lines} == {
        ("weekly_msk:2026-11-16:park-1:r1", "80.00", "doc-1")
    }
    assert len(made.orders) == 1


def test_orders_per_device_belong_to_their_lines() -> None:
    made = register(record(order_per=OrderPer.DEVICE))
    assert [line.external_ref for line in made.lines] == [order.external_ref for order in made.orders]
    assert [order.device_id for order in made.orders] == ["cam-1", "cam-2"]


def test_a_line_of_zero_has_its_reason_and_no_order() -> None:
    zero, paid = register(record(minors={"cam-1": 0, "cam-2": 100})).lines
    assert (zero.reason, zero.external_ref, zero.payment_progress) == ("below_min_active_days", None, None)
    assert paid.reason is None
    assert str(zero.amount) == "0.00"


def test_a_payout_without_lines_is_among_the_parks() -> None:
    made = register(record(minors={}))
    assert (made.lines, made.orders) == ((), ())
    assert [(park.park_id, str(park.amount), park.reason) for park in made.parks] == [("park-1", "0.00", "no_activity")]
    assert [str(total.amount) for total in made.totals] == ["0.00"]


def test_a_retired_payout_is_left_out_for_a_later_revision_stands_for_it() -> None:
    made = register(record(retired=True), record(revision=2, minors={"cam-1": 700}))
    assert [(line.revision, str(line.amount)) for line in made.lines] == [(2, "7.00")]


def test_totals_are_per_currency_and_progress() -> None:
    made = register(
        record("a"), record("b", progress=CREATED), record("c", {"cam": 5}, currency="JPY"), record("d", {"cam": 0})
    )
    told = [(total.currency, total.payment_progress, str(total.amount)) for total in made.totals]
    assert told == [
        ("JPY", PaymentProgress.NOT_CREATED, "5"),
        ("JPY", None, "5"),
        ("RUB", PaymentProgress.NOT_CREATED, "80.00"),
        ("RUB", PaymentProgress.CREATED, "80.00"),
        ("RUB", None, "160.00"),
    ]


def test_sums_stay_exact_however_long_they_are() -> None:
    big = 10**26 + 1
    made = register(record("a", {"cam": big}), record("b", {"cam": big}))
    assert str(made.totals[-1].amount) == "2000000000000000000000000.02"


def test_hours_are_shown_to_six_places() -> None:
    lines = register(record(units=Fraction(25, 3), unit="active_hour")).lines
    assert (lines[0].unit, lines[0].units) == ("active_hour", "8.333333")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"total": Decimal("80.01")}, "its lines sum to 80.00 RUB, the payout is 80.01 RUB"),
        ({"orders": [order("park-1", Decimal("79.99"))]}, "its orders sum to 79.99 RUB, the payout is 80.00 RUB"),
        ({"orders": []}, "its orders sum to 0.00 RUB, the payout is 80.00 RUB"),
        (
            {"orders": [order("park-1", Decimal("30.01"), "cam-1"), order("park-1", Decimal("49.99"), "cam-2")]},
            "30.01 RUB for lines of 30.00 RUB",
        ),
    ],
)
def test_no_register_is_made_of_a_database_that_disagrees_with_itself(change: dict[str, object], said: str) -> None:
    stored = record()
    wrong = replace(stored, progress=replace(stored.progress, **change))  # type: ignore[arg-type]
    with pytest.raises(RegisterUnbalanced, match=said):
        register(record("park-0"), wrong)


def test_the_note_says_what_to_mind_before_paying_by_hand() -> None:
    notes = [
        register(each).orders[0].note
        for each in (
            record(progress=CREATED),
            record(),
            record(hold_reason="paid by hand"),
            record(progress=IN_PROGRESS),
            record(ambiguous=True, hold_reason="paid by hand"),
        )
    ]
    assert notes[0] == ""
    assert "not held" in notes[1]
    assert notes[2] == "held: paid by hand"
    assert notes[3].startswith("DO NOT PAY YET: it may have been sent")
    assert notes[4].startswith("DO NOT PAY UNASKED: it was sent once and got no clear answer")
    assert notes[4].endswith("held: paid by hand")
