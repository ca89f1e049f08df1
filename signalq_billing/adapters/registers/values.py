"""What single cells of a register mean, as spreadsheets and people write them. Each raises ValueError, in words for
whoever filled the cell in."""

import datetime as dt
import math
import re
from dataclasses import dataclass
from decimal import Decimal


@dataclass(frozen=True, slots=True)
class Uncomputed:
    """A formula whose value the file does not have."""

    def __str__(self) -> str:
        return "of a formula"


RawCell = str | int | float | Decimal | bool | dt.date | Uncomputed | None
_EXACT_DIGITS = 15
_LONGEST_DOC_ID = 200
_FORMULA_ERROR = re.compile(r"#(N/A|Н/Д|[^\W\d_]+(/0)?[!?])")
# What a spreadsheet shows of a long number, and saves: most of its digits are gone.
_SHORTENED = re.compile(r"[+-]?\d+([.,]\d+)?E[+-]\d+|[+-]?\d+[.,]\d+E\d+", re.ASCII | re.IGNORECASE)
_PLAIN = re.compile(r"-?\d+(\.\d+)?")
_WITH_COMMA = re.compile(r"-?(\d+|\d{1,3}([ \u00a0\u202f]\d{3})+)([.,]\d+)?")


def text_of(cell: RawCell) -> str:
    """A text, or a whole number that stands for one."""
    if isinstance(cell, str):
        return cell
    if isinstance(cell, bool | dt.date) or cell is None:
        raise ValueError(f"{cell} is not a text: a spreadsheet made something else of it; format the column as text")
    number = _exact(cell)
    if number != number.to_integral_value() or len(format(number, "f").lstrip("-0")) > _EXACT_DIGITS:
        raise ValueError(f"{cell} is a number: a spreadsheet may have changed it; format the column as text")
    return format(number.to_integral_value(), "f")


def doc_id_of(cell: RawCell) -> str:
    """The document of a payment, without spaces around it."""
    text = text_of(cell).strip()
    if len(text) > _LONGEST_DOC_ID or not text.isprintable():
        raise ValueError(f"{text[:40]!r} is no doc id: it is printable text of at most {_LONGEST_DOC_ID} characters")
    if _SHORTENED.fullmatch(text):
        raise ValueError(f"{text!r} is a number: a spreadsheet may have changed it; format the column as text")
    if _FORMULA_ERROR.fullmatch(text):
        raise ValueError(f"{text!r} looks like the error of a formula")
    return text


def number_of(cell: RawCell) -> int:
    """A whole number."""
    text = text_of(cell).strip()
    if not re.fullmatch(r"\d{1,9}", text, re.ASCII):
        raise ValueError(f"{text!r} is not a whole number")
    return int(text)


def date_of(cell: RawCell) -> dt.date:
    """A date: YYYY-MM-DD, or as spreadsheets in Russian rewrite it, DD.MM.YYYY."""
    if isinstance(cell, dt.datetime):
        return cell.date()
    if isinstance(cell, dt.date):
        return cell
    text = text_of(cell).strip()
    if found := re.fullmatch(r"(\d{4})-(\d\d)-(\d\d)", text, re.ASCII):
        year, month, day = found.groups()
    elif found := re.fullmatch(r"(\d\d)\.(\d\d)\.(\d{4})", text, re.ASCII):
        day, month, year = found.groups()
    else:
        raise ValueError(f"{text!r} is not a date written YYYY-MM-DD")
    try:
        return dt.date(int(year), int(month), int(day))
    except ValueError:
        raise ValueError(f"{text!r} is no day of the calendar") from None


def amount_of(cell: RawCell, *, decimal_comma: bool) -> Decimal:
    """An exact amount: a decimal point, and with `decimal_comma` also a comma, and spaces between thousands."""
    if isinstance(cell, str):
        text = cell.strip()
        if not (_WITH_COMMA if decimal_comma else _PLAIN).fullmatch(text):
            raise ValueError(f"{text!r} is not an amount such as {'1234,50' if decimal_comma else '1234.50'}")
        return Decimal(re.sub(r"[ \u00a0\u202f]", "", text).replace(",", "."))
    if isinstance(cell, bool | dt.date) or cell is None:
        raise ValueError(f"{cell} is not an amount: a spreadsheet made something else of it")
    return _exact(cell)


def _exact(number: float | Decimal | Uncomputed) -> Decimal:
    """The shortest decimal that a spreadsheet's number stands for: what was typed, up to 15 digits."""
    if isinstance(number, Uncomputed):
        raise ValueError("is a formula without a value: write the number itself")
    if not isinstance(number, int | float | Decimal):  # JSON has lists and objects too
        raise ValueError(f"{str(number)[:40]!r} is neither a text nor a number")
    if isinstance(number, float) and not math.isfinite(number):
        raise ValueError(f"{number} is not a number")
    return number if isinstance(number, Decimal) else Decimal(repr(number))
