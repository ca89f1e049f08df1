"""No doc_id of a file is passed over: one that belongs to no line and no order has the whole file refused."""

import csv
import io
import json
import re
import zipfile
from collections.abc import Callable
from typing import Any

import openpyxl
import pytest

from signalq_billing.adapters.registers import csv_bytes, json_bytes, parse_register, xlsx_bytes
from signalq_billing.errors import RegisterUnreadable
from tests.unit.domain.registers import record, register

MADE = register(record("park-1"), record("park-2", {"cam-1": 123_456_789, "cam-2": 0}))
WRITE_IT = "write it on a line of the order (or on the sheet Orders)"


def said(content: bytes) -> list[str]:
    return [str(problem) for problem in parse_register(content, "r").contradictions()]


def unreadable(content: bytes) -> list[str]:
    with pytest.raises(RegisterUnreadable) as refused:
        parse_register(content, "r")
    return [str(problem) for problem in refused.value.problems] or [str(refused.value)]


def workbook(change: Callable[[openpyxl.Workbook], object]) -> bytes:
    book, saved = openpyxl.load_workbook(io.BytesIO(xlsx_bytes(MADE))), io.BytesIO()
    change(book)
    book.save(saved)
    return saved.getvalue()


def written(sheet: str, row: int, value: object, column: str = "doc_id") -> bytes:
    def write(book: openpyxl.Workbook) -> None:
        heading = [cell.value for cell in book[sheet][1]]
        cell = book[sheet].cell(row, heading.index(column) + 1)
        cell.value, cell.number_format = value, "General"  # type: ignore[assignment] # cells take what they can show

    return workbook(write)


def document(change: Callable[[dict[str, Any]], object]) -> bytes:
    made = json.loads(json_bytes(MADE))
    change(made)
    return json.dumps(made).encode()


def table(row: int, doc_id: str) -> bytes:
    rows = list(csv.reader(io.StringIO(csv_bytes(MADE).decode(), newline="")))
    rows[row - 1][rows[0].index("doc_id")] = doc_id
    text = io.StringIO()
    csv.writer(text).writerows(rows)
    return text.getvalue().encode()


@pytest.mark.parametrize("row", [6, 7, 8, 9])
def test_a_doc_id_on_any_sum_of_a_csv_is_told(row: int) -> None:
    assert said(table(row, "BANK-2")) == [f"row {row}: doc_id 'BANK-2' stands on a total row: {WRITE_IT}"]


@pytest.mark.parametrize(("sheet", "row"), [("Lines", 6), ("Lines", 7), ("Orders", 4), ("Orders", 5)])
def test_a_doc_id_on_a_sum_of_a_workbook_is_told(sheet: str, row: int) -> None:
    assert said(written(sheet, row, 12)) == [f"{sheet} row {row}: doc_id 12 stands on a total row: {WRITE_IT}"]


@pytest.mark.parametrize("row", [2, 4])
def test_a_doc_id_on_the_sheet_of_parks_is_told(row: int) -> None:
    def add(book: openpyxl.Workbook) -> None:
        book["Parks"]["Z1"], book["Parks"][f"Z{row}"] = "Doc_ID ", "BANK-2"

    assert said(workbook(add)) == [f"Parks row {row}: doc_id 'BANK-2' stands outside of lines and orders: {WRITE_IT}"]


def test_a_doc_id_on_a_sheet_of_a_persons_own_is_told() -> None:
    def add(book: openpyxl.Workbook) -> None:
        sheet = book.create_sheet("Mine")
        for row in (["paid"], ["park", "doc_id"], ["park-1", "BANK-2"], ["park-2", ""]):
            sheet.append(row)

    assert said(workbook(add)) == [f"Mine row 3: doc_id 'BANK-2' stands outside of lines and orders: {WRITE_IT}"]


def test_a_doc_id_on_a_sum_or_a_park_of_json_is_told() -> None:
    (problem,) = said(document(lambda made: made["totals"][0].update(doc_id="BANK-2")))
    assert problem == f"totals[0]: doc_id 'BANK-2' stands on a total row: {WRITE_IT}"
    (problem,) = said(document(lambda made: made["parks"][1].update(doc_id="BANK-2")))
    assert problem == f"parks[1]: doc_id 'BANK-2' stands outside of lines and orders: {WRITE_IT}"
    (problem,) = said(document(lambda made: made.update(doc_id="BANK-2")))
    assert problem == f"the file: doc_id 'BANK-2' stands outside of lines and orders: {WRITE_IT}"


