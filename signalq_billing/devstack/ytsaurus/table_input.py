"""What write_table is sent: YSON, JSON or Arrow, turned into Arrow batches without holding the whole of it."""

import io
import itertools
import json
from collections.abc import Iterator

import pyarrow as pa

from signalq_billing.devstack.ytsaurus import yson
from signalq_billing.devstack.ytsaurus.errors import ClusterError, schema_violation
from signalq_billing.devstack.ytsaurus.rows import Row, to_batch
from signalq_billing.devstack.ytsaurus.schema import Schema
from signalq_billing.devstack.ytsaurus.storage import arrow_type
from signalq_billing.devstack.ytsaurus.yson import Yson

ROWS_AT_ONCE = 100_000
LONGEST_JSON_ROW = 16 << 20


def batches(stream: io.BufferedReader, input_format: Yson, schema: Schema) -> Iterator[pa.RecordBatch]:
    """Checked batches of a request's rows. Raises ClusterError for bad input, code 307 for what breaks the schema."""
    name = str(input_format)
    if name == "arrow":
        yield from _arrow(stream, schema)
        return
    if name == "yson":
        rows = _yson_rows(stream)
    elif name == "json":
        rows = _json_rows(stream, bool(yson.attributes_of(input_format).get("encode_utf8", True)))
    else:
        raise ClusterError(f'Format "{name}" is not supported by this cluster for writing tables')
    while part := list(itertools.islice(rows, ROWS_AT_ONCE)):
        yield to_batch(part, schema)


def _yson_rows(stream: io.BufferedReader) -> Iterator[Row]:
    try:
        row: Yson
        for row in yson.load_rows(stream):
            if isinstance(row, dict):
                yield row
            elif row is not None and not isinstance(row, yson.Entity):
                raise ClusterError("Error parsing YSON: rows must be maps")
    except yson.ParseError as error:
        raise ClusterError(f"Error parsing YSON: {error}") from error


def _json_rows(stream: io.BufferedReader, encode_utf8: bool) -> Iterator[Row]:
    """Maps one after another, with or without line breaks between or within them."""
    decoder = json.JSONDecoder()
    rest = ""
    for line in stream:
        try:
            rest = (rest + line.decode()).lstrip()
            while rest:
                row, end = decoder.raw_decode(rest)
                if not isinstance(row, dict):
                    raise ClusterError("Error parsing JSON: rows must be maps")
                yield yson.bytes_from_json(row, encode_utf8)
                rest = rest[end:].lstrip()
        except json.JSONDecodeError as error:
            if len(rest) > LONGEST_JSON_ROW:
                raise ClusterError(f"Error parsing JSON: {error}") from error
        except UnicodeDecodeError as error:
            raise ClusterError(f"Error parsing JSON: {error}") from error
    if rest:
        raise ClusterError("Error parsing JSON: the last row is not complete")


def _arrow(stream: io.BufferedReader, schema: Schema) -> Iterator[pa.RecordBatch]:
    """One or more Arrow streams, one after another."""
    while stream.peek(1):
        try:
            for batch in pa.ipc.open_stream(stream):
                for start in range(0, batch.num_rows, ROWS_AT_ONCE):
                    yield _conform(batch.slice(start, ROWS_AT_ONCE), schema)
        except pa.ArrowInvalid as error:
            raise ClusterError(f"Error parsing Arrow stream: {error}") from error


def _conform(batch: pa.RecordBatch, schema: Schema) -> pa.RecordBatch:
    if schema.weak:
        return _decoded(batch)
    extra = [name for name in batch.schema.names if schema.column(name) is None]
    if extra and schema.strict:
        raise schema_violation(f'Unknown column "{extra[0]}" in strict schema')
    arrays, fields = [], []
    for column in schema.columns:
        wanted = arrow_type(column)
        position = batch.schema.get_field_index(column.name)
        array = pa.nulls(batch.num_rows, wanted) if position < 0 else cast(batch.column(position), wanted, column.name)
        if column.required and array.null_count:
            raise schema_violation(f'Required column "{column.name}" cannot have "null" value')
        arrays.append(array)
        fields.append(pa.field(column.name, wanted))
    return pa.RecordBatch.from_arrays(arrays, schema=pa.schema(fields))


def cast(array: pa.Array, wanted: pa.DataType, name: str) -> pa.Array:
    try:
        if pa.types.is_dictionary(array.type):
            array = array.dictionary_decode()
        if pa.types.is_timestamp(array.type):
            unit = "s" if wanted == pa.uint32() else "us"
            array = array.cast(pa.timestamp(unit)).cast(pa.int64())
        elif pa.types.is_date32(array.type):
            array = array.cast(pa.int32())
        return array.cast(wanted)
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError) as error:
        raise schema_violation(f'Column "{name}" of the Arrow stream does not fit the table: {error}') from error


def _decoded(batch: pa.RecordBatch) -> pa.RecordBatch:
    """Weak tables take any columns; wider integers and binary are what YT would keep."""
    return pa.RecordBatch.from_arrays([_widened(array) for array in batch.columns], names=batch.schema.names)


def _widened(array: pa.Array) -> pa.Array:
    plain = array.dictionary_decode() if pa.types.is_dictionary(array.type) else array
    if pa.types.is_string(plain.type) or pa.types.is_large_string(plain.type):
        return plain.cast(pa.binary())
    if pa.types.is_signed_integer(plain.type):
        return plain.cast(pa.int64())
    return plain.cast(pa.uint64()) if pa.types.is_unsigned_integer(plain.type) else plain
