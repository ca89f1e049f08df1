"""What is exported is read back as it was, whatever the ids, the currency, and what a spreadsheet did to the file."""

import csv
import io
import json
import re
from decimal import Decimal

import openpyxl
from hypothesis import HealthCheck, example, given, settings

from signalq_billing.adapters.registers import csv_bytes, json_bytes, parse_register, xlsx_bytes
from signalq_billing.domain.money import minor_digits
from signalq_billing.domain.register import Register, RegisterLine, RegisterOrder
from signalq_billing.domain.register_file import FiledRow, RegisterFile, RowKind
from tests.unit.adapters.registers.strategies import CURRENCIES, NASTY, registers
from tests.unit.domain.registers import record, register

SLOWLY = settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
EVERYTHING = register(
    *(record(f"{park}", {park: 3000, f"{park}2": 0}) for park in sorted(NASTY, key=str.encode)),
    *(record(f"~{currency}", {"cam": 123_456_789}, currency=currency) for currency in CURRENCIES),
)


def told(file: RegisterFile, kind: RowKind) -> list[tuple[object, ...]]:
    return [identity(row) for row in file.rows if row.kind is kind]


def identity(row: FiledRow | RegisterLine | RegisterOrder) -> tuple[object, ...]:
    money = (row.currency, row.amount, str(row.amount))
    order = (row.external_ref, row.doc_id, str(row.payment_progress) if row.payment_progress else None)
    return (row.park_id, row.cadence, row.period, row.revision, row.device_id, *money, *order)


def lines(made: Register) -> list[tuple[object, ...]]:
    return [identity(line) for line in made.lines]


def orders(made: Register) -> list[tuple[object, ...]]:
    return [identity(order) for order in made.orders]


@SLOWLY
@given(registers())
@example(EVERYTHING)
def test_csv_is_read_back_as_it_was(made: Register) -> None:
    file = parse_register(csv_bytes(made), "r.csv")
    assert told(file, RowKind.LINE) == lines(made)
    assert (file.contradictions(), file.warnings) == ([], ())


@SLOWLY
@given(registers())
@example(EVERYTHING)
def test_xlsx_is_read_back_as_it_was(made: Register) -> None:
    file = parse_register(xlsx_bytes(made), "r.xlsx")
    assert told(file, RowKind.LINE) == lines(made)
    assert told(file, RowKind.ORDER) == orders(made)
    assert (file.contradictions(), file.warnings) == ([], ())


@SLOWLY
@given(registers())
@example(EVERYTHING)
def test_json_is_read_back_as_it_was(made: Register) -> None:
    file = parse_register(json_bytes(made), "r.json")
    assert told(file, RowKind.LINE) == lines(made)
    assert told(file, RowKind.ORDER) == orders(made)
    assert (file.contradictions(), file.warnings) == ([], ())


@SLOWLY
@given(registers())
@example(EVERYTHING)
def test_xlsx_that_another_program_saved_is_read_back_as_it_was(made: Register) -> None:
    workbook = openpyxl.load_workbook(io.BytesIO(xlsx_bytes(made)))
    saved = io.BytesIO()
    workbook.save(saved)
    file = parse_register(saved.getvalue(), "r.xlsx")
    assert told(file, RowKind.LINE) == lines(made)
    assert told(file, RowKind.ORDER) == orders(made)


@SLOWLY
@given(registers())
@example(EVERYTHING)
def test_csv_as_a_russian_excel_saves_it_is_read_back_as_it_was(made: Register) -> None:
    file = parse_register(russian(csv_bytes(made)), "r.csv")
    assert told(file, RowKind.LINE) == lines(made)
    assert file.contradictions() == []


def russian(content: bytes) -> bytes:
    """A BOM, semicolons, decimal commas, spaces between thousands, dates turned round."""
    rows = list(csv.reader(io.StringIO(content.decode(), newline="")))
    money, period = [rows[0].index(name) for name in ("amount", "order_amount")], rows[0].index("period")
    for row in rows[1:]:
        for column in money:
            row[column] = re.sub(r"(?<=\d)(?=(\d{3})+(?!\d|,))", "\u00a0", row[column].replace(".", ","), count=0)
            whole, _, rest = row[column].partition(",")
            row[column] = whole + (f",{rest}".replace("\u00a0", "") if rest else "")
        row[period] = "16.11.2026" if row[period] else ""
    written = io.StringIO()
    csv.writer(written, delimiter=";", lineterminator="\r\n").writerows(rows)
    return written.getvalue().encode("utf-8-sig")


@SLOWLY
@given(registers())
def test_equal_registers_are_equal_bytes(made: Register) -> None:
    again = Register(made.cadence, made.period, made.lines, made.orders, made.parks)
    assert csv_bytes(made) == csv_bytes(again)
    assert json_bytes(made) == json_bytes(again)


@SLOWLY
@given(registers())
@example(EVERYTHING)
def test_no_cell_of_csv_begins_like_a_formula(made: Register) -> None:
    for row in csv.reader(io.StringIO(csv_bytes(made).decode(), newline="")):
        assert not [cell for cell in row if cell.startswith(("=", "+", "-", "@", "\t", "\r"))]


@SLOWLY
@given(registers())
@example(EVERYTHING)
def test_no_cell_of_xlsx_is_a_formula_and_every_id_is_text(made: Register) -> None:
    for sheet in openpyxl.load_workbook(io.BytesIO(xlsx_bytes(made))):
        heading = [cell.value for cell in next(sheet.iter_rows())]
        for row in sheet.iter_rows(min_row=2):
            for name, cell in zip(heading, row, strict=True):
                assert cell.data_type in "sn"
                assert cell.value is None or cell.data_type == "s" or name not in {"park_id", "device_id", "doc_id"}


def test_amounts_have_exactly_the_currencys_minor_digits() -> None:
    minor = 12_345_000
    made = register(*(record(f"p-{each}", {"cam-1": minor, "cam-2": 0}, currency=each) for each in CURRENCIES))
    rows = list(csv.DictReader(io.StringIO(csv_bytes(made).decode())))
    documents = json.loads(json_bytes(made))
    sheet = openpyxl.load_workbook(io.BytesIO(xlsx_bytes(made)))["Lines"]
    column = [cell.value for cell in sheet[1]].index("amount")
    for number, currency in enumerate(CURRENCIES):
        digits = minor_digits(currency)
        paid, zero = rows[2 * number : 2 * number + 2]
        assert (Decimal(paid["amount"]).scaleb(digits), paid["currency"]) == (minor, currency)
        assert (len(f"{paid['amount']}.".split(".")[1]), zero["amount"]) == (digits, f"{0:.{digits}f}")
        assert documents["lines"][2 * number]["amount"] == paid["amount"]
        assert sheet[2 * number + 2][column].number_format == ("#,##0." + "0" * digits if digits else "#,##0")
    assert {total["amount"] for total in documents["totals"] if total["currency"] == "RUB"} == {"123450.00"}


def test_what_a_double_cannot_hold_is_text_in_xlsx() -> None:
    made = register(record(minors={"cam-1": 999_999_999_999_999, "cam-2": 10**17 + 1}))
    sheet = openpyxl.load_workbook(io.BytesIO(xlsx_bytes(made)))["Lines"]
    column = [cell.value for cell in sheet[1]].index("amount")
    assert [sheet[number][column].value for number in (2, 3)] == [9999999999999.99, "1000000000000000.01"]
