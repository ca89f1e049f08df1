"""The tables of a file that people give back, whatever its format: named cells row by row, not yet understood."""

import csv
import io
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import islice

from signalq_billing.adapters.registers.columns import LINE, ORDER
from signalq_billing.adapters.registers.csv_file import unguarded
from signalq_billing.adapters.registers.values import RawCell
from signalq_billing.adapters.registers.workbook import tables
from signalq_billing.errors import RegisterUnreadable

NEEDED = frozenset({"external_ref", "doc_id"})
_SEARCHED_FOR_HEADINGS = 20
_PARKS = "Parks"
NOT_READ = ""


@dataclass(frozen=True, slots=True)
class Sheet:
    """One table. `rows` are (where, cells by column); `of` is what its rows are where they do not say it themselves,
    NOT_READ if they are only looked through for doc ids; `place` is where its columns are named; `decimal_comma`:
    numbers are written as in Russian."""

    of: str
    place: str
    names: tuple[str, ...]
    rows: Sequence[tuple[str, Mapping[str, RawCell]]]
    decimal_comma: bool = False


def sheets(content: bytes, name: str, said: list[str]) -> list[Sheet]:
    """The tables of the file, told by its content. Adds to `said` what was left out. Raises RegisterUnreadable."""
    if not content.strip():
        raise RegisterUnreadable("it is empty")
    if content.startswith(b"PK\x03\x04"):
        return _of_xlsx(content, said)
    if content.startswith(b"\xd0\xcf\x11\xe0"):
        raise RegisterUnreadable("it is an old .xls or a locked workbook: save it as .xlsx without a password")
    try:
        text = _decoded(content, said)
        return _of_json(text) if text.lstrip().startswith("{") else [_of_csv(text)]
    except RegisterUnreadable as error:
        if name.lower().endswith(".xlsx"):
            raise RegisterUnreadable(
                "it is not an XLSX file, whatever its name: open it, and save it as .xlsx"
            ) from error
        raise


def _decoded(content: bytes, said: list[str]) -> str:
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise RegisterUnreadable("it is UTF-16 text: save it as .xlsx or as CSV UTF-8")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        said.append("the file is not UTF-8; it was read as windows-1251, as a Russian Excel saves CSV")
        return content.decode("cp1251", errors="replace")


def _of_csv(text: str) -> Sheet:
    csv.field_size_limit(max(len(text), 131_072))
    for delimiter in (",", ";"):
        try:
            rows = list(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True))
        except csv.Error as error:
            problem: str | None = str(error)
            continue
        problem = None
        if _headings(rows) is not None:
            cells = [[unguarded(cell) for cell in row] for row in rows]
            return _sheet(cells, "row", "", decimal_comma=delimiter == ";")
    raise RegisterUnreadable(problem or _no_headings("none of its first rows"))


def _of_xlsx(content: bytes, said: list[str]) -> list[Sheet]:
    found: list[Sheet] = []
    for title, rows in tables(content).items():
        if title != _PARKS and _headings(rows):
            found.append(_sheet(rows, f"{title} row", title))
            continue
        found.append(Sheet(NOT_READ, title, (), list(_doc_ids_below(rows, f"{title} row"))))
        if title != _PARKS:
            said.append(f"sheet {title!r} is not used: it has no columns external_ref and doc_id")
    if all(sheet.of == NOT_READ for sheet in found):
        raise RegisterUnreadable(_no_headings("no sheet"))
    return found


def _doc_ids_below(rows: Sequence[Sequence[RawCell]], where: str) -> Iterator[tuple[str, Mapping[str, RawCell]]]:
    """What stands under a heading doc_id in a table that is not read."""
    columns: set[int] = set()
    for number, row in enumerate(rows, start=1):
        yield from ((f"{where} {number}", {"doc_id": row[column]}) for column in sorted(columns) if column < len(row))
        columns |= {column for column, name in enumerate(_names(row)) if name == "doc_id"}


