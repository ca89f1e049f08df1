"""Files that people give back: columns moved, cells filled in by hand, and files that are none."""

import csv
import datetime as dt
import io
import json
from decimal import Decimal
from pathlib import Path

import openpyxl
import pytest

from signalq_billing.adapters.registers import csv_bytes, json_bytes, parse_register, read_register, xlsx_bytes
from signalq_billing.domain.register_file import RegisterFile, RowKind
from signalq_billing.errors import RegisterUnreadable
from tests.unit.domain.registers import record, register

MADE = register(record("park-1"), record("park-2", {"cam-1": 123_456_789}))
Rows = list[list[str]]


def table() -> Rows:
    return list(csv.reader(io.StringIO(csv_bytes(MADE).decode(), newline="")))


def as_csv(rows: Rows, delimiter: str = ",") -> bytes:
    written = io.StringIO()
    csv.writer(written, delimiter=delimiter).writerows(rows)
    return written.getvalue().encode()


def changed(column: str, value: str, *, row: int = 1, delimiter: str = ",") -> bytes:
    rows = table()
    rows[row][rows[0].index(column)] = value
    return as_csv(rows, delimiter)


def workbook_with(sheet: str, column: str, value: object, row: int = 2) -> bytes:
    workbook = openpyxl.load_workbook(io.BytesIO(xlsx_bytes(MADE)))
    heading = [cell.value for cell in workbook[sheet][1]]
    cell = workbook[sheet].cell(row, heading.index(column) + 1)
    cell.number_format = "General"
    cell.value = value  # type: ignore[assignment] # cells take what they can show
    saved = io.BytesIO()
    workbook.save(saved)
    return saved.getvalue()


def docs(file: RegisterFile) -> dict[str, str | None]:
    return {row.where: row.doc_id for row in file.rows}


def problems(content: bytes) -> list[str]:
    with pytest.raises(RegisterUnreadable) as refused:
        parse_register(content, "r.csv")
    return [str(problem) for problem in refused.value.problems] or [str(refused.value)]


def test_columns_may_stand_in_any_order_and_more_of_them_are_told_and_left_out() -> None:
    rows = [[*reversed(row), "paid on Monday"] for row in table()]
    rows[0][-1] = "remark"
    file = parse_register(as_csv(rows), "r.csv")
    assert file.rows == parse_register(as_csv(table()), "r.csv").rows
    assert file.warnings == ("column 'remark' is not used",)


def test_headings_may_stand_below_a_title_and_in_other_letters() -> None:
    rows = table()
    rows = [["Register of park-1"], [], [name.upper() + " " for name in rows[0]], *rows[1:], [], ["", "", ""]]
    file = parse_register(as_csv(rows), "r.csv")
    assert len(file.rows) == 3
    assert file.rows[0].where == "row 4"


def test_a_table_without_its_sums_and_marks_is_a_table_of_lines() -> None:
    rows = [row[1:] for row in table() if row[0] != "total"]
    assert [row.kind for row in parse_register(as_csv(rows), "r.csv").rows] == [RowKind.LINE] * 3


def test_the_orders_sheet_saved_as_csv_is_a_table_of_orders() -> None:
    sheet = openpyxl.load_workbook(io.BytesIO(xlsx_bytes(MADE)))["Orders"]
    rows = [["" if cell is None else str(cell) for cell in row] for row in sheet.iter_rows(values_only=True)]
    file = parse_register(as_csv(rows), "r.csv")
    assert [(row.kind, row.amount) for row in file.rows] == [
        (RowKind.ORDER, Decimal("80.00")),
        (RowKind.ORDER, Decimal("1234567.89")),
    ]
    assert not file.has_lines
    assert file.contradictions() == []


@pytest.mark.parametrize(
    ("value", "read"), [(" PP-1 ", "PP-1"), (12345, "12345"), (12345.0, "12345"), ("0012", "0012"), ("  ", None)]
)
def test_a_doc_id_is_read_as_it_was_meant(value: object, read: str | None) -> None:
    assert docs(parse_register(workbook_with("Lines", "doc_id", value), "r.xlsx"))["Lines row 2"] == read
    assert docs(parse_register(workbook_with("Orders", "doc_id", value), "r.xlsx"))["Orders row 2"] == read


@pytest.mark.parametrize(
    "value", [1.2345678901234567e18, 12.5, dt.date(2026, 11, 16), True, "#N/A", "#ССЫЛКА!", "a\x85b"]
)
def test_a_doc_id_that_a_spreadsheet_spoilt_is_refused_with_its_row_and_column(value: object) -> None:
    (problem,) = problems(workbook_with("Lines", "doc_id", value))
    assert problem.startswith("Lines row 2: doc_id: ")


@pytest.mark.parametrize(
    ("written", "read"),
    [("30,00", "30.00"), ("30.00", "30.00"), ("1 234,50", "1234.50"), ("1\u00a0234,5", "1234.50"), ("7", "7.00")],
)
def test_amounts_of_a_file_with_semicolons_may_be_written_as_in_russian(written: str, read: str) -> None:
    assert parse_register(changed("amount", written, delimiter=";"), "r.csv").rows[0].amount == Decimal(read)


