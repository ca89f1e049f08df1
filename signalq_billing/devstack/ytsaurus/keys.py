"""How YT orders values in keys: null first, then integers, doubles, booleans and strings, each kind by itself."""

from typing import TypeAlias

from signalq_billing.devstack.ytsaurus import yson
from signalq_billing.devstack.ytsaurus.yson import Yson

SortKey: TypeAlias = tuple[tuple[int, Yson], ...]
_MINIMUM, _NULL, _INTEGER, _DOUBLE, _BOOLEAN, _STRING, _MAXIMUM = -1, 0, 1, 2, 3, 4, 9
MAXIMUM = (_MAXIMUM, 0)


def key_of(value: Yson) -> tuple[int, Yson]:
    """One part of a key, comparable with every other."""
    if value is None or isinstance(value, yson.Entity):
        kind = str(yson.attributes_of(value).get("type", "null"))
        return {"max": MAXIMUM, "min": (_MINIMUM, 0)}.get(kind, (_NULL, 0))
    if isinstance(value, bool | yson.Boolean):
        return _BOOLEAN, bool(value)
    if isinstance(value, int):
        return _INTEGER, int(value)
    if isinstance(value, float):
        return _DOUBLE, float(value)
    return _STRING, value.encode() if isinstance(value, str) else bytes(value)
