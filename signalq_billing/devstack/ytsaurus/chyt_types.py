"""Types across the border of CHYT: what ClickHouse sees of a YT column, and what a ClickHouse result becomes in YT."""

import re

from signalq_billing.devstack.ytsaurus.errors import ClusterError
from signalq_billing.devstack.ytsaurus.schema import Column, Schema
from signalq_billing.devstack.ytsaurus.yson import Yson

_TO_CLICKHOUSE = {
    "int8": "Int8", "int16": "Int16", "int32": "Int32", "int64": "Int64",
    "uint8": "UInt8", "uint16": "UInt16", "uint32": "UInt32", "uint64": "UInt64",
    "double": "Float64", "float": "Float32", "boolean": "Bool",
    "string": "String", "utf8": "String", "json": "String", "uuid": "String", "any": "String",
    "date": "Date", "datetime": "DateTime", "interval": "Int64",
    "date32": "Int32", "datetime64": "Int64", "timestamp64": "Int64", "interval64": "Int64",
    "null": "Nothing", "void": "Nothing",
}  # fmt: skip
_TO_YT = {
    **{f"{sign}Int{bits}": f"{sign.lower()}int{bits}" for sign in ("", "U") for bits in (8, 16, 32, 64)},
    "Float32": "float", "Float64": "double", "Bool": "boolean", "String": "string",
    "Date": "date", "DateTime": "datetime",
}  # fmt: skip
_NEWER = {"Date32": "date32", "DateTime64(6)": "timestamp64"}
_V3 = {"boolean": "bool"}


def clickhouse_type(column: Column, timestamps: str) -> str:
    """The type CHYT gives a column. `timestamps` is uint64 or datetime64, as clusters differ."""
    if column.composite:
        return _of_v3(column.v3, timestamps)
    return _simple(column.type, timestamps, optional=not column.required)


def _simple(kind: str, timestamps: str, optional: bool) -> str:
    if kind == "timestamp":
        name = "UInt64" if timestamps == "uint64" else "DateTime64(6)"
    elif timestamps != "uint64" and kind == "timestamp64":
        name = "DateTime64(6)"
    else:
        name = _TO_CLICKHOUSE[kind]
    return f"Nullable({name})" if optional else name


def _of_v3(v3: Yson, timestamps: str) -> str:
    if isinstance(v3, str):
        return _simple({"bool": "boolean", "yson": "any"}.get(str(v3), str(v3)), "uint64", optional=False)
    kind = str(v3["type_name"])
    if kind == "optional":
        inner = _of_v3(v3["item"], timestamps)
        return inner if inner.startswith(("Array", "Tuple", "Map")) else f"Nullable({inner})"
    if kind == "list":
        return f"Array({_of_v3(v3['item'], timestamps)})"
    if kind == "dict":
        return f"Map({_of_v3(v3['key'], timestamps)}, {_of_v3(v3['value'], timestamps)})"
    if kind == "struct":
        members = (f"`{member['name']}` {_of_v3(member['type'], timestamps)}" for member in v3["members"])
        return f"Tuple({', '.join(members)})"
    if kind == "tuple":
        return f"Tuple({', '.join(_of_v3(e['type'], timestamps) for e in v3['elements'])})"
    if kind == "decimal":
        return f"Decimal({v3['precision']}, {v3['scale']})"
    raise ClusterError(f'Type "{kind}" cannot be read by CHYT')


def yt_schema(columns: list[tuple[str, str]], timestamps: str) -> Schema:
    """The schema of a table made from a result. Raises ClusterError for types YT has nothing for."""
    return Schema(tuple(_yt_column(name, kind, timestamps) for name, kind in columns), strict=True)


def _yt_column(name: str, kind: str, timestamps: str) -> Column:
    v3 = _yt_v3(" ".join(kind.split()), timestamps)
    if isinstance(v3, str):
        return Column(name, {"bool": "boolean"}.get(v3, v3), required=True)
    if v3["type_name"] == "optional" and isinstance(v3["item"], str):
        return Column(name, {"bool": "boolean"}.get(v3["item"], v3["item"]))
    return Column(name, "any", required=v3["type_name"] != "optional", v3=v3)


def _yt_v3(kind: str, timestamps: str) -> Yson:
    known = dict(_TO_YT) if timestamps == "uint64" else {**_TO_YT, **_NEWER}
    base = re.sub(r"^(DateTime)\('.*'\)$|^(DateTime64\(6), '.*'(\))$", lambda m: m[1] or m[2] + m[3], kind)
    if base in ("Nothing", "Nullable(Nothing)"):
        return "void"
    if base in known:
        return _V3.get(known[base], known[base])
    if base.startswith("FixedString("):
        return "string"
    match = re.match(r"^(Nullable|LowCardinality|Array|Map|Tuple|Decimal)\((.*)\)$", base)
    if match is None or (timestamps == "uint64" and match[1] in ("LowCardinality", "Map")):
        raise ClusterError(f'ClickHouse type "{kind}" is not representable in YT')
    return _composite(match[1], _arguments(match[2]), timestamps)


def _composite(name: str, arguments: list[str], timestamps: str) -> Yson:
    if name == "Nullable":
        return {"type_name": "optional", "item": _yt_v3(arguments[0], timestamps)}
    if name == "LowCardinality":
        return _yt_v3(arguments[0], timestamps)
    if name == "Array":
        return {"type_name": "list", "item": _yt_v3(arguments[0], timestamps)}
    if name == "Map":
        return {"type_name": "dict", "key": _yt_v3(arguments[0], timestamps), "value": _yt_v3(arguments[1], timestamps)}
    if name == "Decimal":
        return {"type_name": "decimal", "precision": int(arguments[0]), "scale": int(arguments[1])}
    members = [re.match(r"^(?:`([^`]+)`|([A-Za-z_]\w*)) (.+)$", argument) for argument in arguments]
    if all(members):
        found = [(m[1] or m[2], m[3]) for m in members if m]
        return {"type_name": "struct", "members": [{"name": n, "type": _yt_v3(k, timestamps)} for n, k in found]}
    return {"type_name": "tuple", "elements": [{"type": _yt_v3(argument, timestamps)} for argument in arguments]}


def _arguments(text: str) -> list[str]:
    found, depth, current = [], 0, ""
    for char in text:
        depth += (char == "(") - (char == ")")
        if char == "," and not depth:
            found.append(current.strip())
            current = ""
        else:
            current += char
    return [*found, current.strip()]
