"""The heavy commands: tables written and read, query results read. They touch the metadata only at their edges."""

import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from signalq_billing.devstack.ytsaurus import ranges, table_input, table_output, tables, ypath
from signalq_billing.devstack.ytsaurus.cluster import Cluster
from signalq_billing.devstack.ytsaurus.commands import Params, view_of
from signalq_billing.devstack.ytsaurus.errors import ClusterError
from signalq_billing.devstack.ytsaurus.yson import Yson


@dataclass(frozen=True, slots=True)
class Answer:
    """A stream of bytes, and what `X-YT-Response-Parameters` says about it."""

    pieces: Iterator[bytes]
    parameters: dict[str, Yson]


def write_table(cluster: Cluster, params: Params, body: io.BufferedReader) -> None:
    """Replace a table's rows, or append to them, all or nothing."""
    path = ypath.parse(params["path"])
    append = bool(path.attributes.get("append", False))
    with cluster.session():
        view = view_of(cluster, params)
        node = view.table(path.path)
        schema = tables.target_schema(node, path.attributes)
        # Taken before the rows come, as on a real cluster: a conflict shows at once, and no other write slips between.
        tables.lock_for_write(view, node, append, schema)
        before = tables.load(view, node)
    batches = table_input.batches(body, params.get("input_format", "yson"), schema)
    last = tables.last_key(cluster.chunks, before) if append and schema.key_columns else None
    written = cluster.chunks.write(tables.checked_order(batches, schema, last))
    with cluster.session():
        view = view_of(cluster, params)
        tables.put(view, view.node(node.id), written, append, schema)


def read_table(cluster: Cluster, params: Params) -> Answer:
    """Rows of one state of the table, taken now."""
    path = ypath.parse(params["path"])
    with cluster.session():
        view = view_of(cluster, params, lagging=True)
        table = tables.load(view, view.table(path.path))
    wanted = ranges.resolve(cluster.chunks, table, path.attributes)
    columns = _columns(path.attributes, table)
    pieces = table_output.send(
        cluster.chunks,
        table,
        wanted,
        columns,
        params.get("output_format", "yson"),
        dict(params.get("control_attributes") or {}),
    )
    start = wanted[0][0] if wanted else 0
    count = sum(upper - lower for lower, upper in wanted)
    return Answer(pieces, {"start_row_index": start, "approximate_row_count": count})


def read_query_result(cluster: Cluster, params: Params) -> Answer:
    store, table = cluster.tracker.result_table(str(params["query_id"]), int(params.get("result_index", 0)))
    lower = int(params.get("lower_row_index") or 0)
    upper = min(int(params.get("upper_row_index") or table.rows), table.rows)
    columns = [str(name) for name in params["columns"]] if params.get("columns") is not None else None
    pieces = table_output.send(store, table, [(lower, upper)], columns, params.get("output_format", "yson"), {})
    return Answer(pieces, {})


def _columns(attributes: dict[str, Yson], table: tables.Table) -> Sequence[str] | None:
    if "columns" not in attributes:
        return None
    names = [str(name) for name in attributes["columns"]]
    if table.schema.strict:
        missing = next((name for name in names if table.schema.column(name) is None), None)
        if missing is not None and attributes.get("strict_columns"):
            raise ClusterError(f'No such column "{missing}"')
    return names