@pytest.mark.parametrize(
    ("column", "value", "said"),
    [
        ("amount", "30,00", "'30,00' is not an amount such as 1234.50"),
        ("amount", "30.001", "30.001 has more digits than RUB has (2)"),
        ("amount", "", "is empty"),
        ("amount", "3e1", "'3e1' is not an amount such as 1234.50"),
        ("amount", "NaN", "'NaN' is not an amount such as 1234.50"),
        ("currency", "RUR ", "'RUR' is not an ISO 4217 currency code such as RUB"),
        ("currency", "rub", "'rub' is not an ISO 4217 currency code such as RUB"),
        ("period", "16/11/2026", "'16/11/2026' is not a date written YYYY-MM-DD"),
        ("period", "2026-02-30", "'2026-02-30' is no day of the calendar"),
        ("revision", "one", "'one' is not a whole number"),
        ("park_id", "", "is empty"),
        ("device_id", "", "is empty"),
        ("row", "sum", "'sum' is none of line, order and total"),
    ],
)
def test_a_cell_that_makes_no_sense_is_told_with_its_row_and_column(column: str, value: str, said: str) -> None:
    assert problems(changed(column, value)) == [f"row 2: {column}: {said}"]


def test_all_problems_are_told_at_once() -> None:
    rows = table()
    for row in rows[1:4]:
        row[rows[0].index("amount")] = row[rows[0].index("period")] = "?"
    assert len(problems(as_csv(rows))) == 6


@pytest.mark.parametrize("column", ["park_id", "cadence", "period", "revision", "device_id", "currency", "amount"])
def test_a_column_that_is_missing_is_told_once(column: str) -> None:
    rows = table()
    index = rows[0].index(column)
    told = f"row 1: {column}: is not a column of this table: put it back"
    assert problems(as_csv([[*row[:index], *row[index + 1 :]] for row in rows])) == [told]


def test_a_table_with_sums_and_without_the_marks_of_them_is_told_once() -> None:
    (problem,) = problems(as_csv([row[1:] for row in table()]))
    assert problem.startswith("row 1: row: is not a column of this table, so sums cannot be told from lines")


def test_two_files_put_into_one_are_told_once() -> None:
    (problem,) = problems(csv_bytes(MADE) + csv_bytes(MADE).replace(b"2026-11-16", b"2026-11-09"))
    assert problem.startswith("r.csv: row 9: the names of the columns stand here again")


@pytest.mark.parametrize(
    ("content", "name", "said"),
    [
        (b"", "r.xlsx", "r.xlsx: it is empty"),
        (b"\r\n ", "r.csv", "r.csv: it is empty"),
        (b"garbage", "r.xlsx", "r.xlsx: it is not an XLSX file, "),
        (b"\x00\xff\x10", "R.XLSX", "R.XLSX: it is not an XLSX file, "),
        (xlsx_bytes(MADE)[:3000], "r.xlsx", "r.xlsx: it is not an XLSX file that can be read"),
        (bytes(xlsx_bytes(MADE)).replace(b"\x00", b"\x01", 500), "r.xlsx", "r.xlsx: it is not an XLSX file "),
    ],
)
def test_a_file_that_is_not_what_its_name_says_is_told(content: bytes, name: str, said: str) -> None:
    with pytest.raises(RegisterUnreadable) as refused:
        parse_register(content, name)
    assert str(refused.value).startswith(said)


def test_a_csv_that_is_named_xlsx_is_read_as_what_it_is() -> None:
    assert parse_register(csv_bytes(MADE), "r.xlsx").rows == parse_register(csv_bytes(MADE), "r.csv").rows


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "r.csv: it is empty"),
        (b"park_id,amount\r\na,1\r\n", "has the columns external_ref and doc_id"),
        (b"PK\x03\x04 and no more", "it is not an XLSX file that can be read"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "old .xls"),
        ("row;doc_id".encode("utf-16"), "UTF-16"),
        (b'{"lines": 1}', "'lines' is not a list of objects"),
        (b'{"lines": [{"doc_id": "1"}]}', "no lines and no orders"),
        (b'{"totals": []}', "no lines and no orders"),
        (b'{"lines": [', "no readable JSON"),
        (b'external_ref,doc_id\r\n"a', "unexpected end of data"),
        (b"external_ref,doc_id,DOC_ID\r\na,b,c\r\n", "doc_id are there more than once"),
        (b"external_ref,doc_id\r\na,b,c\r\n", "more cells than there are columns"),
    ],
)
def test_a_file_that_is_no_register_is_refused_in_words(content: bytes, said: str) -> None:
    (problem,) = problems(content)
    assert said in problem


def test_a_workbook_without_a_register_in_it_is_refused() -> None:
    workbook, saved = openpyxl.Workbook(), io.BytesIO()
    workbook.save(saved)
    assert "no sheet has the columns external_ref and doc_id" in problems(saved.getvalue())[0]


def test_a_sheet_of_notes_is_left_out_and_told() -> None:
    workbook = openpyxl.load_workbook(io.BytesIO(xlsx_bytes(MADE)))
    workbook.create_sheet("Notes").append(["call Ann"])
    saved = io.BytesIO()
    workbook.save(saved)
    (warning,) = parse_register(saved.getvalue(), "r.xlsx").warnings
    assert "'Notes' is not used" in warning


def test_a_file_in_windows_1251_is_read_and_told() -> None:
    content = changed("doc_id", "ПП-1", delimiter=";").decode().encode("cp1251")
    file = parse_register(content, "r.csv")
    assert file.rows[0].doc_id == "ПП-1"
    assert "windows-1251" in file.warnings[0]


def test_json_with_amounts_as_numbers_stays_exact() -> None:
    document = json.loads(json_bytes(MADE))
    text = json.dumps(document).replace('"30.00"', "30.00").replace('"1234567.89"', "1234567.89")
    assert parse_register(text.encode(), "r.json").rows == parse_register(json_bytes(MADE), "r.json").rows


def test_a_file_that_is_not_there_is_refused_in_words(tmp_path: Path) -> None:
    with pytest.raises(RegisterUnreadable, match="cannot be read: No such file"):
        read_register(tmp_path / "r.csv")
    with pytest.raises(RegisterUnreadable, match="cannot be read: Is a directory"):
        read_register(tmp_path)
