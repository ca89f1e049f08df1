"""YSON and YT's JSON dialect, to and from Python values, with the bindings of `ytsaurus-yson`."""

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, BinaryIO, TypeAlias

import yt.yson

# A parsed YSON value: its shape is the caller's, not ours.
Yson: TypeAlias = Any

Uint64 = yt.yson.YsonUint64
Entity = yt.yson.YsonEntity
Boolean = yt.yson.YsonBoolean
ParseError = yt.yson.YsonError


def loads(data: bytes) -> Yson:
    """One YSON value; strings are text where they are UTF-8."""
    return yt.yson.loads(data)


def dumps(value: Yson, text: bool = False) -> bytes:
    result: bytes = yt.yson.dumps(value, yson_format="text" if text else "binary")
    return result


def with_attributes(value: Yson, attributes: Mapping[str, Yson]) -> Yson:
    wrapped = yt.yson.to_yson_type(value)
    wrapped.attributes = dict(attributes)
    return wrapped


def attributes_of(value: Yson) -> dict[str, Yson]:
    return dict(getattr(value, "attributes", None) or {})


def load_rows(stream: BinaryIO) -> Iterator[Yson]:
    """Rows of a list fragment, one by one, strings as bytes and plain Python values where there are no attributes."""
    rows: Iterator[Yson] = yt.yson.load(
        stream, yson_type="list_fragment", encoding=None, always_create_attributes=False
    )
    return rows


def dump_rows(rows: Iterable[Yson], text: bool) -> bytes:
    result: bytes = yt.yson.dumps(list(rows), yson_type="list_fragment", yson_format="text" if text else "binary")
    return result


def loads_bytes(data: bytes) -> Yson:
    """One YSON value with strings as bytes: what is stored in `any` columns."""
    return yt.yson.loads(data, encoding=None, always_create_attributes=False)


def dumps_json(value: Yson, encode_utf8: bool = True) -> bytes:
    """YT's JSON: with `encode_utf8` the bytes of a string become the characters of the same numbers."""
    return json.dumps(_as_json(value, encode_utf8), ensure_ascii=False, separators=(",", ":")).encode()


def loads_json(data: bytes, encode_utf8: bool = True) -> Yson:
    return yt.yson.json_to_yson(_plain_text(json.loads(data), encode_utf8))


def bytes_from_json(value: Yson, encode_utf8: bool) -> Yson:
    """A JSON value as YSON with strings as bytes."""
    if isinstance(value, str):
        try:
            return value.encode("latin-1" if encode_utf8 else "utf-8")
        except UnicodeEncodeError:
            return value.encode()
    if isinstance(value, dict):
        return {bytes_from_json(key, encode_utf8): bytes_from_json(item, encode_utf8) for key, item in value.items()}
    if isinstance(value, list):
        return [bytes_from_json(item, encode_utf8) for item in value]
    if isinstance(value, int) and not isinstance(value, bool) and value >= 2**63:
        return Uint64(value)
    return value


def _as_json(value: Yson, encode_utf8: bool) -> Yson:
    """Attributes and names that begin with a dollar sign are spelled as YT spells them."""
    attributes = attributes_of(value)
    plain: Yson
    if isinstance(value, dict):
        plain = {_json_key(_json_text(key, encode_utf8)): _as_json(item, encode_utf8) for key, item in value.items()}
    elif isinstance(value, list | tuple):
        plain = [_as_json(item, encode_utf8) for item in value]
    elif isinstance(value, str | bytes):
        plain = _json_text(value, encode_utf8)
    elif isinstance(value, Boolean):
        plain = bool(value)
    else:
        plain = None if isinstance(value, Entity) else value
    return {"$attributes": _as_json(attributes, encode_utf8), "$value": plain} if attributes else plain


def _json_key(key: str) -> str:
    return f"${key}" if key.startswith("$") else key


def _json_text(value: str | bytes, encode_utf8: bool) -> str:
    raw = value.encode("utf-8", "surrogateescape") if isinstance(value, str) else value
    return raw.decode("latin-1") if encode_utf8 else raw.decode("utf-8", "replace")


def _plain_text(value: Yson, encode_utf8: bool) -> Yson:
    if isinstance(value, str) and encode_utf8:
        try:
            return value.encode("latin-1").decode("utf-8")
        except (UnicodeEncodeError, UnicodeDecodeError):
            return value
    if isinstance(value, dict):
        return {_plain_text(key, encode_utf8): _plain_text(item, encode_utf8) for key, item in value.items()}
    if isinstance(value, list):
        return [_plain_text(item, encode_utf8) for item in value]
    return value
