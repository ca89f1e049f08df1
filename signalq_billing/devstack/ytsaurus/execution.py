"""One query from its text to its end: what it reads is linked, a worker runs it, what it made becomes a table."""

import threading
from typing import TYPE_CHECKING

from signalq_billing.devstack.ytsaurus import cypress, schema, sql, tables, yson
from signalq_billing.devstack.ytsaurus.chunks import Chunk
from signalq_billing.devstack.ytsaurus.chyt_types import clickhouse_type
from signalq_billing.devstack.ytsaurus.errors import ClusterError, Code, already_exists, clickhouse_error
from signalq_billing.devstack.ytsaurus.job import Job, Outcome
from signalq_billing.devstack.ytsaurus.misbehaviour import as_error
from signalq_billing.devstack.ytsaurus.planner import DEFAULT_MAX_TABLES, MAX_TABLES, UNKNOWN_TABLE, Sources
from signalq_billing.devstack.ytsaurus.schema import Schema
from signalq_billing.devstack.ytsaurus.sql import Statement
from signalq_billing.devstack.ytsaurus.table_output import scan
from signalq_billing.devstack.ytsaurus.tables import Table
from signalq_billing.devstack.ytsaurus.view import Version, View
from signalq_billing.devstack.ytsaurus.workers import Worker, Workers
from signalq_billing.devstack.ytsaurus.yson import Yson

if TYPE_CHECKING:
    from signalq_billing.devstack.ytsaurus.cluster import Cluster

ROW_LIMIT = 10_000


class Execution:
    """Runs one query. `run` gives what read_query_result reads from, None for a query without rows."""

    def __init__(self, cluster: "Cluster", record: dict[str, Yson], workers: Workers, timestamps: str) -> None:
        self.cluster = cluster
        self.record = record
        self._workers = workers
        self._worker: Worker | None = None
        self._aborted = False
        self._lock = threading.Lock()
        self._timestamps = timestamps

    @property
    def worker(self) -> Worker:
        """Taken when it is first needed: many a query fails before."""
        with self._lock:
            if self._aborted:
                raise ClusterError("Query was aborted", Code.CANCELED)
            if self._worker is None:
                self._worker = self._workers.take()
            return self._worker

    def abort(self) -> None:
        with self._lock:
            self._aborted = True
            if self._worker is not None:
                self._worker.kill()

    def end(self) -> None:
        """Give back what the query has used."""
        if self._worker is not None:
            self._worker.end()
            self._workers.warm_up()

    def run(self) -> dict[str, Yson] | None:
        """Raises ClusterError for whatever makes the query fail."""
        self._check_settings()
        statement = sql.parse(str(self.record["query"]))
        fault = self.cluster.misbehaviour.striking("query", str(self.record["query"]), "query").get("query")
        if fault is not None:
            raise as_error(fault)
        if statement.action == "exists":
            return self._said(f"SELECT toUInt8({int(self._there(statement))}) AS result")
        if statement.action == "drop":
            self._drop(statement)
            return None
        if statement.action in ("create", "insert"):
            self._write(statement)
            return None
        return self._select(statement)

    def _check_settings(self) -> None:
        if str(self.record["engine"]) != "chyt":
            raise ClusterError(f'Engine "{self.record["engine"]}" is not supported by this cluster: it has "chyt"')
        clique = str(self.record["settings"].get("clique", "ch_public"))
        if clique.startswith("*"):
            raise ClusterError(f'Clique "{clique}" does not exist: its name is written without an asterisk')

    def _select(self, statement: Statement) -> dict[str, Yson]:
        outcome = self._work(statement, "", ROW_LIMIT, "", [])
        return _result(outcome)

    def _said(self, query: str) -> dict[str, Yson]:
        return _result(self.worker.run(Job(query, [], {}, self._timestamps, row_limit=ROW_LIMIT)))

    def _there(self, statement: Statement) -> bool:
        assert statement.target is not None
        with self.cluster.session():
            return cypress.exists(self.cluster.view(), statement.target.path)

    def _drop(self, statement: Statement) -> None:
        assert statement.target is not None
        with self.cluster.session():
            view = self.cluster.view()
            if not cypress.exists(view, statement.target.path):
                if statement.lenient:
                    return
                raise clickhouse_error(UNKNOWN_TABLE, f"Table {statement.target.path} does not exist. (UNKNOWN_TABLE)")
            cypress.remove(view, statement.target.path, recursive=False, force=False)

    def _write(self, statement: Statement) -> None:
        """CREATE TABLE AS SELECT and INSERT: the table changes at the end, at once, or not at all."""
        assert statement.target is not None
        create = statement.action == "create"
        with self.cluster.session():
            exists = cypress.exists(self.cluster.view(), statement.target.path)
            target = None if not exists or create else self._target(self.cluster.view(), statement)
        if create and exists:
            if statement.lenient:
                return
            raise already_exists(statement.target.path)
        if not create and target is None:
            raise clickhouse_error(UNKNOWN_TABLE, f"Table {statement.target.path} does not exist. (UNKNOWN_TABLE)")
        known = schema.unsorted(tables.schema_of(target)) if target else []
        fitted = Schema(tuple(known), strict=True).as_text() if known else ""
        outcome = self._work(
            statement, fitted, 0, _values_structure(known, statement, self._timestamps), statement.columns
        )
        written = [
            self.cluster.chunks.adopt(self.worker.directory / name, rows, size) for name, rows, size in outcome.files
        ]
        made = schema.from_text(outcome.schema)
        if create:
            self._commit_create(statement, made.sorted_by(statement.key) if statement.key else made, written)
        else:
            self._commit_insert(statement, written)

    def _target(self, view: View, statement: Statement) -> Version:
        assert statement.target is not None
        node = view.table(statement.target.path)
        if not tables.schema_of(node).columns:
            raise ClusterError(f"Table {statement.target.path} has no schema: CHYT writes only to tables that have one")
        return node

    def _work(self, statement: Statement, fitted: str, limit: int, structure: str, columns: list[str]) -> Outcome:
        with self.cluster.session():
            told = {**_clique_settings(self.record["settings"]), **statement.clique_settings}
            sources = Sources(self.cluster.view(lagging=True), int(told.get(MAX_TABLES, DEFAULT_MAX_TABLES).strip("'")))
            query = sources.take(statement.select)
        linked = sources.link(self.cluster.chunks, self.worker.directory, self._timestamps)
        if statement.values:
            query = f"SELECT * FROM values({structure}, {query})"
        settings = {**_engine_settings(self.record["settings"]), **statement.settings}
        outcome = self.worker.run(Job(query, linked, settings, self._timestamps, fitted, columns, limit))
        if outcome.error:
            raise ClusterError(outcome.error, outcome.code if outcome.code in set(Code) else Code.GENERIC)
        return outcome

    def _commit_create(self, statement: Statement, made: Schema, written: list[Chunk]) -> None:
        assert statement.target is not None
        _check_sorted(self.cluster, made, written)
        given = yson.loads(statement.attributes.encode()) if statement.attributes.strip() else {}
        with self.cluster.session():
            view = self.cluster.view()
            params = {"recursive": True, "attributes": {**given, "schema": made.as_yson()}}
            node = view.node(cypress.create(view, "table", statement.target.path, params))
            tables.put(view, node, written, append=False, schema=made)

    def _commit_insert(self, statement: Statement, written: list[Chunk]) -> None:
        assert statement.target is not None
        append = bool(statement.target.attributes.get("append", True))
        with self.cluster.session():
            view = self.cluster.view()
            node = self._target(view, statement)
            found = tables.schema_of(node)
            before = tables.load(view, node).chunks if append else ()
            if found.key_columns:
                _check_sorted(self.cluster, found, [*before, *written])
            tables.put(view, node, written, append=append, schema=found)


