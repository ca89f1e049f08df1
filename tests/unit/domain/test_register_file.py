"""A file that contradicts itself is told so: sums, homeless rows, one order told twice or paid under two documents."""

import datetime as dt
from dataclasses import replace
from decimal import Decimal

from signalq_billing.domain.register_file import FiledRow, FiledTotal, RegisterFile, RowKind

LINE = FiledRow(
    where="row 2",
    kind=RowKind.LINE,
    park_id="park-1",
    cadence="weekly_msk",
    period=dt.date(2026, 11, 16),
    revision=1,
    device_id="cam-1",
    currency="RUB",
    amount=Decimal("30.00"),
    external_ref="ref-1",
    doc_id=None,
    payment_progress="not_created",
)
OTHER = replace(LINE, where="row 3", device_id="cam-2", amount=Decimal("50.00"))
ORDER = replace(LINE, where="Orders row 2", kind=RowKind.ORDER, device_id=None, amount=Decimal("80.00"))
SUM = FiledTotal("row 4", RowKind.LINE, "RUB", Decimal("80.00"))


def said(*rows: FiledRow, totals: tuple[FiledTotal, ...] = ()) -> list[str]:
    return [str(problem) for problem in RegisterFile("r.csv", "0" * 64, rows, totals).contradictions()]


def test_sums_that_match_are_fine() -> None:
    narrower = replace(SUM, park_id="park-1", revision=1), replace(SUM, payment_progress="not_created")
    assert said(LINE, OTHER, ORDER, totals=(SUM, *narrower, replace(SUM, of=RowKind.ORDER))) == []


def test_a_sum_that_no_longer_matches_is_told() -> None:
    assert said(LINE, totals=(SUM,)) == ["row 4: total: the file says 80.00 RUB, its lines sum to 30.00"]
    assert said(LINE, OTHER, totals=(replace(SUM, amount=Decimal("80.01")),)) != []
    assert said(LINE, OTHER, totals=(replace(SUM, currency="USD"),)) != []
    assert said(LINE, OTHER, totals=(replace(SUM, park_id="park-2"),)) != []
    assert said(LINE, replace(OTHER, payment_progress="created"), totals=(replace(SUM, payment_progress="created"),))


def test_money_without_an_order_is_told() -> None:
    assert said(replace(LINE, external_ref=None)) == ["row 2: external_ref: is empty, but the row has 30.00 RUB"]


def test_a_document_without_an_order_is_told() -> None:
    row = replace(LINE, external_ref=None, amount=Decimal("0.00"), doc_id="PP-1")
    assert said(row) == ["row 2: external_ref: is empty, but the row has doc_id PP-1"]


def test_a_line_of_zero_belongs_to_no_order() -> None:
    assert said(replace(LINE, external_ref=None, amount=Decimal("0.00"))) == []


def test_a_line_told_twice_is_told() -> None:
    (problem,) = said(LINE, replace(LINE, where="row 3"))
    assert problem == "row 3, order ref-1: the same line stands in row 2 already"
    assert len(said(ORDER, replace(ORDER, where="Orders row 3"))) == 1


def test_one_order_under_two_documents_is_told() -> None:
    (problem,) = said(replace(LINE, doc_id="PP-1"), OTHER, replace(ORDER, doc_id="PP-2"))
    assert problem == "row 2, order ref-1: doc_id: one order has several: PP-1 (row 2) and PP-2 (Orders row 2)"


def test_several_periods_are_told_once_and_sums_of_one_are_not_held_against_them() -> None:
    days = [dt.date(2026, 11, 16) - dt.timedelta(weeks=week) for week in range(5)]
    rows = [replace(LINE, where=f"row {2 + n}", period=day, external_ref=f"ref-{n}") for n, day in enumerate(days)]
    (problem,) = said(*rows[:2], totals=(replace(SUM, amount=Decimal("30.00")),))
    assert problem == (
        "row 3: period: the file has several periods, weekly_msk 2026-11-16 (from row 2), "
        "weekly_msk 2026-11-09 (from row 3): give back one at a time"
    )
    assert "(from row 4) and 2 more: give back one at a time" in said(*rows)[0]


def test_what_a_file_says_cannot_steer_a_terminal() -> None:
    (problem,) = said(
        replace(LINE, where="row 2\n", external_ref="\x1b[2Jref"), replace(LINE, external_ref="\x1b[2Jref")
    )
    assert problem == r"row 2, order \x1b[2Jref: the same line stands in row 2\n already"


def test_one_document_on_any_or_all_lines_of_an_order_is_fine() -> None:
    assert said(replace(LINE, doc_id="PP-1"), OTHER) == []
    assert said(replace(LINE, doc_id="PP-1"), replace(OTHER, doc_id="PP-1"), replace(ORDER, doc_id="PP-1")) == []
