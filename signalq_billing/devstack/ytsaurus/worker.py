"""The query worker: a process of its own for one query, confined to its own directory before ClickHouse is loaded.

Three walls keep a query at its data: the kernel (sandbox.py), ClickHouse's `readonly` mode, and the syntax tree of the
query, in which only harmless table functions may stand (allowed.py)."""

import json
import os
import re
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute
import pyarrow.parquet as pq

from signalq_billing.devstack.ytsaurus import allowed, chyt_types, sandbox
from signalq_billing.devstack.ytsaurus import schema as schemas
from signalq_billing.devstack.ytsaurus.chunks import open_writer, write_batch
from signalq_billing.devstack.ytsaurus.errors import ClusterError, clickhouse_error
from signalq_billing.devstack.ytsaurus.job import Job, Outcome, SourceTable, job_from_json
from signalq_billing.devstack.ytsaurus.schema import Schema
from signalq_billing.devstack.ytsaurus.sql import quote
from signalq_billing.devstack.ytsaurus.storage import arrow_schema, do_without_pandas
from signalq_billing.devstack.ytsaurus.table_input import cast

_TOLD_WHOLE = re.compile(r"\s*(DESC|DESCRIBE|EXPLAIN|SHOW)\b", re.IGNORECASE)
OUTPUT = "out"
WRITTEN = (OUTPUT, "engine", "tmp")
ROWS_PER_FILE = 5_000_000
LIBRARIES = (
    Path(sys.prefix),
    Path(sys.base_prefix),
    Path("/usr"),
    Path("/lib"),
    Path("/lib64"),
    Path("/etc/ld.so.cache"),
)
# Of this machine, only what sizes of memory and processors are read from: /proc of others tells their command lines.
_SYSTEM_NAMES = (
    "/proc/self /proc/meminfo /proc/cpuinfo /proc/stat /proc/sys/vm /proc/sys/kernel /proc/sys/fs"
    " /sys/fs/cgroup /sys/devices/system /dev/urandom /dev/null"
)
SYSTEM = tuple(map(Path, _SYSTEM_NAMES.split()))


def main() -> None:
    """Prepare everything, say so, then wait for the one job on stdin and answer on stdout."""
    do_without_pandas()
    own = Path(sys.argv[1]).resolve()
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # whatever ClickHouse prints must not end up between the answers
    for name in WRITTEN:
        (own / name).mkdir()
    confined = sandbox.confine([own], (*LIBRARIES, *SYSTEM))
    from chdb import session

    engine: Any = session.Session(str(own / "engine"))  # type: ignore[no-untyped-call]
    engine.query("CREATE DATABASE YT ENGINE = Memory")
    engine.query("USE YT")
    print("ready", file=answers, flush=True)
    line = sys.stdin.readline()
    if not line:
        return
    threading.Thread(target=_end_with_the_cluster, daemon=True).start()
    # Its tables are linked into the directory, so that from here on most of it is only to be read.
    sandbox.confine([own / name for name in WRITTEN], (own, *SYSTEM))
    try:
        outcome = _run(engine, job_from_json(json.loads(line)), own)
    except ClusterError as error:
        outcome = Outcome(error=error.message, code=error.code)
    except Exception as error:
        outcome = Outcome(error=_clean(str(error), own) or repr(error), code=_code(str(error)))
    outcome.confined = confined
    print(json.dumps(outcome.as_json()), file=answers, flush=True)
    os._exit(0)  # ClickHouse's own way out takes long and has nothing left to save


def _end_with_the_cluster() -> None:
    """The other end of stdin is held by the cluster: when it is gone, however it went, nobody waits for the answer."""
    sys.stdin.read()
    os._exit(1)


def _run(engine: Any, job: Job, own: Path) -> Outcome:  # noqa: ANN401 - chdb has no types
    allowed.check(_syntax_tree(engine, job.query))
    engine.query("SET session_timezone = 'UTC', output_format_arrow_string_as_string = 0")
    engine.query("SET output_format_arrow_low_cardinality_as_dictionary = 1")
    engine.query("SET input_format_parquet_allow_missing_columns = 1, query_plan_remove_redundant_sorting = 0")
    for name, value in job.settings.items():
        engine.query(f"SET {name} = {value}")
    for table in job.tables:
        _attach(engine, table, own)
    engine.query("SET readonly = 1")
    schema, reader = _begun(engine, job)
    return _write(_limited(_converted(reader, schema, job.columns), job.row_limit), schema, own, job.row_limit)


def _syntax_tree(engine: Any, query: str) -> str:  # noqa: ANN401
    explain = "EXPLAIN AST "
    try:
        tree: bytes = engine.query(explain + query, "TSVRaw").bytes()
    except Exception as error:
        # Places in the query are counted from its own start, not from that of the question about it.
        moved = re.sub(r"position (\d+)", lambda match: f"position {int(match[1]) - len(explain)}", str(error), count=1)
        raise ClusterError(moved) from error
    return tree.decode("utf-8", "replace")


