"""Tables of the cluster as Arrow: an answer is read whole or again, never resumed, in whatever shape it comes."""

import io
import time
from collections.abc import Callable, Iterator
from typing import TypeVar

import pyarrow as pa
from yt.wrapper import TablePath, YtClient

from signalq_billing.adapters.ytsaurus.failures import translated
from signalq_billing.errors import SourceInvalid, SourceUnavailable

ATTEMPTS = 4
END_OF_STREAM = b"\xff\xff\xff\xff\0\0\0\0"
Found = TypeVar("Found")


def read_whole(
    client: YtClient, path: str, checked: Callable[[bytes, str], Found], remedy: str, address: TablePath | None = None
) -> Found:
    """A table's Arrow bytes as what `checked` makes of them; what it calls SourceUnavailable is read again, a few
    times. `address` names a part of the table, or the table in another way than messages do.

    Raises SourceUnavailable, or SourceInvalid if the table is gone: `remedy` says what to do then.
    """
    for attempt in range(1, ATTEMPTS + 1):
        try:
            return checked(_read_once(client, path if address is None else address, path, remedy), path)
        except SourceUnavailable:
            if attempt == ATTEMPTS:
                raise
            time.sleep(0.3 * 2**attempt)
    raise AssertionError("unreachable")


def gone(remedy: str) -> str:
    """What is said of a result table that is not there."""
    return f"the result table is gone; {remedy}"


def _read_once(client: YtClient, address: str | TablePath, path: str, remedy: str) -> bytes:
    with translated(f"reading {path}", gone(remedy)):
        stream = client.read_table(address, format="arrow", raw=True, enable_read_parallel=False)
        try:
            return bytes(stream.read())
        finally:
            stream.close()


def arrow_table(content: bytes, schema: pa.Schema, path: str) -> pa.Table:
    """All streams of an answer as one table of these columns and types, whatever order, encoding and string type each
    came in. Raises SourceInvalid for a column that is missing, SourceUnavailable for a cut stream."""
    try:
        return pa.concat_tables(_streams(content, schema)).combine_chunks()
    except (pa.ArrowException, OSError) as error:
        raise SourceUnavailable(f"reading {path}: the Arrow stream is broken: {error}") from error


def _streams(content: bytes, schema: pa.Schema) -> Iterator[pa.Table]:
    yield pa.Table.from_batches([], schema=schema)
    buffer = io.BytesIO(content)
    while buffer.tell() < len(content):
        # An empty table is sent as nothing at all, as the end of a stream alone, or as a stream without columns.
        if content.startswith(END_OF_STREAM, buffer.tell()):
            buffer.seek(len(END_OF_STREAM), io.SEEK_CUR)
            continue
        part = pa.ipc.open_stream(buffer).read_all()
        if part.num_columns == 0:
            continue
        missing = set(schema.names) - set(part.column_names)
        if missing:
            raise SourceInvalid(f"a result table without {', '.join(sorted(missing))} was not written by this version")
        yield pa.Table.from_arrays([_plain(part[field.name], field.type) for field in schema], schema=schema)


def _plain(column: pa.ChunkedArray, wanted: pa.DataType) -> pa.ChunkedArray:
    if pa.types.is_dictionary(column.type):
        column = column.cast(column.type.value_type)
    return column.cast(wanted)
