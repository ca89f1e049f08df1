"""What billing-orders demands of a POSTed order, independently of how our own code builds one (SPEC section 8)."""

import datetime as dt
import re
import zoneinfo
from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import Any, TypeVar

import iso4217

T = TypeVar("T")
_KIND = "signalq_camera_payout"
_AMOUNT = re.compile(r"-?(0|[1-9][0-9]*)(\.[0-9]+)?", re.ASCII)
_INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,6})?(Z|\+00:00)", re.ASCII)
_DATE = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
_KEYS = (
    *("external_ref", "kind", "park_id", "cadence", "period", "revision"),
    *("currency", "amount", "carried", "lines", "event_at"),
)
_PERIOD_KEYS = ("name", "start", "end", "timezone")


class Invalid(Exception):
    """Something in the payload is not as agreed; the message names the field."""


def check(payload: dict[str, Any]) -> None:
    """Raises Invalid with the first thing that is wrong."""
    _keys(payload, _KEYS, "")
    for field in ("external_ref", "kind", "park_id", "cadence", "currency"):
        _text(payload[field], field)
    if payload["kind"] != _KIND:
        raise Invalid(f"kind: {payload['kind']!r} is not {_KIND!r}")
    if type(payload["revision"]) is not int or payload["revision"] < 1:
        raise Invalid("revision: a whole number of 1 or more is expected")
    period_end = _period(payload["period"])
    if _instant(payload["event_at"], "event_at") != period_end:
        raise Invalid("event_at: differs from period.end")
    _money(payload)


def _keys(value: object, expected: tuple[str, ...], where: str) -> None:
    if not isinstance(value, dict):
        raise Invalid(f"{where or 'body'}: an object is expected")
    prefix = f"{where}." if where else ""
    for key in expected:
        if key not in value:
            raise Invalid(f"{prefix}{key}: is missing")
    for key in value:
        if key not in expected:
            raise Invalid(f"{prefix}{key}: is not a field of an order")


def _text(value: object, field: str) -> str:
    if not isinstance(value, str) or not value:
        raise Invalid(f"{field}: a non-empty string is expected")
    try:
        value.encode()
    except UnicodeEncodeError as error:
        raise Invalid(f"{field}: is not valid Unicode") from error
    return value


def _parsed(value: object, field: str, pattern: re.Pattern[str], parse: Callable[[str], T], expected: str) -> T:
    text = _text(value, field)
    try:
        if pattern.fullmatch(text):
            return parse(text)
    except ValueError:
        pass
    raise Invalid(f"{field}: {expected} is expected")


def _instant(value: object, field: str) -> dt.datetime:
    return _parsed(value, field, _INSTANT, dt.datetime.fromisoformat, "a UTC instant such as 2026-11-01T21:00:00Z")


def _period(period: dict[str, object]) -> dt.datetime:
    """Checks the period; returns its end."""
    _keys(period, _PERIOD_KEYS, "period")
    name = _parsed(period["name"], "period.name", _DATE, dt.date.fromisoformat, "a date such as 2026-11-02")
    start, end = _instant(period["start"], "period.start"), _instant(period["end"], "period.end")
    try:
        zone = zoneinfo.ZoneInfo(_text(period["timezone"], "period.timezone"))
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise Invalid("period.timezone: an IANA zone is expected") from error
    if start >= end:
        raise Invalid("period.end: is not after period.start")
    if start.astimezone(zone).date() != name:
        raise Invalid("period.name: is not the local date of period.start")
    return end


def _money(payload: dict[str, Any]) -> None:
    digits = _minor_digits(payload["currency"])
    amount = _amount(payload["amount"], "amount", digits)
    carried = _amount(payload["carried"], "carried", digits)
    lines = list(_lines(payload["lines"], digits))
    if amount <= 0:
        raise Invalid("amount: must be more than zero")
    if carried > 0:
        raise Invalid("carried: must not be more than zero")
    if payload["revision"] == 1 and any(line < 0 for line in lines):
        raise Invalid("lines: only an adjustment takes anything back")
    if sum(lines) + carried != amount:
        raise Invalid(f"amount: {amount} is not the sum of the lines {sum(lines)} and carried {carried}")


def _lines(lines: object, digits: int) -> Iterator[Decimal]:
    if not isinstance(lines, list) or not lines:
        raise Invalid("lines: a non-empty list is expected")
    devices: set[str] = set()
    for index, line in enumerate(lines):
        where = f"lines[{index}]"
        _keys(line, ("device_id", "amount"), where)
        device_id = _text(line["device_id"], f"{where}.device_id")
        if device_id in devices:
            raise Invalid(f"{where}.device_id: {device_id!r} has a line already")
        devices.add(device_id)
        yield _amount(line["amount"], f"{where}.amount", digits)


def _amount(value: object, field: str, digits: int) -> Decimal:
    amount = _parsed(value, field, _AMOUNT, Decimal, "a decimal string")
    if -int(amount.as_tuple().exponent) != digits:
        raise Invalid(f"{field}: {value!r} does not have the currency's {digits} minor digits")
    return amount


def _minor_digits(currency: str) -> int:
    try:
        digits = iso4217.Currency(currency).exponent
    except ValueError as error:
        raise Invalid(f"currency: {currency!r} is not an ISO 4217 code") from error
    if digits is None:
        raise Invalid(f"currency: {currency} has no minor unit")
    return int(digits)
