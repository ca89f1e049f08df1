"""Table schemas: columns with YT's types, strict or not, sorted or not, in the old notation and in type_v3."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from signalq_billing.devstack.ytsaurus import yson
from signalq_billing.devstack.ytsaurus.errors import ClusterError, schema_violation
from signalq_billing.devstack.ytsaurus.yson import Yson

INTEGER_BITS = {"int8": 8, "int16": 16, "int32": 32, "int64": 64, "uint8": 8, "uint16": 16, "uint32": 32, "uint64": 64}
SIMPLE = {
    *INTEGER_BITS, "double", "float", "boolean", "string", "utf8", "json", "uuid", "any", "null", "void",
    "date", "datetime", "timestamp", "interval", "date32", "datetime64", "timestamp64", "interval64",
}  # fmt: skip
_V3_NAMES = {"bool": "boolean", "yson": "any"}
_V1_NAMES = {"boolean": "bool", "any": "yson"}


@dataclass(frozen=True, slots=True)
class Column:
    """One column. `type` is a simple type's name; `v3` holds the whole type when it is a composite one."""

    name: str
    type: str
    required: bool = False
    sort_order: str | None = None
    v3: Yson = None

    @property
    def composite(self) -> bool:
        return self.v3 is not None


@dataclass(frozen=True, slots=True)
class Schema:
    """The columns of a table. Weak tables have none and are not strict."""

    columns: tuple[Column, ...] = ()
    strict: bool = False
    unique_keys: bool = False

    @property
    def weak(self) -> bool:
        return not self.columns and not self.strict

    @property
    def key_columns(self) -> list[str]:
        return [column.name for column in self.columns if column.sort_order]

    def column(self, name: str) -> Column | None:
        return next((column for column in self.columns if column.name == name), None)

    def as_yson(self) -> Yson:
        rows = [_column_yson(column) for column in self.columns]
        return yson.with_attributes(rows, {"strict": self.strict, "unique_keys": self.unique_keys})

    def as_text(self) -> str:
        return yson.dumps(self.as_yson(), text=True).decode("latin-1")

    def sorted_by(self, names: Sequence[str]) -> "Schema":
        """The same columns with `names` first, ascending."""
        found = {column.name: column for column in self.columns}
        first = [replace(found.get(name) or Column(name, "any"), sort_order="ascending") for name in names]
        rest = [replace(column, sort_order=None) for column in self.columns if column.name not in names]
        return Schema((*first, *rest), self.strict, self.unique_keys)


WEAK = Schema()


def from_text(text: str) -> Schema:
    return parse(yson.loads(text.encode("latin-1")))


def parse(value: Yson) -> Schema:
    """Raises ClusterError for a schema YT would not take."""
    attributes = yson.attributes_of(value)
    columns = tuple(_parse_column(item) for item in value)
    names = [column.name for column in columns]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise ClusterError(f'Duplicate column name "{twice}" in table schema')
    keys = [bool(column.sort_order) for column in columns]
    if sorted(keys, reverse=True) != keys:
        raise ClusterError("Key columns must form a prefix of schema")
    unique = bool(attributes.get("unique_keys", False))
    if unique and not any(keys):
        raise ClusterError('Cannot set "unique_keys" in a schema without key columns')
    return Schema(columns, bool(attributes.get("strict", True)), unique)


def _parse_column(item: Yson) -> Column:
    name = str(item.get("name", ""))
    if not name:
        raise ClusterError("Column name cannot be empty")
    if len(name.encode()) > 256 or name.startswith("@"):
        raise ClusterError(f'Column name "{name}" is not allowed')
    order = str(item["sort_order"]) if item.get("sort_order") else None
    if "type_v3" in item:
        kind, required, v3 = _from_v3(item["type_v3"])
    else:
        kind, required, v3 = str(item.get("type", "any")), bool(item.get("required", False)), None
    if kind not in SIMPLE and v3 is None:
        raise ClusterError(f'Error parsing type of column "{name}": unknown type "{kind}"')
    if kind == "any" and required and v3 is None:
        raise schema_violation(f'Column "{name}" of type "any" cannot be required')
    return Column(name, kind, required, order, v3)


def _from_v3(value: Yson) -> tuple[str, bool, Yson]:
    if isinstance(value, str):
        return _V3_NAMES.get(str(value), str(value)), True, None
    if value.get("type_name") == "optional" and isinstance(value["item"], str):
        kind, _, _ = _from_v3(value["item"])
        return kind, False, None
    if value.get("type_name") == "tagged":
        return _from_v3(value["item"])
    return "any", value.get("type_name") != "optional", value


def v3_of(column: Column) -> Yson:
    if column.composite:
        return column.v3
    kind = _V1_NAMES.get(column.type, column.type)
    return kind if column.required or kind in ("null", "void") else {"type_name": "optional", "item": kind}


def _column_yson(column: Column) -> dict[str, Yson]:
    row: dict[str, Yson] = {
        "name": column.name,
        "required": column.required,
        "type": column.type,
        "type_v3": v3_of(column),
    }
    if column.sort_order:
        row["sort_order"] = column.sort_order
    return row


def unsorted(schema: Schema) -> list[Column]:
    return [replace(column, sort_order=None) for column in schema.columns]
