"""Arrow as YT's own writer sends it, oddities and all: columns in the order of a hash, repeating strings as
dictionaries, and, whenever a column's encoding changes, the end of one stream and the start of another."""

import io
import zlib
from collections.abc import Iterable, Iterator, Sequence

import pyarrow as pa

from signalq_billing.devstack.ytsaurus.errors import ClusterError
from signalq_billing.devstack.ytsaurus.rows import EMPTY_COLUMN
from signalq_billing.devstack.ytsaurus.schema import Column, Schema
from signalq_billing.devstack.ytsaurus.table_rows import plain_yson

END_OF_STREAM = b"\xff\xff\xff\xff\x00\x00\x00\x00"
_SENT_AS = {
    "date": (pa.int32(), pa.date32()),
    "datetime": (pa.int64(), pa.timestamp("s")),
    "timestamp": (pa.int64(), pa.timestamp("us")),
}
_UNSENDABLE = {"date32", "datetime64", "timestamp64", "interval64", "uuid"}


def arrow_streams(batches: Iterable[pa.RecordBatch], schema: Schema, columns: Sequence[str] | None) -> Iterator[bytes]:
    """The streams' bytes. A table without rows is nothing but an end mark."""
    _check_types(schema, columns)
    buffer = io.BytesIO()
    writer: pa.ipc.RecordBatchStreamWriter | None = None
    layout: pa.Schema | None = None
    number = 0
    for batch in batches:
        for part in _parts(batch, first=number == 0):
            sent = _as_sent(part, schema, encode=number % 2 == 0)
            number += 1
            if writer is None or not sent.schema.equals(layout):
                if writer is not None:
                    writer.close()
                writer, layout = pa.ipc.new_stream(buffer, sent.schema), sent.schema
            writer.write_batch(sent)
            yield _drain(buffer)
    if writer is None:
        yield END_OF_STREAM
        return
    writer.close()
    yield _drain(buffer)


def _parts(batch: pa.RecordBatch, first: bool) -> Iterator[pa.RecordBatch]:
    """Even a small answer comes in two parts, so that no reader gets used to one stream with one schema."""
    if not first or batch.num_rows < 2:
        yield batch
        return
    half = batch.num_rows // 2
    yield batch.slice(0, half)
    yield batch.slice(half)


def _as_sent(batch: pa.RecordBatch, schema: Schema, encode: bool) -> pa.RecordBatch:
    arrays, fields = [], []
    for position in sorted(range(batch.num_columns), key=lambda index: zlib.crc32(batch.schema.names[index].encode())):
        field = batch.schema.field(position)
        if field.name == EMPTY_COLUMN:
            continue
        column = schema.column(field.name)
        array = _converted(batch.column(position), column)
        if encode and _repeats(array):
            array = array.dictionary_encode()
        arrays.append(array)
        fields.append(pa.field(field.name, array.type, nullable=not (column is not None and column.required)))
    if not arrays:
        raise ClusterError("Arrow cannot carry rows without columns")
    return pa.RecordBatch.from_arrays(arrays, schema=pa.schema(fields))


def _converted(array: pa.Array, column: Column | None) -> pa.Array:
    if column is not None and column.composite:
        return plain_yson(array)
    if column is not None and column.type in _SENT_AS:
        through, final = _SENT_AS[column.type]
        return array.cast(through).cast(final)
    return array


def _repeats(array: pa.Array) -> bool:
    """Whether the values are strings that occur again and again."""
    if not (pa.types.is_binary(array.type) or pa.types.is_string(array.type)):
        return False
    sample = array.slice(0, 4096)
    return len(sample) > 1 and len(sample.unique()) * 2 <= len(sample)


def _check_types(schema: Schema, columns: Sequence[str] | None) -> None:
    for column in schema.columns:
        if column.type in _UNSENDABLE and (columns is None or column.name in columns):
            raise ClusterError(f'Type "{column.type}" is not currently supported by Arrow encoder')


def _drain(buffer: io.BytesIO) -> bytes:
    data = buffer.getvalue()
    buffer.seek(0)
    buffer.truncate()
    return data
