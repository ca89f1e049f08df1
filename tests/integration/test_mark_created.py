"""Registers taken back after manual payment, on a real database and billing-orders: no order is ever paid twice."""

import json
from decimal import Decimal
from pathlib import Path

import pytest
from sqlalchemy import Engine

from signalq_billing.adapters.postgres.payout_store import PostgresPayoutStore
from signalq_billing.adapters.registers import read_register
from signalq_billing.devstack.billing_orders.process import BillingOrdersProcess
from signalq_billing.domain.config import OrderPer
from signalq_billing.domain.marking import MarkedBy
from signalq_billing.domain.progress import PaymentProgress
from tests.integration.payments import computed, money_accepted, progress, submitter
from tests.integration.registers import PERIOD, Desk, Row, everything, filled_in, history_of, rows

CREATED, NOT_CREATED, IN_PROGRESS = PaymentProgress.CREATED, PaymentProgress.NOT_CREATED, PaymentProgress.IN_PROGRESS
ANN = MarkedBy("Ann", "by bank", "r.csv", "0" * 64, "cli")


def test_what_was_paid_by_hand_is_created_and_never_sent(
    engine: Engine, billing: BillingOrdersProcess, desk: Desk
) -> None:
    computed(engine, ["park-1", "park-2"])
    done = desk.does("mark-created", desk.paid("PP-1"), "--by", "Ann Lee", "--note", "by bank")
    assert "marked as created: 2 orders, 160.00 RUB, by Ann Lee" in done.out
    report = submitter(engine, billing).submit(progress(engine))
    assert (report.created, report.already_created) == (0, 2)
    assert billing.books()["orders"] == []
    assert {(each.payment_progress, each.orders[0].doc_id) for each in progress(engine)} == {(CREATED, "PP-1")}
    assert {row["payment_progress"] for row in rows(engine, "SELECT payment_progress FROM payout_line")} == {"created"}


def test_who_paid_what_by_which_file_is_in_the_history(engine: Engine, desk: Desk) -> None:
    computed(engine)
    file = desk.paid("PP-1")
    desk.does("mark-created", file, "--by", "Ann Lee", "--note", "by bank")
    (entry,) = history_of(engine, "marked_created")
    assert (entry["actor"], entry["why"]) == ("Ann Lee", "by bank")
    data = entry["data"]
    assert isinstance(data, dict)
    assert (data["external_ref"], data["doc_id"]) == ("weekly_msk:2026-11-16:park-1:r1", "PP-1")
    assert (data["amount"], data["currency"], data["file"]) == ("80.00", "RUB", "filled.csv")
    assert data["file_sha256"] == read_register(file).sha256


