"""The Query Tracker: queries are accepted at once, run beside everything else, and are polled until they end."""

import os
import shutil
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

from signalq_billing.devstack.ytsaurus import clock, schema, yson
from signalq_billing.devstack.ytsaurus.chunks import Chunk, ChunkStore
from signalq_billing.devstack.ytsaurus.database import new_id
from signalq_billing.devstack.ytsaurus.errors import ClusterError, Code
from signalq_billing.devstack.ytsaurus.execution import Execution
from signalq_billing.devstack.ytsaurus.tables import Table
from signalq_billing.devstack.ytsaurus.workers import Workers
from signalq_billing.devstack.ytsaurus.yson import Yson

if TYPE_CHECKING:
    from signalq_billing.devstack.ytsaurus.cluster import Cluster

QUERY_KIND = 700
AT_ONCE = 4
KEPT_SECONDS = 3 * 86_400.0
FINAL = ("completed", "failed", "aborted")
_INNER = ("result",)


class Tracker:
    """All queries of a cluster. Records live in the metadata database, result rows in files beside it."""

    def __init__(self, cluster: "Cluster", directory: Path, timestamps: str) -> None:
        self._cluster = cluster
        self._results = directory / "results"
        self._results.mkdir(exist_ok=True)
        self._workers = Workers(directory / "workers")
        self._threads = ThreadPoolExecutor(AT_ONCE, thread_name_prefix="query")
        self._running: dict[str, Execution] = {}
        self._lock = threading.Lock()
        self.timestamps = timestamps
        self._fail_interrupted()

    def warm_up(self) -> None:
        """Have a worker ready; not beside a running query, for that makes one ready when it ends."""
        with self._lock:
            if self._running:
                return
        self._workers.warm_up()

    def start(self, params: dict[str, Yson]) -> str:
        """Accept a query; runs inside the command's metadata transaction."""
        query_id = new_id(QUERY_KIND)
        record = {
            "id": query_id,
            "engine": str(params["engine"]),
            "query": str(params["query"]),
            "settings": dict(params.get("settings") or {}),
            "files": list(params.get("files") or []),
            "annotations": dict(params.get("annotations") or {}),
            "user": "root",
            "start_time": clock.text(clock.now()),
            "state": "pending",
            "result_count": 0,
            "progress": {},
            "access_control_objects": [],
            "is_indexed": True,
        }
        database = self._cluster.database
        database.run(
            "INSERT INTO query VALUES (?, ?, ?, ?)", query_id, database.next("query"), "pending", yson.dumps(record)
        )
        self._threads.submit(self._run, query_id, record)
        return query_id

    def get(self, query_id: str, names: list[str] | None) -> Yson:
        return _shown(self._record(query_id), names)

    def listing(self, params: dict[str, Yson], names: list[str] | None) -> Yson:
        rows = self._cluster.database.rows("SELECT record FROM query ORDER BY seq DESC")
        found = [yson.loads(bytes(row[0])) for row in rows if isinstance(row[0], bytes)]
        for key in ("state", "engine", "user"):
            if params.get(key):
                found = [record for record in found if str(record[key]) == str(params[key])]
        if params.get("filter"):
            found = [record for record in found if str(params["filter"]) in str(record["query"])]
        limit = int(params.get("limit") or 100)
        shown = [_shown(record, names) for record in found[:limit]]
        return {"queries": shown, "incomplete": len(found) > limit, "timestamp": yson.Uint64(int(clock.now()) << 30)}

    def abort(self, query_id: str, message: Yson) -> None:
        record = self._record(query_id)
        if record["state"] in FINAL:
            raise ClusterError(f"Query {query_id} is in state {record['state']} and cannot be aborted")
        reason = f"Query was aborted: {message}" if message else "Query was aborted by user request"
        self._finish(record, "aborted", ClusterError(reason, Code.CANCELED))
        with self._lock:
            execution = self._running.get(query_id)
        if execution is not None:
            execution.abort()

    def annotate(self, query_id: str, annotations: dict[str, Yson]) -> None:
        record = self._record(query_id)
        record["annotations"] = annotations
        self._save(record)

    def result(self, query_id: str, index: int) -> Yson:
        record, result = self._result(query_id, index)
        found = schema.from_text(str(result["schema"]))
        statistics = {"row_count": result["rows"], "data_weight": result["weight"], "chunk_count": len(result["files"])}
        answer = {"id": query_id, "result_index": index, "schema": found.as_yson(), "data_statistics": statistics}
        return {
            **answer,
            "is_truncated": bool(result["truncated"]),
            "full_result": yson.Entity(),
            "state": record["state"],
        }

    def result_table(self, query_id: str, index: int) -> tuple[ChunkStore, Table]:
        _, result = self._result(query_id, index)
        chunks = tuple(Chunk(Path(str(name)).stem, int(rows), 0, int(weight)) for name, rows, weight in result["files"])
        store = ChunkStore(self._results / query_id, self._cluster.database)
        return store, Table(query_id, query_id, schema.from_text(str(result["schema"])), chunks)

    def sweep(self) -> None:
        """Forget queries that ended long ago."""
        database = self._cluster.database
        for query_id, record in database.rows("SELECT id, record FROM query WHERE state IN (?, ?, ?)", *FINAL):
            assert isinstance(record, bytes)
            if clock.parse(yson.loads(record)["finish_time"]) < clock.now() - KEPT_SECONDS:
                database.run("DELETE FROM query WHERE id = ?", query_id)
                shutil.rmtree(self._results / str(query_id), ignore_errors=True)

    def close(self) -> None:
        with self._lock:
            for execution in self._running.values():
                execution.abort()
        self._threads.shutdown(wait=True, cancel_futures=True)
        self._workers.close()

    def _run(self, query_id: str, record: dict[str, Yson]) -> None:
        execution = Execution(self._cluster, record, self._workers, self.timestamps)
        with self._lock:
            self._running[query_id] = execution
        try:
            if not self._began(record):
                return
            result = execution.run()
            if result is not None:
                self._keep_files(query_id, execution, result)
                record.update(result=result, result_count=1)
            self._finish(record, "completed", None)
        except ClusterError as error:
            self._finish(record, "failed", error)
        except Exception as error:
            self._finish(record, "failed", ClusterError(f"Internal error of the cluster: {error!r}"))
        finally:
            with self._lock:
                del self._running[query_id]
            execution.end()

    def _began(self, record: dict[str, Yson]) -> bool:
        with self._cluster.session():
            if self._record(record["id"])["state"] in FINAL:
                return False
            record["state"] = "running"
            self._save(record)
            return True

    def _keep_files(self, query_id: str, execution: Execution, result: dict[str, Yson]) -> None:
        place = self._results / query_id
        shutil.rmtree(place, ignore_errors=True)
        place.mkdir()
        for name, _, _ in result["files"]:
            os.replace(execution.worker.directory / name, place / Path(name).name)

    def _finish(self, record: dict[str, Yson], state: str, error: ClusterError | None) -> None:
        """The first end counts: a query that was aborted stays so, whatever its worker says afterwards."""
        with self._cluster.session():
            if self._record(record["id"])["state"] in FINAL:
                return
            record.update(state=state, finish_time=clock.text(clock.now()))
            if error is not None:
                record["error"] = error.as_dict()
            self._save(record)

    def _save(self, record: dict[str, Yson]) -> None:
        self._cluster.database.run(
            "UPDATE query SET state = ?, record = ? WHERE id = ?", record["state"], yson.dumps(record), record["id"]
        )

    def _record(self, query_id: str) -> dict[str, Yson]:
        row = self._cluster.database.row("SELECT record FROM query WHERE id = ?", query_id)
        if row is None or not isinstance(row[0], bytes):
            raise ClusterError(
                f"Query {query_id} is not found in active or finished query tables", Code.QUERY_NOT_FOUND
            )
        return dict(yson.loads(row[0]))

    def _result(self, query_id: str, index: int) -> tuple[dict[str, Yson], dict[str, Yson]]:
        record = self._record(query_id)
        if index != 0 or "result" not in record:
            raise ClusterError(f"Result {index} of query {query_id} is not found", Code.QUERY_RESULT_NOT_FOUND)
        return record, record["result"]

    def _fail_interrupted(self) -> None:
        for (query_id,) in self._cluster.database.rows("SELECT id FROM query WHERE state IN ('pending', 'running')"):
            error = ClusterError("Query was interrupted by a restart of the cluster")
            self._finish(self._record(str(query_id)), "failed", error)


def _shown(record: dict[str, Yson], names: list[str] | None) -> dict[str, Yson]:
    return {name: value for name, value in record.items() if name not in _INNER and (names is None or name in names)}
