"""What read_table sends: the rows of some ranges and columns as YSON, JSON or Arrow."""

from collections.abc import Iterator, Sequence

import pyarrow as pa
import pyarrow.parquet as pq

from signalq_billing.devstack.ytsaurus import yson
from signalq_billing.devstack.ytsaurus.arrow_output import arrow_streams
from signalq_billing.devstack.ytsaurus.chunks import ChunkStore
from signalq_billing.devstack.ytsaurus.errors import ClusterError, Code
from signalq_billing.devstack.ytsaurus.rows import EMPTY_COLUMN
from signalq_billing.devstack.ytsaurus.schema import Schema
from signalq_billing.devstack.ytsaurus.storage import arrow_type
from signalq_billing.devstack.ytsaurus.table_rows import python_rows
from signalq_billing.devstack.ytsaurus.tables import Table
from signalq_billing.devstack.ytsaurus.yson import Yson

ROWS_AT_ONCE = 65_536


def send(
    store: ChunkStore,
    table: Table,
    ranges: Sequence[tuple[int, int]],
    columns: Sequence[str] | None,
    output_format: Yson,
    control: dict[str, Yson],
) -> Iterator[bytes]:
    """The answer's bytes, piece by piece. Raises ClusterError for a format or type that cannot be written."""
    name = str(output_format)
    attributes = yson.attributes_of(output_format)
    if name == "arrow":
        parts = (batch for lower, upper in ranges for _, batch in scan(store, table, columns, lower, upper))
        yield from arrow_streams(parts, table.schema, columns)
        return
    if name not in ("yson", "json"):
        raise ClusterError(f'Format "{name}" is not supported by this cluster for reading tables')
    as_text = str(attributes.get("format", "binary")) != "binary"
    encode_utf8 = bool(attributes.get("encode_utf8", True))
    for number, (lower, upper) in enumerate(ranges):
        if lower < upper:
            yield from _control_rows(name, as_text, control, number, lower)
        for _, batch in scan(store, table, columns, lower, upper):
            rows = python_rows(batch, table.schema)
            if name == "yson":
                yield yson.dump_rows(rows, as_text)
            else:
                yield b"".join(yson.dumps_json(row, encode_utf8) + b"\n" for row in rows)


def scan(
    store: ChunkStore, table: Table, columns: Sequence[str] | None, lower: int, upper: int
) -> Iterator[tuple[int, pa.RecordBatch]]:
    """Batches of rows [lower, upper), each with the index of its first row, fitted to the table's present schema."""
    first = 0
    for chunk in table.chunks:
        start, stop = max(lower - first, 0), min(upper - first, chunk.rows)
        if start < stop:
            for offset, batch in _scan_chunk(store, chunk.id, columns, start, stop):
                yield first + offset, fitted(batch, table.schema, columns)
        first += chunk.rows


def _scan_chunk(
    store: ChunkStore, chunk_id: str, columns: Sequence[str] | None, start: int, stop: int
) -> Iterator[tuple[int, pa.RecordBatch]]:
    try:
        file = pq.ParquetFile(store.path(chunk_id))
    except FileNotFoundError as error:
        raise ClusterError(f"Chunk {chunk_id} is unavailable", Code.CHUNK_UNAVAILABLE) from error
    with file:
        stored = file.schema_arrow.names
        wanted = [name for name in stored if columns is None or name in columns] or stored[:1]
        first = 0
        for group in range(file.num_row_groups):
            count = file.metadata.row_group(group).num_rows
            if first < stop and start < first + count:
                offset = first
                for batch in file.iter_batches(ROWS_AT_ONCE, row_groups=[group], columns=wanted):
                    begin, end = max(start - offset, 0), min(stop - offset, batch.num_rows)
                    if begin < end:
                        yield offset + begin, batch.slice(begin, end - begin)
                    offset += batch.num_rows
            first += count


def fitted(batch: pa.RecordBatch, schema: Schema, columns: Sequence[str] | None) -> pa.RecordBatch:
    """Columns in the schema's order, nulls for those a chunk is older than, then what only a weak schema has."""
    arrays, fields = [], []
    for column in schema.columns:
        if columns is None or column.name in columns:
            wanted = arrow_type(column)
            position = batch.schema.get_field_index(column.name)
            arrays.append(batch.column(position) if position >= 0 else pa.nulls(batch.num_rows, wanted))
            fields.append(pa.field(column.name, wanted))
    for position, field in enumerate(batch.schema):
        free = schema.column(field.name) is None and field.name != EMPTY_COLUMN and not schema.strict
        if free and (columns is None or field.name in columns):
            arrays.append(batch.column(position))
            fields.append(field)
    if not arrays:
        return pa.RecordBatch.from_arrays([pa.nulls(batch.num_rows, pa.int8())], [EMPTY_COLUMN])
    return pa.RecordBatch.from_arrays(arrays, schema=pa.schema(fields))


def _control_rows(name: str, as_text: bool, control: dict[str, Yson], number: int, lower: int) -> Iterator[bytes]:
    for option, key, value in (
        ("enable_table_index", "table_index", 0),
        ("enable_range_index", "range_index", number),
        ("enable_row_index", "row_index", lower),
    ):
        if not control.get(option):
            continue
        if name == "yson":
            yield yson.dump_rows([yson.with_attributes(yson.Entity(), {key: value})], as_text)
        else:
            yield b'{"$attributes":{"%s":%d},"$value":null}\n' % (key.encode(), value)