def _attach(engine: Any, table: SourceTable, own: Path) -> None:  # noqa: ANN401
    """Files become a File table; where values need a conversion, a view over it."""
    columns = ", ".join(f"{quote(name)} {kind}" for name, kind, _ in table.columns)
    converted = any(expression for _, _, expression in table.columns)
    stored = f"{table.name} stored" if converted else table.name
    source = str(own / table.directory / "*.parquet").replace("'", "\\'")
    engine.query(f"CREATE TABLE {quote(stored)} ({columns}) ENGINE = File(Parquet, '{source}')")
    if converted:
        selected = ", ".join(f"{expression or quote(name)} AS {quote(name)}" for name, _, expression in table.columns)
        engine.query(f"CREATE VIEW {quote(table.name)} AS SELECT {selected} FROM {quote(stored)}")


def _begun(engine: Any, job: Job) -> tuple[Schema, Any]:  # noqa: ANN401
    """The schema of the result, and its batches. Describing a query runs its scalar subqueries, which may be scans: the
    result's own types are taken where they leave no doubt."""
    if job.schema:
        return schemas.from_text(job.schema), _answer(engine, job.query)
    if not _TOLD_WHOLE.match(job.query):
        stream = engine.send_query(job.query, "Arrow")
        reader = stream.record_batch()
        kinds = [(field.name, _certain_type(field)) for field in reader.schema]
        if kinds and all(kind for _, kind in kinds):
            return chyt_types.yt_schema(kinds, _timestamps(job)), reader
        stream.cancel()
    return _described(engine, job), _answer(engine, job.query)


def _certain_type(field: pa.Field) -> str:
    """The ClickHouse type of a column in Arrow; empty where several look alike there."""
    name = {pa.binary(): "String", pa.uint64(): "UInt64"}.get(field.type, "")
    return f"Nullable({name})" if name and field.nullable else name


def _answer(engine: Any, query: str) -> Any:  # noqa: ANN401
    """The result's batches: streamed, but for statements that ClickHouse answers only whole."""
    if _TOLD_WHOLE.match(query):
        whole: bytes = engine.query(query, "ArrowStream").bytes()
        return pa.ipc.open_stream(whole)
    return engine.send_query(query, "Arrow").record_batch()


def _described(engine: Any, job: Job) -> Schema:  # noqa: ANN401
    if _TOLD_WHOLE.match(job.query):
        found = engine.query(job.query, "JSONCompact").bytes()
        columns = [(item["name"], item["type"]) for item in json.loads(found)["meta"]]
    else:
        found = engine.query(f"DESCRIBE TABLE ({job.query}\n)", "JSONCompact").bytes()
        columns = [(row[0], row[1]) for row in json.loads(found)["data"]]
    return chyt_types.yt_schema(columns, _timestamps(job))


def _timestamps(job: Job) -> str:
    return job.timestamps if job.row_limit == 0 else "result"


def _converted(reader: Any, schema: Schema, columns: list[str]) -> Iterator[pa.RecordBatch]:  # noqa: ANN401
    """Result columns, by position, as the target's columns; what an INSERT leaves out is null."""
    wanted = arrow_schema(schema)
    names = columns or wanted.names
    for batch in reader:
        if batch.num_columns != len(names):
            raise clickhouse_error(
                20, f"Number of columns doesn't match: {batch.num_columns} selected, {len(names)} expected"
            )
        arrays = []
        for field in wanted:
            array = (
                batch.column(names.index(field.name)) if field.name in names else pa.nulls(batch.num_rows, field.type)
            )
            if pa.types.is_dictionary(array.type):
                array = array.dictionary_decode()
            if not field.nullable and array.null_count:
                raise clickhouse_error(349, f'Cannot convert NULL value to non-Nullable type of column "{field.name}"')
            arrays.append(cast(array, field.type, field.name))
        yield pa.RecordBatch.from_arrays(arrays, schema=pa.schema([f.with_nullable(True) for f in wanted]))


def _limited(batches: Iterator[pa.RecordBatch], limit: int) -> Iterator[pa.RecordBatch]:
    """With a limit, one row more than it: enough to know that there was more."""
    left = limit + 1
    for batch in batches:
        yield batch.slice(0, left) if limit else batch
        left -= batch.num_rows
        if limit and left <= 0:
            return


def _write(batches: Iterator[pa.RecordBatch], schema: Schema, own: Path, limit: int) -> Outcome:
    outcome = Outcome(schema=schema.as_text())
    writer: pq.ParquetWriter | None = None
    for whole in batches:
        outcome.truncated = bool(limit) and outcome.rows + whole.num_rows > limit
        batch = whole.slice(0, limit - outcome.rows) if outcome.truncated else whole
        if writer is None or outcome.files[-1][1] >= ROWS_PER_FILE:
            if writer is not None:
                writer.close()
            outcome.files.append((f"{OUTPUT}/{len(outcome.files)}.parquet", 0, 0))
            writer = open_writer(own / outcome.files[-1][0], batch.schema)
        write_batch(writer, batch)
        name, rows, weight = outcome.files[-1]
        outcome.files[-1] = (name, rows + batch.num_rows, weight + batch.nbytes)
        outcome.rows += batch.num_rows
    if writer is not None:
        writer.close()
    return outcome


def _clean(message: str, own: Path) -> str:
    """ClickHouse's message without this machine's directories."""
    return message.replace(str(own) + "/", "").removeprefix("Streaming query failed: ")


def _code(message: str) -> int:
    match = re.search(r"Code: (\d+)\.", message)
    return int(match[1]) if match else 1


if __name__ == "__main__":
    main()
