"""What an operator does from the runbook's pages when Airflow, or billing-orders too, is down: the pages' own commands
on a stack without Airflow."""

import datetime as dt
import zoneinfo
from pathlib import Path

import openpyxl
import pytest

from signalq_billing.devstack.billing_orders.process import FaultControl
from tests.rehearsals.conftest import Desk
from tests.rehearsals.pages import blocks

pytestmark = pytest.mark.timeout(1500)


def week(ago: int) -> str:
    """The weekly period that was complete so many weeks before the last one."""
    today = dt.datetime.now(zoneinfo.ZoneInfo("Europe/Moscow")).date()
    return (today - dt.timedelta(days=today.weekday() + 7 * (ago + 1))).isoformat()


def test_airflow_is_down_and_the_period_is_paid_by_the_page(desk: Desk) -> None:
    period = week(1)
    (commands,) = blocks("airflow-down", {"2026-11-16": period})
    assert [words[0] for words in commands] == ["doctor", "preview", "run", "status"]
    desk.follows(commands)
    paid, books = desk.status(period), desk.books()
    assert {each["payment_progress"] for each in paid.values() if each["orders"]} == {"created"}
    assert len(books) == sum(len(orders(each)) for each in paid.values())
    desk.follows(commands)
    assert (desk.status(period), desk.books()) == (paid, books)


def test_billing_orders_is_down_too_and_the_page_pays_by_hand_what_nobody_pays_again(
    desk: Desk, faults: FaultControl, tmp_path: Path
) -> None:
    period, register = week(2), tmp_path / "to-pay.xlsx"
    stored, marked, rest, afterwards = blocks(
        "billing-orders-down", {"2026-11-16": period, "to-pay.xlsx": str(register)}
    )
    before = desk.books()
    faults.down()
    desk.follows(stored)
    desk.does("reconcile")
    by_hand = pay(register, parks=["msk-arbat", "msk-sokol"])
    desk.follows(marked)
    faults.clear()
    desk.follows(rest)
    desk.follows(afterwards)
    found = desk.status(period)
    assert {each["payment_progress"] for each in found.values() if each["orders"]} == {"created"}
    assert {park for park, each in found.items() for order in orders(each) if order["doc_id"] == "bank-1"} == by_hand
    new = {ref for ref, _, _ in set(desk.books()) - set(before)}
    assert new == {str(order["external_ref"]) for each in found.values() for order in orders(each)} - {
        str(order["external_ref"]) for park in by_hand for order in orders(found[park])
    }


def orders(payout: dict[str, object]) -> list[dict[str, object]]:
    found = payout["orders"]
    assert isinstance(found, list)
    return found


def pay(register: Path, parks: list[str]) -> set[str]:
    """Write a document into the register's sheet Orders, as whoever paid these parks does."""
    book = openpyxl.load_workbook(register)
    heading = [cell.value for cell in book["Orders"][1]]
    for row in book["Orders"].iter_rows(min_row=2):
        if row[heading.index("park_id")].value in parks:
            row[heading.index("doc_id")].value = "bank-1"
    book.save(register)
    return set(parks)
