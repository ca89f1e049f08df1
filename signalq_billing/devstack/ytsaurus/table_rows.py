"""Arrow columns as rows of Python values, the way YT's row formats show them."""

import pyarrow as pa

from signalq_billing.devstack.ytsaurus import yson
from signalq_billing.devstack.ytsaurus.rows import EMPTY_COLUMN, YSON_MARK
from signalq_billing.devstack.ytsaurus.schema import Schema
from signalq_billing.devstack.ytsaurus.yson import Yson


def python_rows(batch: pa.RecordBatch, schema: Schema) -> list[dict[bytes, Yson]]:
    """Rows with strings as bytes. In a weak table a null is a value that was never written."""
    names, values, free = [], [], False
    for field, array in zip(batch.schema, batch.columns, strict=True):
        if field.name != EMPTY_COLUMN:
            names.append(field.name.encode("utf-8", "surrogateescape"))
            values.append(_values(field, array, schema))
            free = free or schema.column(field.name) is None
    if not names:
        return [{} for _ in range(batch.num_rows)]
    rows = [dict(zip(names, row, strict=True)) for row in zip(*values, strict=True)]
    if free:
        weak = {name for name in names if schema.column(name.decode("utf-8", "surrogateescape")) is None}
        rows = [{key: value for key, value in row.items() if value is not None or key not in weak} for row in rows]
    return rows


def _values(field: pa.Field, array: pa.Array, schema: Schema) -> list[Yson]:
    column = schema.column(field.name)
    values: list[Yson] = array.to_pylist()
    if column is not None and column.composite:
        return [plain(value, array.type) for value in values]
    if (column is not None and column.type == "any") or (field.metadata or {}).get(YSON_MARK):
        return [None if value is None else _explicit(yson.loads_bytes(value)) for value in values]
    if pa.types.is_unsigned_integer(array.type):
        return [None if value is None else yson.Uint64(value) for value in values]
    if pa.types.is_string(array.type):
        return [None if value is None else value.encode() for value in values]
    return values


def _explicit(value: Yson) -> Yson:
    return yson.Entity() if value is None else value


def plain(value: Yson, kind: pa.DataType) -> Yson:
    """Nested Arrow values as YSON has them: structs and tuples are lists, dicts are lists of pairs."""
    if value is None:
        return None
    if pa.types.is_list(kind):
        return [plain(item, kind.value_type) for item in value]
    if pa.types.is_map(kind):
        return [[plain(key, kind.key_type), plain(item, kind.item_type)] for key, item in value]
    if pa.types.is_struct(kind):
        fields = [kind.field(number) for number in range(kind.num_fields)]
        return [plain(value[field.name], field.type) for field in fields]
    if pa.types.is_unsigned_integer(kind):
        return yson.Uint64(value)
    if pa.types.is_decimal(kind):
        return str(value).encode()
    return value


def plain_yson(array: pa.Array) -> pa.Array:
    """Nested values as YSON strings: what readers without complex types get."""
    encoded = [None if value is None else yson.dumps(plain(value, array.type)) for value in array.to_pylist()]
    return pa.array(encoded, pa.binary())