def _of_json(text: str) -> list[Sheet]:
    try:
        document = json.loads(text, parse_float=Decimal, object_pairs_hook=_object)
    except (ValueError, RecursionError) as error:
        raise RegisterUnreadable(f"it is no readable JSON: {error}") from error
    lines, orders = _of_list(document, "lines", LINE), _of_list(document, "orders", ORDER)
    if not {"lines", "orders"} & document.keys() or not all(set(each.names) >= NEEDED for each in (*lines, *orders)):
        raise RegisterUnreadable("it has no lines and no orders with external_ref and doc_id")
    rest = {name: value for name, value in document.items() if name not in {"lines", "orders", "totals"}}
    not_read = Sheet(NOT_READ, "", (), list(_doc_ids_within(rest, "")))
    return [*lines, *orders, *_of_list(document, "totals", LINE if lines else ORDER, row="total"), not_read]


def _object(pairs: list[tuple[str, RawCell]]) -> dict[str, RawCell]:
    """An object of JSON by its names as columns are named. One that stands in it twice would hide a value."""
    names = [name.strip().lower() for name, _ in pairs]
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise RegisterUnreadable(f"{', '.join(twice)} stand more than once in one object")
    return dict(zip(names, (value for _, value in pairs), strict=True))


def _doc_ids_within(value: object, where: str) -> Iterator[tuple[str, Mapping[str, RawCell]]]:
    """Every doc_id in a part of JSON that is not read."""
    if isinstance(value, list):
        for index, each in enumerate(value):
            yield from _doc_ids_within(each, f"{where}[{index}]")
    elif isinstance(value, dict):
        if "doc_id" in value:
            yield where or "the file", {"doc_id": value["doc_id"]}
        for name, each in value.items():
            yield from _doc_ids_within(each, f"{where}.{name}" if where else name)


def _of_list(document: Mapping[str, object], name: str, of: str, **more: RawCell) -> list[Sheet]:
    """A sheet of the objects under `name`, none if there are none."""
    rows = document.get(name, [])
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise RegisterUnreadable(f"{name!r} is not a list of objects")
    placed = [(f"{name}[{index}]", {**row, **more}) for index, row in enumerate(rows)]
    names = tuple(dict.fromkeys(key for _, row in placed for key in row))
    return [Sheet(of, name, names, placed)] if placed else []


def _headings(rows: Sequence[Sequence[RawCell]]) -> int | None:
    """The number of the row that names the columns, counted from 1; people put titles above it."""
    for number, row in enumerate(islice(rows, _SEARCHED_FOR_HEADINGS), start=1):
        if set(_names(row)) >= NEEDED:
            return number
    return None


def _names(row: Sequence[RawCell]) -> list[str]:
    return [str(cell).strip().lower() if cell is not None else "" for cell in row]


def _no_headings(subject: str) -> str:
    return f"{subject} has the columns external_ref and doc_id: is it a file that `signalq-billing export` made?"


def _sheet(rows: Sequence[Sequence[RawCell]], where: str, title: str, *, decimal_comma: bool = False) -> Sheet:
    above = _headings(rows) or 0
    names = _names(rows[above - 1])
    if twice := sorted({name for name in names if name and names.count(name) > 1}):
        raise RegisterUnreadable(f"{where} {above}: the columns {', '.join(twice)} are there more than once")
    of = ORDER if title.lower() == "orders" or not {"order_amount", "active_days"} & set(names) else LINE
    placed = []
    for number, row in enumerate(rows[above:], start=above + 1):
        if any(cell not in (None, "") for cell in row[len(names) :]):
            raise RegisterUnreadable(f"{where} {number}: it has more cells than there are columns")
        if set(_names(row)) >= NEEDED:
            raise RegisterUnreadable(
                f"{where} {number}: the names of the columns stand here again: several files were put into one; "
                f"give back each by itself"
            )
        if any(cell not in (None, "") for cell in row):
            cells = dict(zip(names, row, strict=False))
            placed.append((f"{where} {number}", cells))
    return Sheet(of, f"{where} {above}", tuple(name for name in names if name), placed, decimal_comma)
