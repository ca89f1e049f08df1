"""Reading what billing-orders sends: an order, a page of orders, its errors, strictly or not at all (SPEC 8)."""

import json
import re
from dataclasses import dataclass
from decimal import Decimal
from typing import NoReturn

from signalq_billing.domain.order import BillingOrder

_DECIMAL = re.compile(r"-?[0-9]{1,30}(\.[0-9]{1,9})?", re.ASCII)


class NotTheObject(Exception):
    """The answer is not what was asked for; the message says in what."""


@dataclass(frozen=True, slots=True)
class Page:
    """Some orders of a listing, and the cursor to the next ones."""

    orders: tuple[BillingOrder, ...]
    cursor: str | None


def read_order(body: bytes) -> BillingOrder:
    """The order in a body. Raises NotTheObject."""
    return _order(_json(body))


def read_page(body: bytes) -> Page:
    """The page in a body. Raises NotTheObject."""
    document = _object(_json(body))
    orders, cursor = document.get("orders"), document.get("cursor")
    if not isinstance(orders, list):
        raise NotTheObject("orders is not a list")
    if cursor is not None and not isinstance(cursor, str):
        raise NotTheObject("cursor is neither a string nor null")
    return Page(tuple(_order(order) for order in orders), cursor or None)


def is_error_object(body: bytes) -> bool:
    """Whether the service itself speaks: {code, message}, and not a proxy or somebody else's page."""
    try:
        document = _object(_json(body))
    except NotTheObject:
        return False
    return isinstance(document.get("code"), str | int) and isinstance(document.get("message"), str)


def _json(body: bytes) -> object:
    try:
        return json.loads(body.decode("utf-8"), parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        raise NotTheObject("it is not JSON") from error


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


def _object(document: object) -> dict[str, object]:
    if not isinstance(document, dict):
        raise NotTheObject("it is not a JSON object")
    return document


def _order(document: object) -> BillingOrder:
    fields = _object(document)
    amount = _text(fields, "amount")
    if not _DECIMAL.fullmatch(amount):
        raise NotTheObject("amount is not a decimal string")
    return BillingOrder(
        doc_id=_doc_id(fields),
        external_ref=_text(fields, "external_ref"),
        amount=Decimal(amount),
        currency=_text(fields, "currency"),
        created_at=str(fields.get("created_at") or ""),
    )


def _doc_id(fields: dict[str, object]) -> str:
    """The contract does not say what a doc_id is made of: a number is one too."""
    value = fields.get("doc_id")
    return str(value) if type(value) is int else _text(fields, "doc_id")


def _text(fields: dict[str, object], name: str) -> str:
    """A string that says something and that a database can keep."""
    value = fields.get(name)
    if not isinstance(value, str) or not value.strip():
        raise NotTheObject(f"{name} is not a string or is empty")
    if any(letter == "\x00" or "\ud800" <= letter <= "\udfff" for letter in value):
        raise NotTheObject(f"{name} is not text")
    return value