def test_a_doc_id_under_another_spelling_in_json_is_read_and_never_hidden_by_a_second_one() -> None:
    content = json_bytes(MADE).replace(b'"doc_id": null', b'"DOC_ID": "PP-1"', 1)
    assert parse_register(content, "r").rows[0].doc_id == "PP-1"
    content = json_bytes(MADE).replace(b'"doc_id": null', b'"doc_id": "PP-1", "doc_id": null', 1)
    assert "doc_id stand more than once in one object" in unreadable(content)[0]


def test_a_doc_id_on_a_line_of_zero_is_told() -> None:
    assert said(table(5, "BANK-2")) == ["row 5: external_ref: is empty, but the row has doc_id BANK-2"]
    assert said(written("Lines", 5, "BANK-2")) == ["Lines row 5: external_ref: is empty, but the row has doc_id BANK-2"]


def test_a_row_with_nothing_but_a_doc_id_is_refused() -> None:
    assert "row 10: park_id: is empty" in unreadable(table(9, "") + b"," * 16 + b"BANK-2,\r\n")


def test_a_doc_id_below_where_a_sheet_says_that_it_ends_is_read() -> None:
    whole, cut = io.BytesIO(written("Orders", 3, "PP-1")), io.BytesIO()
    with zipfile.ZipFile(whole) as parts, zipfile.ZipFile(cut, "w") as smaller:
        for name in parts.namelist():
            smaller.writestr(name, re.sub(rb'(<dimension ref="A1:[A-Z]+)\d+"', rb'\g<1>2"', parts.read(name)))
    file = parse_register(cut.getvalue(), "r")
    assert [row.doc_id for row in file.rows if row.where == "Orders row 3"] == ["PP-1"]
    assert file.rows == parse_register(whole.getvalue(), "r").rows


@pytest.mark.parametrize(("sheet", "row"), [("Lines", 2), ("Lines", 6), ("Orders", 2), ("Orders", 5)])
def test_a_formula_without_a_value_is_refused(sheet: str, row: int) -> None:
    (problem, *_) = unreadable(written(sheet, row, '="PP-"&1'))
    assert problem == f"{sheet} row {row}: doc_id: is a formula without a value: write the number itself"


def test_a_formula_without_a_value_on_the_sheet_of_parks_is_told() -> None:
    def add(book: openpyxl.Workbook) -> None:
        book["Parks"]["Z1"], book["Parks"]["Z2"] = "doc_id", "=1+1"

    (problem,) = said(workbook(add))
    assert problem.startswith("Parks row 2: doc_id of a formula stands outside of lines and orders: ")


@pytest.mark.parametrize("doc_id", ["1.23E+11", "1,23E+11", "1.23e+11", "4E+19", "-1E+11", "1.5E11", " 1.23E+11 "])
def test_a_doc_id_that_a_spreadsheet_shortened_is_refused_in_every_format(doc_id: str) -> None:
    told = f"{doc_id.strip()!r} is a number: a spreadsheet may have changed it; format the column as text"
    assert unreadable(table(2, doc_id)) == [f"row 2: doc_id: {told}"]
    assert unreadable(written("Orders", 2, doc_id)) == [f"Orders row 2: doc_id: {told}"]
    assert unreadable(document(lambda made: made["lines"][0].update(doc_id=doc_id))) == [f"lines[0]: doc_id: {told}"]


@pytest.mark.parametrize("doc_id", ["1E5", "12E-PP", "E+11", "PP-1.2E+3"])
def test_a_doc_id_that_a_bank_may_give_is_taken(doc_id: str) -> None:
    assert parse_register(table(2, doc_id), "r").rows[0].doc_id == doc_id


@pytest.mark.parametrize("doc_id", [["PP-1"], {"number": "PP-1"}, True])
def test_a_doc_id_of_json_that_is_no_text_is_refused(doc_id: object) -> None:
    (problem,) = unreadable(document(lambda made: made["lines"][0].update(doc_id=doc_id)))
    assert problem.startswith("lines[0]: doc_id: ")
