"""Single values of the config files, from literal text to exact types. Each reader raises Wrong, which says what the
value must be instead."""

import datetime as dt
import re
from collections.abc import Callable, Collection
from decimal import Decimal
from typing import TypeVar

from signalq_billing.adapters.config_files.yaml_tree import Listing, Scalar, Tree
from signalq_billing.domain.config_body import decimal_text
from signalq_billing.domain.near_miss import near_miss, suggestion
from signalq_billing.domain.period import zone
from signalq_billing.errors import UsageError

T = TypeVar("T")
Reader = Callable[[Tree], T]

_NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d{1,2})?", re.ASCII)
_LEADING_ZERO = re.compile(r"[+-]?0\d", re.ASCII)
_OTHER_DATES = (
    re.compile(r"(?P<year>\d{4})[-/.]?(?P<month>\d{1,2})[-/.]?(?P<day>\d{1,2})(?:[T ].*)?", re.ASCII),
    re.compile(r"(?P<day>\d{1,2})\.(?P<month>\d{1,2})\.(?P<year>\d{4})", re.ASCII),
)
_SWITCH = {"true": True, "yes": True, "on": True, "false": False, "no": False, "off": False}
_NOT_ZONES = ("posix/", "right/")
_LARGEST = Decimal(10) ** 15
FIRST_DAY, LAST_DAY = dt.date(1970, 1, 1), dt.date(2199, 12, 31)


class Wrong(Exception):
    """A value is not what its key takes; the message completes "it ..."."""


def text(tree: Tree) -> str:
    """A non-empty string without NUL, in any notation: `007` and `on` are strings too."""
    if not isinstance(tree, Scalar) or tree.is_null:
        raise Wrong(f"must be a text, not {_kind(tree)}")
    if not tree.text:
        raise Wrong("must not be empty")
    if "\0" in tree.text:
        raise Wrong("must not contain the NUL character")
    return tree.text


def _kind(tree: Tree) -> str:
    """What stands there in place of a single value."""
    if isinstance(tree, Scalar):
        return "null"
    return "a list" if isinstance(tree, Listing) else "a mapping"


def one_of(names: Collection[str]) -> Reader[str]:
    """One of these names."""

    def read(tree: Tree) -> str:
        found = text(tree)
        if found not in names:
            raise Wrong(f"{found!r} is not known here; {suggestion(found, names)}")
        return found

    return read


def matching(pattern: str, meaning: str) -> Reader[str]:
    """A text of a certain form."""
    compiled = re.compile(pattern)

    def read(tree: Tree) -> str:
        found = text(tree)
        if not compiled.fullmatch(found):
            raise Wrong(f"{found!r} must be {meaning}")
        return found

    return read


def number(low: int = 0, high: Decimal = _LARGEST, above: bool = False) -> Reader[Decimal]:
    """An exact decimal from `low` (or, with `above`, greater than it) to `high`."""

    def read(tree: Tree) -> Decimal:
        found = _decimal(tree)
        if found < low or (above and found == low):
            raise Wrong(f"must be {'above' if above else 'at least'} {low}, not {decimal_text(found)}")
        if found > high:
            raise Wrong(f"must be at most {decimal_text(high)}, not {decimal_text(found)}")
        return found

    return read


def whole(low: int, high: int) -> Reader[int]:
    """A whole number from `low` to `high`."""

    def read(tree: Tree) -> int:
        found = _decimal(tree, "digits alone, such as 3600")
        if found != found.to_integral_value():
            raise Wrong(f"must be a whole number, not {decimal_text(found)}")
        if not low <= found <= high:
            raise Wrong(f"must be from {low} to {high}, not {decimal_text(found)}")
        return int(found)

    return read


def _decimal(tree: Tree, form: str = "digits and a point, such as 12.50") -> Decimal:
    if not isinstance(tree, Scalar) or tree.is_null:
        raise Wrong(f"must be a number, not {_kind(tree)}")
    if len(tree.text) > 40 or not _NUMBER.fullmatch(tree.text):
        raise Wrong(f"{tree.text[:40]!r} is not a number; write {form}")
    if not tree.quoted and _LEADING_ZERO.match(tree.text):
        raise Wrong(f"{tree.text} is unclear, YAML takes a leading zero for octal; leave the zero out or quote it")
    if tree.quoted and "e" in tree.text.lower():
        raise Wrong(f"{tree.text!r} is a text with an exponent; write the number out")
    return abs(Decimal(tree.text)) if Decimal(tree.text) == 0 else Decimal(tree.text)


def switch(tree: Tree) -> bool:
    """true or false, also written yes/no or on/off; never quoted, for "no" in quotes is a text that says something."""
    found = text(tree).lower()
    if isinstance(tree, Scalar) and tree.quoted:
        raise Wrong(f"must be true or false without quotes, not the text {tree.text!r}")
    if found not in _SWITCH:
        raise Wrong(f"must be true or false, not {found!r}")
    return _SWITCH[found]


def day(tree: Tree) -> dt.date:
    """A local date."""
    found = text(tree)
    try:
        if not re.fullmatch(r"\d{4}-\d{2}-\d{2}", found, re.ASCII):
            raise ValueError
        date = dt.date.fromisoformat(found)
    except ValueError:
        meant = _meant_date(found)
        remedy = f"did you mean {meant}?" if meant else "write it like 2026-11-01"
        raise Wrong(f"{found!r} is not a date written YYYY-MM-DD; {remedy}") from None
    if not FIRST_DAY <= date <= LAST_DAY:
        raise Wrong(f"must be a date from {FIRST_DAY} to {LAST_DAY}, not {date}")
    return date


def _meant_date(text: str) -> dt.date | None:
    """The date in some other notation, where only one can be meant."""
    for notation in _OTHER_DATES:
        if found := notation.fullmatch(text):
            try:
                return dt.date(int(found["year"]), int(found["month"]), int(found["day"]))
            except ValueError:
                return None
    return None


def timezone(tree: Tree) -> str:
    """The exact name of an IANA zone."""
    from zoneinfo import available_timezones  # noqa: PLC0415 - reads a directory: only on the way to an error

    found = text(tree)
    try:
        if zone(found).name == found and not found.startswith(_NOT_ZONES) and found not in {"localtime", "Factory"}:
            return found
    except UsageError:
        pass
    # A zone with a digit in it is an offset, which is written the other way round in IANA's names.
    near = None if any(char.isdigit() for char in found) else near_miss(found, available_timezones())
    remedy = f"did you mean {near!r}?" if near else "name a city's zone, such as Europe/Moscow"
    raise Wrong(f"{found!r} is not an IANA time zone; {remedy}")
