"""Tables: the state of one, and writing, altering and describing it."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import pyarrow as pa

from signalq_billing.devstack.ytsaurus import chunks, locks
from signalq_billing.devstack.ytsaurus import schema as schemas
from signalq_billing.devstack.ytsaurus.chunks import Chunk, ChunkStore
from signalq_billing.devstack.ytsaurus.errors import ClusterError, Code
from signalq_billing.devstack.ytsaurus.keys import SortKey, key_of
from signalq_billing.devstack.ytsaurus.schema import Schema
from signalq_billing.devstack.ytsaurus.view import Version, View
from signalq_billing.devstack.ytsaurus.yson import Yson


@dataclass(frozen=True, slots=True)
class Table:
    """A table's content at one moment: it stays readable whatever happens to the node."""

    node_id: str
    path: str
    schema: Schema
    chunks: tuple[Chunk, ...]

    @property
    def rows(self) -> int:
        return sum(chunk.rows for chunk in self.chunks)


def new_state(schema: Schema) -> dict[str, Yson]:
    return {"chunks": [], "schema": schema.as_text(), "schema_mode": "weak" if schema.weak else "strong"}


def load(view: View, node: Version) -> Table:
    found = tuple(chunks.from_json(item) for item in node.state["chunks"])
    return Table(node.id, view.path_of(node), schema_of(node), found)


def schema_of(node: Version) -> Schema:
    return schemas.from_text(str(node.state["schema"]))


def target_schema(node: Version, attributes: dict[str, Yson]) -> Schema:
    """The schema rows of a write have to fit: the path may bring a new one for an overwrite."""
    append = bool(attributes.get("append", False))
    if "schema" in attributes and append:
        raise ClusterError('YPath attributes "append" and "schema" are not compatible')
    schema = schemas.parse(attributes["schema"]) if "schema" in attributes else schema_of(node)
    if attributes.get("sorted_by"):
        schema = schema.sorted_by([str(name) for name in attributes["sorted_by"]])
    elif schema.key_columns and not append and node.state["schema_mode"] == "weak" and "schema" not in attributes:
        schema = schemas.WEAK
    return schema


def lock_for_write(view: View, node: Version, append: bool, schema: Schema) -> None:
    shared = append and not schema.key_columns
    locks.take(view, node, "shared" if shared else "exclusive")


def put(view: View, node: Version, written: Sequence[Chunk], append: bool, schema: Schema) -> None:
    """Make chunks the table's content, or more of it, in the view's layer."""
    lock_for_write(view, node, append, schema)
    version = view.branch(node.id)
    added = [chunk.as_json() for chunk in written]
    version.state["chunks"] = [*version.state["chunks"], *added] if append else added
    if not append or schema.key_columns:
        version.state["schema"] = schema.as_text()
        version.state["schema_mode"] = "weak" if schema.weak else "strong"
    if version.state.get("update") != "overwrite":
        version.state["update"] = "append" if append and not schema.key_columns else "overwrite"
    if not view.tx:
        version.state.pop("update", None)
        version.state.pop("base", None)
    view.touch(version, content=True)
    view.save(version)


def checked_order(batches: Iterable[pa.RecordBatch], schema: Schema, last: SortKey | None) -> Iterator[pa.RecordBatch]:
    """The same batches. Raises code 301 or 302 at the first row that breaks the order of a sorted table."""
    names = schema.key_columns
    for batch in batches:
        if names:
            for key in keys_of_batch(batch, names):
                if last is not None and key < last:
                    raise ClusterError(f"Sort order violation: {last} > {key}", Code.SORT_ORDER_VIOLATION)
                if last is not None and schema.unique_keys and key == last:
                    raise ClusterError(f"Duplicate key {key}", Code.UNIQUE_KEY_VIOLATION)
                last = key
        yield batch


def last_key(store: ChunkStore, table: Table) -> SortKey | None:
    """The key of the last row of a sorted table, None when it is empty."""
    from signalq_billing.devstack.ytsaurus.table_output import scan

    if not table.rows:
        return None
    names = table.schema.key_columns
    for _, batch in scan(store, table, names, table.rows - 1, table.rows):
        return keys_of_batch(batch, names)[-1]
    return None


def alter(view: View, node: Version, schema: Schema) -> None:
    """Change the schema of a static table: new optional columns, weaker constraints; anything to an empty one."""
    locks.take(view, node, "exclusive")
    old = schema_of(node)
    if node.state["chunks"]:
        _check_compatible(old, schema)
    version = view.branch(node.id)
    version.state["schema"] = schema.as_text()
    version.state["schema_mode"] = "weak" if schema.weak else "strong"
    if view.tx:
        version.state["update"] = "overwrite"
    view.touch(version, content=True)
    view.save(version)


def _check_compatible(old: Schema, new: Schema) -> None:
    if old.weak and not new.weak:
        raise ClusterError('Cannot change schema from "weak" to "strong" for a non-empty table', Code.GENERIC)
    for column in old.columns:
        kept = new.column(column.name)
        if kept is None and new.strict:
            raise ClusterError(f'Cannot remove column "{column.name}" from a strict schema', Code.GENERIC)
        if kept is not None and (kept.type, kept.v3) != (column.type, column.v3):
            raise ClusterError(f'Type mismatch for column "{column.name}": old "{column.type}", new "{kept.type}"')
        if kept is not None and kept.required and not column.required:
            raise ClusterError(f'Cannot make column "{column.name}" required')
    for column in new.columns:
        if column.required and old.column(column.name) is None:
            raise ClusterError(f'Cannot insert a new required column "{column.name}" into a non-empty table')


def keys_of_batch(batch: pa.RecordBatch, names: Sequence[str]) -> list[SortKey]:
    columns = [batch.column(batch.schema.get_field_index(name)).to_pylist() for name in names]
    return [tuple(map(key_of, row)) for row in zip(*columns, strict=True)]
