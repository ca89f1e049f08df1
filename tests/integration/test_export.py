"""`export` on a real database: what is written where, what is said, and what is never written over."""

import csv
import io
import json
from decimal import Decimal

import openpyxl
import pytest
from sqlalchemy import Engine

from signalq_billing.devstack.billing_orders.process import BillingOrdersProcess
from tests.integration.payments import computed, progress, submitter
from tests.integration.registers import PERIOD, Desk, everything, rows


def test_the_register_goes_to_standard_output_and_the_summary_does_not(engine: Engine, desk: Desk) -> None:
    computed(engine, ["park-1", "park-2"])
    done = desk.does("export", *PERIOD)
    written = list(csv.DictReader(io.StringIO(done.out)))
    lines = [row for row in written if row["row"] == "line"]
    assert sum(Decimal(row["amount"]) for row in lines) == Decimal(written[-1]["amount"]) == Decimal("160.00")
    assert "2 payouts, 4 lines, 2 orders" in done.err
    assert "2 orders not held" in done.err


def test_json_adds_up_whichever_way_it_is_summed(engine: Engine, billing: BillingOrdersProcess, desk: Desk) -> None:
    submitter(engine, billing).submit(computed(engine, ["park-1", "park-2"])[:1])
    document = json.loads(desk.does("export", *PERIOD, "--json").out)

    def summed(name: str) -> Decimal:
        return sum((Decimal(row["amount"]) for row in document[name]), Decimal(0))

    assert (document["cadence"], document["period"]) == ("weekly_msk", "2026-11-16")
    assert summed("lines") == summed("orders") == summed("parks") == Decimal("160.00")
    assert {(each["payment_progress"], each["amount"]) for each in document["totals"]} == {
        ("created", "80.00"),
        ("not_created", "80.00"),
        (None, "160.00"),
    }
    created = progress(engine)[0].orders[0].doc_id
    assert [line["doc_id"] for line in document["lines"]] == [created, created, None, None]


def test_the_format_is_what_the_files_name_says(engine: Engine, desk: Desk) -> None:
    computed(engine)
    assert openpyxl.load_workbook(desk.exported("r.XLSX")).sheetnames == ["Lines", "Orders", "Parks"]
    assert json.loads(desk.exported("r.json").read_text())["lines"]
    assert desk.exported("r.csv").read_text().startswith("row,park_id,")
    assert desk.exported("r.txt", "--format", "csv").read_text().startswith("row,park_id,")


def test_one_park_alone_can_be_exported(engine: Engine, desk: Desk) -> None:
    computed(engine, ["park-1", "park-2"])
    document = json.loads(desk.does("export", *PERIOD, "--park", "park-2", "--json").out)
    assert {line["park_id"] for line in document["lines"]} == {"park-2"}


def test_exporting_changes_nothing(engine: Engine, desk: Desk) -> None:
    computed(engine)
    before = everything(engine)
    desk.does("export", *PERIOD)
    assert everything(engine) == before


def test_exporting_to_pay_by_hand_holds_what_is_not_settled_and_says_so(
    engine: Engine, billing: BillingOrdersProcess, desk: Desk
) -> None:
    submitter(engine, billing).submit(computed(engine, ["park-1", "park-2"])[:1])
    done = desk.does("export", *PERIOD, "--json", "--hold", "paid by hand")
    assert "held: 1 payout, 80.00 RUB" in done.err
    assert "nothing to hold: 1 payout, 80.00 RUB" in done.err
    assert [order["note"] for order in json.loads(done.out)["orders"]] == ["", "held: paid by hand"]


def test_an_order_that_may_have_been_sent_is_warned_of(
    engine: Engine, billing: BillingOrdersProcess, desk: Desk
) -> None:
    billing.faults.cut(when="after")
    submitter(engine, billing, tries=1).submit(computed(engine))
    done = desk.does("export", *PERIOD, "--json", "--hold", "paid by hand")
    assert "1 order may have been sent" in done.err
    assert json.loads(done.out)["orders"][0]["note"].startswith("DO NOT PAY YET")


def test_a_file_that_may_be_filled_in_is_not_written_over(engine: Engine, desk: Desk) -> None:
    computed(engine)
    file = desk.directory / "r.csv"
    file.write_text("doc ids of an hour's work")
    done = desk.types("export", *PERIOD, "-o", file, "--hold", "paid by hand")
    assert (done.code, "may have doc ids filled in" in done.err) == (2, True)
    assert file.read_text() == "doc ids of an hour's work"
    assert progress(engine)[0].hold_reason is None
    desk.does("export", *PERIOD, "-o", file, "--force")
    assert file.read_text().startswith("row,")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--format", "xlsx"), "name a file with --output"),
        (("--output", "r.pdf"), "ends neither in .csv nor .xlsx nor .json"),
        (("--output", "there/is/none.csv"), "cannot be written: No such file or directory"),
        (("--park", "park-11"), "did you mean 'park-1'?"),
        (("--hold", " "), "--hold is empty"),
    ],
)
def test_what_cannot_be_exported_is_bad_usage(engine: Engine, desk: Desk, words: tuple[str, ...], said: str) -> None:
    computed(engine)
    done = desk.types("export", *PERIOD, *words)
    assert (done.code, said in done.err) == (2, True)
    assert done.out == ""


def test_a_database_that_disagrees_with_itself_is_an_error(engine: Engine, desk: Desk) -> None:
    computed(engine)
    rows(engine, "ALTER TABLE payout_line DISABLE TRIGGER USER")
    rows(engine, "UPDATE payout_line SET amount = amount + 0.01 WHERE device_id = 'cam-1'")
    done = desk.types("export", *PERIOD)
    assert (done.code, "its lines sum to 80.01 RUB, the payout is 80.00 RUB" in done.err) == (1, True)
    assert done.out == ""
