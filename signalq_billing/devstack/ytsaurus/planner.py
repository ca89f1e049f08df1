"""From a statement to a worker's job: the tables it names, in the state they are in now, linked into its directory."""

import os
import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pyarrow.parquet as pq

from signalq_billing.devstack.ytsaurus import chyt_types, sql, tables
from signalq_billing.devstack.ytsaurus.chunks import ChunkStore
from signalq_billing.devstack.ytsaurus.errors import ClusterError, Code, clickhouse_error
from signalq_billing.devstack.ytsaurus.job import SourceTable
from signalq_billing.devstack.ytsaurus.schema import Column, Schema
from signalq_billing.devstack.ytsaurus.sql import Token
from signalq_billing.devstack.ytsaurus.storage import arrow_schema
from signalq_billing.devstack.ytsaurus.tables import Table
from signalq_billing.devstack.ytsaurus.view import View

UNKNOWN_TABLE = 60
_UNIONS = {"CONCATYTTABLES", "YTTABLES", "CONCATYTTABLESRANGE", "CONCATYTTABLESLIKE", "CONCATYTTABLESREGEXP"}
_LISTS = {"YTLISTTABLES", "YTLISTNODES"}
MAX_TABLES, DEFAULT_MAX_TABLES = "chyt.concat_tables.max_tables", "250"


class Sources:
    """The tables of one query. Every name is looked up in one view, so that all are of one moment."""

    def __init__(self, view: View, max_tables: int) -> None:
        self._view = view
        self._max_tables = max_tables
        self.found: dict[str, list[Table]] = {}
        self._columns: dict[str, list[str] | None] = {}

    def take(self, parts: Sequence[Token]) -> str:
        """The query's text, its tables noted; functions that name tables become the name of one."""
        result: list[str] = []
        position = 0
        while position < len(parts):
            part = parts[position]
            if part.word() in _UNIONS and sql.next_symbol(parts, position + 1) == "(":
                position, inner = sql.call(parts, position + 1)
                result.append(sql.quote(self._union(part.word(), inner)))
                continue
            path = part.path
            if path is not None:
                if "ranges" in path.attributes:
                    raise ClusterError(f"Row ranges are not supported in queries of this cluster: {part.text}")
                self._note(part.name(), [path.path], path.attributes.get("columns"))
            result.append(part.text)
            position += 1
        return "".join(result)

    def _note(self, name: str, paths: Sequence[str], columns: Sequence[object] | None = None) -> None:
        if name not in self.found:
            self.found[name] = [self._table(path) for path in paths]
            self._columns[name] = [str(column) for column in columns] if columns is not None else None

    def _table(self, path: str) -> Table:
        try:
            table = tables.load(self._view, self._view.table(path))
        except ClusterError as error:
            if error.code != Code.RESOLVE:
                raise
            raise clickhouse_error(UNKNOWN_TABLE, f"Table {path} does not exist. (UNKNOWN_TABLE)") from error
        if not table.schema.columns:
            raise ClusterError(f"Table {path} has no schema: CHYT reads only tables that have one")
        return table

    def _union(self, function: str, inner: Sequence[Token]) -> str:
        paths = self._listed(function, inner)
        if not paths:
            raise ClusterError(f"{function.lower()}: no tables to read")
        if len(paths) > self._max_tables:
            raise ClusterError(f"Cannot concatenate {len(paths)} tables; {MAX_TABLES} is {self._max_tables}")
        name = f"yt union {len(self.found)}"
        self._note(name, paths)
        return name

    def _listed(self, function: str, inner: Sequence[Token]) -> list[str]:
        nested = next((n for n, part in enumerate(inner) if part.word() in _LISTS), None)
        names = [part.name() for part in inner if part.kind in ("quoted", "string")]
        if nested is not None:
            return self._directory(names[0])
        if function in ("CONCATYTTABLES", "YTTABLES"):
            return names
        found = self._directory(names[0])
        if function == "CONCATYTTABLESRANGE":
            low, high = [*names[1:], "", ""][:2]
            return [path for path in found if _last(path) >= low and (not high or _last(path) <= high)]
        pattern = names[1] if function.endswith("REGEXP") else _like(names[1])
        return [path for path in found if re.search(pattern, _last(path))]

    def _directory(self, path: str) -> list[str]:
        node, _ = self._view.resolve(path)
        inside = sorted(self._view.children(node.id).items())
        return [f"{path.rstrip('/')}/{name}" for name, child in inside if self._view.node(child).type == "table"]

    def link(self, store: ChunkStore, directory: Path, timestamps: str) -> list[SourceTable]:
        """Hard-link every chunk below `directory`: the query keeps its snapshot and sees nothing else."""
        made = []
        for number, (name, found) in enumerate(self.found.items()):
            place = directory / f"in-{number}"
            place.mkdir()
            schema = _common(found)
            chosen = self._columns[name]
            columns = [column for column in schema.columns if chosen is None or column.name in chosen]
            pq.write_table(arrow_schema(schema).empty_table(), place / "empty.parquet")
            for count, chunk in enumerate(chunk for table in found for chunk in table.chunks):
                os.link(store.path(chunk.id), place / f"{count:06}.parquet")
            made.append(SourceTable(name, place.name, [_source_column(column, timestamps) for column in columns]))
        return made


def _source_column(column: Column, timestamps: str) -> tuple[str, str, str]:
    """Name, type in the file, and what makes CHYT's value of it."""
    name = sql.quote(column.name)
    shown = chyt_types.clickhouse_type(column, timestamps)
    if "DateTime64" not in shown or column.composite:
        return column.name, shown, ""
    stored = "UInt64" if column.type == "timestamp" else "Int64"
    expression = f"fromUnixTimestamp64Micro(toInt64({name}))"
    return column.name, shown.replace("DateTime64(6)", stored), expression


_WIDER = (("int8", "int16", "int32", "int64"), ("uint8", "uint16", "uint32", "uint64"), ("utf8", "string"))


def _common(found: Sequence[Table]) -> Schema:
    """All columns of some tables, each of the narrowest type that all of theirs fit into; one that is missing in any of
    them is optional. Raises for types that have nothing in common."""
    columns: dict[str, Column] = {}
    for column in (column for table in found for column in table.schema.columns):
        other = columns.get(column.name, column)
        columns[column.name] = Column(column.name, _wider(other, column), False, None, column.v3)
    required = {
        name for name in columns if all((c := table.schema.column(name)) is not None and c.required for table in found)
    }
    return Schema(tuple(replace(c, required=c.name in required) for c in columns.values()), strict=True)


def _wider(one: Column, other: Column) -> str:
    if (one.type, one.v3) == (other.type, other.v3):
        return one.type
    family = next((kinds for kinds in _WIDER if one.type in kinds and other.type in kinds), None)
    if family is None:
        raise ClusterError(f'Column "{one.name}" has different types in the tables to be joined')
    return max(one.type, other.type, key=family.index)


def _last(path: str) -> str:
    return path.rsplit("/", 1)[-1]


def _like(pattern: str) -> str:
    return "^" + "".join({"%": ".*", "_": "."}.get(char, re.escape(char)) for char in pattern) + "$"
