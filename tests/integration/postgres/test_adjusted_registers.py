"""What registers, status and the checks of what is stored tell of adjustments and of what was carried."""

import tempfile
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest

from signalq_billing.adapters.registers import FORMATS, read_register
from signalq_billing.cli.display import note
from signalq_billing.cli.documents import status_document
from signalq_billing.domain.config import OrderPer
from signalq_billing.domain.marking import MarkedBy
from signalq_billing.domain.period import Period
from signalq_billing.domain.register import Register
from signalq_billing.domain.register_file import RegisterFile
from signalq_billing.services.matching import match
from signalq_billing.services.registering import make_register
from signalq_billing.services.verify import contradictions
from tests.integration.postgres.adjustments import NEXT, Payer
from tests.integration.postgres.factories import CLOCK, WEEK

D = Decimal


def week_register(payer: Payer, period: Period) -> Register:
    return make_register(period.cadence, period.name, payer.world.payouts.records(period.cadence, period.name))


def test_the_register_tells_lines_what_was_carried_and_what_is_to_be_paid(paid: Payer) -> None:
    paid.adjust({"cam-1": "10.00", "cam-2": "15.50"})
    paid.run({"cam-1": "12.00"}, period=NEXT)
    adjusted, carried = week_register(paid, WEEK), week_register(paid, NEXT)
    assert [(park.revision, park.amount, park.carried) for park in adjusted.parks] == [
        (1, D("30.50"), 0),
        (2, D("-5.00"), 0),
    ]
    assert [total.amount for total in adjusted.totals if not total.payment_progress] == [D("25.50")]
    assert [total.amount for total in adjusted.order_totals if not total.payment_progress] == [D("30.50")]
    (order,) = carried.orders
    assert (order.amount, order.carried, carried.parks[0].amount) == (D("7.00"), D("-5.00"), D("12.00"))


@pytest.mark.parametrize("format_", list(FORMATS))
def test_a_register_with_carried_and_taken_back_lines_is_taken_back_to_the_kopeck(
    paid: Payer, format_: str, tmp_path: Path
) -> None:
    paid.adjust({"cam-1": "20.00", "cam-2": "15.50"})
    made = week_register(paid, WEEK)
    filed = tmp_path / f"register.{format_}"
    filed.write_bytes(FORMATS[format_](made))
    read = read_register(filed)
    assert read.contradictions() == []
    refs = [order.external_ref for order in made.orders]
    rows = tuple(replace(row, doc_id="PP-1") if row.external_ref == refs[1] else row for row in read.rows)
    matched = match(replace(read, rows=rows), paid.world.payouts.orders(refs))
    assert matched.problems == ()
    paid.world.payouts.mark_created(matched.marks, MarkedBy("ada", "by hand", "f", "0" * 64, "ada"))
    assert paid.payouts()[1].payment_progress.value == "created"
    rows_ = paid.world.rows("SELECT payment_progress FROM payout_line WHERE revision = 2")
    assert {row["payment_progress"] for row in rows_} == {"created"}


def test_lines_that_no_order_pays_do_not_keep_a_register_from_being_taken_back(payer: Payer) -> None:
    payer.run({"a": "10.00", "b": "20.50"}, order_per=OrderPer.DEVICE)
    payer.pay()
    payer.adjust({"a": "10.00", "b": "15.50"}, order_per=OrderPer.DEVICE)
    carried = payer.run({"a": "4.00", "b": "6.00"}, period=NEXT, order_per=OrderPer.DEVICE)
    assert [(order.device_id, order.amount) for order in carried.orders] == [("b", D("5.00"))]
    for period in (WEEK, NEXT):
        assert read_register_of(week_register(payer, period)).contradictions() == []


def read_register_of(made: Register) -> RegisterFile:
    with tempfile.TemporaryDirectory() as directory:
        filed = Path(directory) / "register.csv"
        filed.write_bytes(FORMATS["csv"](made))
        return read_register(filed)


def test_what_is_stored_of_adjustments_does_not_contradict_itself(paid: Payer) -> None:
    paid.adjust({"cam-1": "10.00", "cam-2": "15.50"})
    paid.run({"cam-1": "12.00"}, period=NEXT)
    for period in (WEEK, NEXT):
        for record in paid.world.payouts.records(period.cadence, period.name):
            assert list(contradictions(record)) == []


def test_status_tells_what_was_carried_and_what_is_retired(paid: Payer) -> None:
    paid.adjust({"cam-1": "10.00", "cam-2": "15.50"})
    paid.run({"cam-1": "12.00"}, period=NEXT)
    told = status_document(paid.payouts())["payouts"]
    assert [(each["total"], each.get("carried")) for each in told] == [
        ("30.50", None),
        ("-5.00", None),
        ("12.00", "-5.00"),
    ]
    assert told[2]["orders"][0]["carried"] == "-5.00"
    assert [note(each, CLOCK) for each in paid.payouts()] == [
        "",
        "taken back: the park's next payouts carry it",
        "5.00 of it carried, which the park owed: orders of 7.00",
    ]
