"""Text as PostgreSQL can hold it. Ids may be any UTF-8, NUL included, which PostgreSQL's text and jsonb refuse.

Stored, a backslash is doubled and NUL is a backslash and 000: bytea's own escape format, so that `device_id::bytea`
is the bytes of the id.
"""

import re
from typing import Any

from sqlalchemy import Dialect, Text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.types import TypeDecorator

_STORED = {"\\": "\\\\", "\x00": "\\000"}


def escape(text: str) -> str:
    """The stored form of `text`."""
    if "\\" not in text and "\x00" not in text:
        return text
    return re.sub(r"[\\\x00]", lambda found: _STORED[found[0]], text)


def unescape(stored: str) -> str:
    """The text whose stored form this is."""
    if "\\" not in stored:
        return stored
    return re.sub(r"\\(\\|000)", lambda found: "\\" if found[1] == "\\" else "\x00", stored)


def escape_document(value: object) -> object:
    """The stored form of a JSON value: every string in it escaped, keys too."""
    return _each_string(value, escape)


def _each_string(value: object, change: Any) -> object:  # noqa: ANN401 - a function of str
    if isinstance(value, str):
        return change(value)
    if isinstance(value, dict):
        return {change(key): _each_string(each, change) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_each_string(each, change) for each in value]
    return value


class StoredText(TypeDecorator[str]):
    """Any text, ordered bytewise."""

    impl = Text
    cache_ok = True

    def __init__(self) -> None:
        super().__init__(collation="C")

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:  # noqa: ARG002
        return None if value is None else escape(value)

    def process_result_value(self, value: str | None, dialect: Dialect) -> str | None:  # noqa: ARG002
        return None if value is None else unescape(value)


class StoredDocument(TypeDecorator[object]):
    """A JSON value with any text in it."""

    impl = JSONB
    cache_ok = True

    def process_bind_param(self, value: object, dialect: Dialect) -> object:  # noqa: ARG002
        return escape_document(value)

    def process_result_value(self, value: object, dialect: Dialect) -> object:  # noqa: ARG002
        return _each_string(value, unescape)