def test_without_a_name_it_is_the_user_of_the_machine(
    engine: Engine, desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LOGNAME", "anna")
    computed(engine)
    desk.does("mark-created", desk.paid())
    assert history_of(engine, "marked_created")[0]["actor"] == "anna"


@pytest.mark.parametrize("sheet", ["Lines", "Orders"])
def test_a_workbook_may_be_filled_in_on_either_sheet(engine: Engine, desk: Desk, sheet: str) -> None:
    computed(engine, order_per=OrderPer.DEVICE)
    desk.does("mark-created", filled_in(desk.exported("r.xlsx"), sheet, "PP-1"))
    assert {order.doc_id for order in progress(engine)[0].orders} == {"PP-1"}


def test_json_is_taken_too(engine: Engine, desk: Desk) -> None:
    computed(engine)
    file = desk.exported("r.json")
    document = json.loads(file.read_text())
    document["orders"][0]["doc_id"] = "PP-1"
    file.write_text(json.dumps(document))
    desk.does("mark-created", file)
    assert progress(engine)[0].orders[0].doc_id == "PP-1"


def test_marking_again_changes_nothing(engine: Engine, desk: Desk) -> None:
    computed(engine)
    desk.does("mark-created", desk.paid())
    before = everything(engine)
    done = desk.does("mark-created", desk.directory / "filled.csv")
    assert "created before under the same doc_id: 1 order, 80.00 RUB" in done.out
    assert everything(engine) == before


def test_a_fresh_register_of_created_orders_is_taken_as_it_is(
    engine: Engine, billing: BillingOrdersProcess, desk: Desk
) -> None:
    submitter(engine, billing).submit(computed(engine))
    assert "nothing was marked" in desk.does("mark-created", desk.exported()).out


def test_a_dry_run_checks_and_changes_nothing(engine: Engine, desk: Desk) -> None:
    computed(engine)
    file, before = desk.paid(), everything(engine)
    assert "would be marked: 1 order, 80.00 RUB" in desk.does("mark-created", file, "--dry-run").out
    assert everything(engine) == before


def test_orders_without_a_document_are_left_as_they_are(
    engine: Engine, billing: BillingOrdersProcess, desk: Desk
) -> None:
    computed(engine, ["park-1", "park-2"])
    done = desk.does("mark-created", desk.paid(park_id="park-2"))
    assert "left as they are, for the file has no doc_id for them: 1 order" in done.out
    submitter(engine, billing).submit(progress(engine))
    assert [each["park_id"] for each in billing.books()["orders"]] == ["park-1"]


def test_one_camera_may_be_paid_by_hand_and_the_other_by_billing(
    engine: Engine, billing: BillingOrdersProcess, desk: Desk
) -> None:
    computed(engine, order_per=OrderPer.DEVICE)

    def pay(row: Row) -> None:
        if row["device_id"] == "cam-1":
            row["doc_id"] = "PP-1"

    desk.does("mark-created", desk.filled(pay))
    lines = {row["device_id"]: row["payment_progress"] for row in rows(engine, "SELECT * FROM payout_line")}
    assert lines == {"cam-1": "created", "cam-2": "not_created"}
    submitter(engine, billing).submit(progress(engine))
    assert money_accepted(billing) == Decimal("50.00")


@pytest.mark.parametrize(
    ("column", "value", "code"),
    [
        ("park_id", "park-9", 3),
        ("device_id", "cam-9", 3),
        ("cadence", "weekly_ekb", 3),
        ("period", "2026-11-09", 3),
        ("revision", "2", 3),
        ("currency", "USD", 3),
        ("amount", "30.01", 3),
        ("order_amount", "80.01", 3),
        ("external_ref", "weekly_msk:2026-11-16:park-9:r1", 3),
        ("external_ref", "", 3),
        ("amount", "30.001", 2),
        ("doc_id", "PP-2", 3),
    ],
)
def test_whatever_is_changed_in_a_row_nothing_is_marked(
    engine: Engine, desk: Desk, column: str, value: str, code: int
) -> None:
    computed(engine, ["park-1", "park-2"])
    before = everything(engine)

    def tamper(row: Row) -> None:
        if row["row"] == "total":
            row["amount"] = {"park-1": "80.00", "park-2": "80.00"}.get(row["park_id"], "160.00")
        else:
            row["doc_id"] = "PP-1"
        if (row["park_id"], row["device_id"]) == ("park-1", "cam-1"):
            row[column] = value

    done = desk.types("mark-created", desk.filled(tamper))
    assert done.code == code
    assert "row 2" in done.err
    assert everything(engine) == before


def test_one_kopeck_is_told_with_what_the_file_says_and_what_is_stored(engine: Engine, desk: Desk) -> None:
    computed(engine)

    def tamper(row: Row) -> None:
        row["doc_id"] = "PP-1" if row["row"] == "line" else ""
        row["amount"] = {"30.00": "30.01", "80.00": "80.01"}.get(row["amount"], row["amount"])

    done = desk.types("mark-created", desk.filled(tamper))
    assert (
        "row 2, order weekly_msk:2026-11-16:park-1:r1: amount: the file says 30.01 RUB, stored is 30.00 RUB" in done.err
    )


def test_programs_get_the_problems_as_json(engine: Engine, desk: Desk) -> None:
    computed(engine)
    file = desk.paid()
    file.write_text(file.read_text().replace("30.00", "30.01").replace(",80.00,,,,", ",80.01,,,,"))
    done = desk.types("mark-created", file, "--json")
    problems = json.loads(done.out)["problems"]
    assert done.code == 3
    assert {"row": "row 2", "external_ref": "weekly_msk:2026-11-16:park-1:r1", "field": "amount",
            "message": "the file says 30.01 RUB, stored is 30.00 RUB"} in problems  # fmt: skip


@pytest.mark.parametrize("park_id", ["park-1", ""])
def test_a_document_on_a_sum_marks_nothing_and_is_refused(engine: Engine, desk: Desk, park_id: str) -> None:
    computed(engine, ["park-1", "park-2"])

    def pay(row: Row) -> None:
        paid_elsewhere = row["row"] == "line" and row["park_id"] == "park-2"
        on_a_sum = row["row"] == "total" and row["park_id"] == park_id
        row["doc_id"] = "BANK-1" if paid_elsewhere else "BANK-2" if on_a_sum else ""

    file, before = desk.filled(pay), everything(engine)
    for words in ((), ("--dry-run",)):
        done = desk.types("mark-created", file, *words)
        assert done.code == 3
        assert "doc_id 'BANK-2' stands on a total row: write it on a line of the order" in done.err
        assert everything(engine) == before


def test_a_space_that_differs_is_seen(engine: Engine, desk: Desk) -> None:
    computed(engine)
    file = desk.paid()
    file.write_text(file.read_text().replace(",cam-1,", ",cam-1 ,").replace("weekly_msk,2026", "weekly_msk ,2026", 1))
    done = desk.types("mark-created", file)
    assert "device_id: the file says 'cam-1 ', stored is 'cam-1', 'cam-2'" in done.err
    assert "cadence: the file says 'weekly_msk ', stored is 'weekly_msk'" in done.err


def test_two_periods_in_one_file_are_told_once(engine: Engine, desk: Desk) -> None:
    computed(engine, ["park-1", "park-2"])
    file, before = desk.paid(), everything(engine)
    heading, *lines = file.read_text().splitlines()
    earlier = [each.replace("2026-11-16", "2026-11-09").replace("PP-1", "") for each in lines]
    file.write_text("\n".join([heading, *lines, *earlier]))
    done = desk.types("mark-created", file)
    assert (done.code, done.err.count("row ")) == (3, 3)
    assert (
        "weekly_msk 2026-11-16 (from row 2), weekly_msk 2026-11-09 (from row 10): give back one at a time" in done.err
    )
    assert everything(engine) == before


def test_an_order_whose_lines_are_not_all_there_is_refused(engine: Engine, desk: Desk) -> None:
    computed(engine)
    file = desk.paid()
    kept = [each for each in file.read_text().splitlines() if "cam-2" not in each and not each.startswith("total")]
    file.write_text("\n".join(kept))
    done = desk.types("mark-created", file)
    assert (done.code, "the line of device 'cam-2' over 50.00 RUB is not in the file" in done.err) == (3, True)


def test_a_register_older_than_the_last_computation_is_refused(engine: Engine, desk: Desk) -> None:
    computed(engine)
    file = desk.paid()
    rows(engine, "UPDATE payout_line SET amount = amount")
    rows(engine, "ALTER TABLE payout_line DISABLE TRIGGER USER")
    rows(engine, "UPDATE payout_line SET amount = 29 WHERE device_id = 'cam-1'")
    done = desk.types("mark-created", file)
    assert (done.code, "the file says 30.00 RUB, stored is 29 RUB" in done.err) == (3, True)


def test_an_order_that_is_created_under_another_document_is_refused_with_both(
    engine: Engine, billing: BillingOrdersProcess, desk: Desk
) -> None:
    computed(engine, ["park-1", "park-2"])
    file = desk.paid("PP-1")
    submitter(engine, billing).submit(progress(engine)[:1])
    doc_id, before = progress(engine)[0].orders[0].doc_id, everything(engine)
    done = desk.types("mark-created", file)
    assert done.code == 3
    assert f"it is created already as {doc_id}, the file says PP-1: was it paid twice?" in done.err
    assert everything(engine) == before


def test_paying_by_hand_behind_a_hold_is_safe_from_every_run(
    engine: Engine, billing: BillingOrdersProcess, desk: Desk
) -> None:
    computed(engine, ["park-1", "park-2"])
    done = desk.does("export", *PERIOD, "-o", desk.directory / "r.xlsx", "--hold", "paid by hand")
    assert "held: 2 payouts, 160.00 RUB" in done.err
    assert submitter(engine, billing).submit(progress(engine)).created == 0
    assert PostgresPayoutStore(engine).unfinished(10) == []
    desk.does("mark-created", desk.paid("PP-1", park_id="park-1"))
    desk.does("release", *PERIOD, "--by", "Ann", "--note", "park-1 was paid by hand")
    submitter(engine, billing).submit(progress(engine))
    assert [each["park_id"] for each in billing.books()["orders"]] == ["park-2"]
    assert all(each.settled for each in progress(engine))
    assert history_of(engine, "released") != []


def test_what_was_marked_is_frozen_and_its_config_counts_as_paid_with(engine: Engine, desk: Desk) -> None:
    computed(engine)
    desk.does("mark-created", desk.paid())
    (frozen,) = rows(engine, "SELECT frozen_at, updated_at FROM payout")
    assert frozen["frozen_at"] is not None


def test_a_file_that_is_none_is_bad_usage(desk: Desk, tmp_path: Path) -> None:
    (tmp_path / "r.csv").write_text("a,b\n1,2\n")
    done = desk.types("mark-created", tmp_path / "r.csv")
    assert (done.code, "external_ref and doc_id" in done.err) == (2, True)
