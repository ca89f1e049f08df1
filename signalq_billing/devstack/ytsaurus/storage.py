"""How YT's values lie in Parquet: one Arrow type per YT type, chosen so that ClickHouse can read the files directly."""

import sys
from importlib.abc import MetaPathFinder

import pyarrow as pa

from signalq_billing.devstack.ytsaurus.errors import ClusterError
from signalq_billing.devstack.ytsaurus.schema import INTEGER_BITS, Column, Schema
from signalq_billing.devstack.ytsaurus.yson import Yson

_SIMPLE: dict[str, pa.DataType] = {
    **{name: getattr(pa, name)() for name in INTEGER_BITS},
    "double": pa.float64(),
    "float": pa.float32(),
    "boolean": pa.bool_(),
    "string": pa.binary(),
    "utf8": pa.string(),
    "json": pa.string(),
    "uuid": pa.binary(),
    "any": pa.binary(),
    "null": pa.int8(),
    "void": pa.int8(),
    "date": pa.uint16(),
    "datetime": pa.uint32(),
    "timestamp": pa.uint64(),
    "interval": pa.int64(),
    "date32": pa.int32(),
    "datetime64": pa.int64(),
    "timestamp64": pa.int64(),
    "interval64": pa.int64(),
}
# YT bounds its old date types: the last instant is the end of the year 2105.
MAXIMUM = {"date": 49_673, "datetime": 49_673 * 86_400, "timestamp": 49_673 * 86_400_000_000}


def arrow_type(column: Column) -> pa.DataType:
    return v3_arrow_type(column.v3) if column.composite else _SIMPLE[column.type]


def arrow_schema(schema: Schema) -> pa.Schema:
    return pa.schema(
        [pa.field(column.name, arrow_type(column), nullable=not column.required) for column in schema.columns]
    )


def v3_arrow_type(v3: Yson) -> pa.DataType:
    """Composite types lie nested, so that CHYT's side sees arrays, tuples and maps."""
    if isinstance(v3, str):
        return _SIMPLE[{"bool": "boolean", "yson": "any"}.get(str(v3), str(v3))]
    kind = str(v3["type_name"])
    if kind in ("optional", "tagged"):
        return v3_arrow_type(v3["item"])
    if kind == "list":
        return pa.list_(pa.field("element", v3_arrow_type(v3["item"]), nullable=_optional(v3["item"])))
    if kind == "struct":
        return pa.struct(
            [pa.field(str(m["name"]), v3_arrow_type(m["type"]), nullable=_optional(m["type"])) for m in v3["members"]]
        )
    if kind == "tuple":
        return pa.struct(
            [
                pa.field(str(number), v3_arrow_type(e["type"]), nullable=_optional(e["type"]))
                for number, e in enumerate(v3["elements"], 1)
            ]
        )
    if kind == "dict":
        return pa.map_(
            v3_arrow_type(v3["key"]), pa.field("value", v3_arrow_type(v3["value"]), nullable=_optional(v3["value"]))
        )
    if kind == "decimal":
        return pa.decimal128(int(v3["precision"]), int(v3["scale"]))
    raise ClusterError(f'Type "{kind}" is not supported by this cluster')


def _optional(v3: Yson) -> bool:
    return not isinstance(v3, str) and v3.get("type_name") == "optional"


class _NoPandas(MetaPathFinder):
    """Says that pandas is not installed."""

    def find_spec(self, fullname: str, *_: object) -> None:
        if fullname == "pandas":
            raise ModuleNotFoundError(fullname)


def do_without_pandas() -> None:
    """pyarrow imports pandas with its first array when it finds it installed: seconds, for nothing. Call it early."""
    sys.meta_path.insert(0, _NoPandas())
