"""Rows as Python values, to and from Arrow columns: the checks a table's schema asks for live here."""

from collections.abc import Sequence

import pyarrow as pa

from signalq_billing.devstack.ytsaurus import yson
from signalq_billing.devstack.ytsaurus.errors import schema_violation
from signalq_billing.devstack.ytsaurus.schema import INTEGER_BITS, Column, Schema
from signalq_billing.devstack.ytsaurus.storage import MAXIMUM, arrow_type
from signalq_billing.devstack.ytsaurus.yson import Yson

Row = dict[bytes, Yson]
_INTEGER_LIKE = {
    *INTEGER_BITS,
    "date",
    "datetime",
    "timestamp",
    "interval",
    "date32",
    "datetime64",
    "timestamp64",
    "interval64",
}
_STRINGS = {"string", "utf8", "json", "uuid"}


def to_batch(rows: Sequence[Row], schema: Schema) -> pa.RecordBatch:
    """Arrow columns of these rows. Raises code 307 for what the schema does not allow."""
    arrays: list[pa.Array] = []
    fields: list[pa.Field] = []
    known = 0
    for column in schema.columns:
        name = column.name.encode()
        known += sum(name in row for row in rows)
        arrays.append(_column(column, [row.get(name) for row in rows]))
        fields.append(pa.field(column.name, arrow_type(column)))
    if known != sum(map(len, rows)):
        _add_unknown(rows, schema, arrays, fields)
    if not arrays:
        arrays, fields = [pa.nulls(len(rows), pa.int8())], [pa.field(EMPTY_COLUMN, pa.int8())]
    return pa.RecordBatch.from_arrays(arrays, schema=pa.schema(fields))


# Rows without a single value still count: a file needs one column to say how many there are.
EMPTY_COLUMN = "$empty"
# Set on a column of a weak table that holds YSON rather than strings.
YSON_MARK = b"yson"
_ABSENT = object()
_FREE = {int: pa.int64(), yson.Uint64: pa.uint64(), float: pa.float64(), bool: pa.bool_(), bytes: pa.binary()}


def _add_unknown(rows: Sequence[Row], schema: Schema, arrays: list[pa.Array], fields: list[pa.Field]) -> None:
    extra = sorted(_unknown(rows, schema))
    if schema.strict:
        raise schema_violation(f'Unknown column "{extra[0]}" in strict schema')
    for name in extra:
        array, mark = _free_column([row.get(name.encode("utf-8", "surrogateescape"), _ABSENT) for row in rows])
        arrays.append(array)
        fields.append(pa.field(name, array.type, metadata=mark))


def _unknown(rows: Sequence[Row], schema: Schema) -> set[str]:
    names = {column.name.encode() for column in schema.columns}
    return {key.decode("utf-8", "surrogateescape") for row in rows for key in row if key not in names}


def _column(column: Column, values: list[Yson]) -> pa.Array:
    if column.required and None in values:
        raise schema_violation(f'Required column "{column.name}" cannot have "null" value')
    if column.composite:
        return _composite(column, values)
    if column.type == "any":
        return pa.array([None if value is None else yson.dumps(value) for value in values], pa.binary())
    kinds = set(map(type, values)) - {type(None)}
    for kind in kinds:
        if not _fits(column.type, kind):
            sample = next(value for value in values if type(value) is kind)
            raise _mismatch(column, sample)
    return _simple(column, values)


def _fits(kind: str, python: type) -> bool:
    if kind in _INTEGER_LIKE:
        return issubclass(python, int) and not issubclass(python, bool)
    if kind in ("double", "float"):
        return issubclass(python, float)
    if kind == "boolean":
        return issubclass(python, bool) or issubclass(python, yson.Boolean)
    if kind in _STRINGS:
        return issubclass(python, bytes)
    return False


def _simple(column: Column, values: list[Yson]) -> pa.Array:
    wanted = arrow_type(column)
    try:
        if pa.types.is_string(wanted):
            return pa.array(values, pa.binary()).cast(wanted)
        if column.type == "boolean":
            values = [None if value is None else bool(value) for value in values]
        array = pa.array(values, wanted)
    except (pa.ArrowInvalid, pa.ArrowTypeError, OverflowError) as error:
        raise schema_violation(f'Value of column "{column.name}" does not fit type "{column.type}": {error}') from error
    _check_maximum(column, values)
    return array


def _check_maximum(column: Column, values: list[Yson]) -> None:
    limit = MAXIMUM.get(column.type)
    if limit is None:
        return
    over = next((value for value in values if value is not None and value >= limit), None)
    if over is not None:
        raise schema_violation(f'Value {over} of column "{column.name}" is out of range for type "{column.type}"')


def _composite(column: Column, values: list[Yson]) -> pa.Array:
    try:
        return pa.array([_nested(value, arrow_type(column)) for value in values], arrow_type(column))
    except (pa.ArrowInvalid, pa.ArrowTypeError, TypeError, ValueError) as error:
        raise schema_violation(f'Value of column "{column.name}" does not fit its type: {error}') from error


def _nested(value: Yson, wanted: pa.DataType) -> Yson:
    """YSON writes structs as lists or maps and dicts as lists of pairs; Arrow wants dicts and tuples."""
    if value is None:
        return None
    if pa.types.is_list(wanted):
        return [_nested(item, wanted.value_type) for item in value]
    if pa.types.is_map(wanted):
        return [(_nested(key, wanted.key_type), _nested(item, wanted.item_type)) for key, item in value]
    if pa.types.is_struct(wanted):
        fields = [wanted.field(number) for number in range(wanted.num_fields)]
        if isinstance(value, dict):
            return {field.name: _nested(value.get(field.name.encode()), field.type) for field in fields}
        return {field.name: _nested(item, field.type) for field, item in zip(fields, value, strict=True)}
    return value


def _free_column(values: list[Yson]) -> tuple[pa.Array, dict[bytes, bytes]]:
    """A column of a weak schema: one type where all values agree, YSON else. An absent value is a null; an explicit
    null makes the column YSON, where `#` can be told from nothing."""
    kinds = {type(value) for value in values if value is not _ABSENT}
    if len(kinds) == 1:
        wanted = _FREE.get(next(iter(kinds)))
        if wanted is not None:
            return pa.array([None if value is _ABSENT else value for value in values], wanted), {}
    encoded = [None if value is _ABSENT else yson.dumps(value) for value in values]
    return pa.array(encoded, pa.binary()), {YSON_MARK: b"1"}


def _mismatch(column: Column, sample: Yson) -> Exception:
    actual = {"int": "int64", "YsonUint64": "uint64", "float": "double", "bytes": "string", "bool": "boolean"}
    found = actual.get(type(sample).__name__, "any")
    return schema_violation(f'Invalid type of column "{column.name}": expected type "{column.type}" but got "{found}"')