def _engine_settings(settings: dict[str, Yson]) -> dict[str, str]:
    """`query_settings` of the Query Tracker that are ClickHouse's own."""
    plain = {name: value.replace("'", "") for name, value in _query_settings(settings).items()}
    return {name: f"'{value}'" for name, value in plain.items() if not name.startswith("chyt.")}


def _clique_settings(settings: dict[str, Yson]) -> dict[str, str]:
    """Those of CHYT itself, which chdb does not know."""
    return {name: value for name, value in _query_settings(settings).items() if name.startswith("chyt.")}


def _query_settings(settings: dict[str, Yson]) -> dict[str, str]:
    """Raises ClusterError for a value that is not a string."""
    found = settings.get("query_settings") or {}
    bad = next((name for name, value in found.items() if not isinstance(value, str)), None)
    if bad is not None:
        raise ClusterError(f'Value of query setting "{bad}" must be a string')
    return {str(name): str(value) for name, value in found.items()}


def _values_structure(known: list[schema.Column], statement: Statement, timestamps: str) -> str:
    if not statement.values:
        return ""
    chosen = [column for column in known if not statement.columns or column.name in statement.columns]
    if statement.columns:
        chosen.sort(key=lambda column: statement.columns.index(column.name))
    structure = ", ".join(f"{sql.quote(column.name)} {clickhouse_type(column, timestamps)}" for column in chosen)
    return "'" + structure.replace("\\", "\\\\").replace("'", "\\'") + "'"


def _check_sorted(cluster: "Cluster", made: Schema, written: list[Chunk]) -> None:
    """`ORDER BY` of the engine only declares an order: rows that are not in it fail the query."""
    if made.key_columns:
        table = Table("", "", made, tuple(written))
        batches = (batch for _, batch in scan(cluster.chunks, table, made.key_columns, 0, table.rows))
        for _ in tables.checked_order(batches, made, None):
            pass


def _result(outcome: Outcome) -> dict[str, Yson]:
    if outcome.error:
        raise ClusterError(outcome.error)
    return {
        "schema": outcome.schema,
        "rows": outcome.rows,
        "weight": sum(weight for _, _, weight in outcome.files),
        "files": [list(item) for item in outcome.files],
        "truncated": outcome.truncated,
    }
