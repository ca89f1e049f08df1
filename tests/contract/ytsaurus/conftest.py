"""One suite for any YT cluster: the stand-in as a process of its own, or the cluster that YT_PROXY and YT_TOKEN name.
Tests work in a scratch directory that is removed afterwards, and reach the cluster through the real client."""

import gc
import os
import warnings
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

import pyarrow as pa
import pytest
from yt.wrapper import YtClient

from signalq_billing.devstack.ytsaurus.faults import Faults
from signalq_billing.devstack.ytsaurus.process import Handle, start
from signalq_billing.devstack.ytsaurus.yson import Yson

TOKEN = "a-token-for-tests"
QUICK: dict[str, Any] = {
    "proxy": {
        "retries": {"count": 3, "backoff": {"policy": "constant_time", "constant_time": 20}},
        "request_timeout": 20_000,
        "heavy_request_timeout": 60_000,
    },
    "write_retries": {"count": 3, "backoff": {"policy": "constant_time", "constant_time": 20}},
    "read_retries": {"count": 3, "backoff": {"policy": "constant_time", "constant_time": 20}},
    "query_tracker": {"poll_period": 100},
    # How often a transaction's pinger looks whether it may end: each `with` waits for it.
    "transaction_sleep_period": 5,
    # By default a failed ping interrupts the main thread, which here runs other tests by then.
    "ping_failed_mode": "pass",
}
EVENTS = [
    {"name": "park_id", "type": "string"},
    {"name": "status", "type": "utf8", "required": True},
    {"name": "status_at", "type": "timestamp"},
]

# Hours of work that no optimizer can shorten.
ENDLESS = "SELECT count() FROM numbers(1000000000000) WHERE sipHash64(number) = 1"


@dataclass
class Cluster:
    """A cluster, a client of it and a directory of the test's own."""

    proxy: str
    token: str
    client: YtClient
    directory: str
    clique: str

    def path(self, name: str) -> str:
        return f"{self.directory}/{name}"

    def another_client(self, **config: Yson) -> YtClient:
        return connect(self.proxy, self.token, **config)

    def table(self, name: str, rows: Sequence[Any] = (), schema: Yson = None) -> str:
        path = self.path(name)
        attributes = {} if schema is None else {"schema": schema}
        self.client.create("table", path, recursive=True, attributes=attributes)
        if rows:
            self.client.write_table(path, rows)
        return path

    def rows(self, path: Yson, client: YtClient | None = None) -> list[dict[str, Any]]:
        return [dict(row) for row in (client or self.client).read_table(path)]

    def query(self, text: str, **settings: Yson) -> list[dict[str, Any]]:
        """Run a query to its end; its rows, none for a statement without a result."""
        query = self.client.run_query("chyt", text, settings={"clique": self.clique, **settings})
        results = query.get_results()
        return [dict(row) for row in results[0].read_rows(validate_not_truncated=False)] if results else []


def connect(proxy: str, token: str | None, /, **config: Yson) -> YtClient:
    merged = {
        name: {**value, **config.get(name, {})} if isinstance(value, dict) else value for name, value in QUICK.items()
    }
    return YtClient(proxy=proxy, token=token, config={**config, **merged})


def arrow_columns(data: bytes) -> dict[str, list[Any]]:
    """All values by column, whatever streams and layouts they came in."""
    columns: dict[str, list[Any]] = {}
    for table in arrow_streams(data):
        for name in table.column_names:
            columns.setdefault(name, []).extend(table.column(name).to_pylist())
    return columns


def arrow_streams(data: bytes) -> list[pa.Table]:
    source, found = pa.BufferReader(data), []
    while source.tell() < source.size():
        try:
            found.append(pa.ipc.open_stream(source).read_all())
        except pa.ArrowInvalid:
            break  # a lone end mark: a table without rows
    return found


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The client leaves a socket to the garbage collector whenever an answer ends badly, as many do here."""
    for item in items:
        if item.path.is_relative_to(Path(__file__).parent):
            item.add_marker(pytest.mark.filterwarnings("ignore:unclosed <socket:ResourceWarning"))


@pytest.fixture(autouse=True, scope="module")
def sockets_left_behind() -> Iterator[None]:
    """Gone before tests of other rooms begin, where they would count as faults."""
    yield
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)
        gc.collect()


@pytest.fixture(scope="session")
def stand_in_process(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Handle | None]:
    if os.environ.get("YT_PROXY"):
        yield None
        return
    handle = start(tmp_path_factory.mktemp("yt"), TOKEN)
    yield handle
    handle.stop()


@pytest.fixture(scope="session")
def place(stand_in_process: Handle | None) -> Iterator[Callable[[], Cluster]]:
    proxy = stand_in_process.proxy if stand_in_process else os.environ["YT_PROXY"]
    token = stand_in_process.token if stand_in_process else os.environ.get("YT_TOKEN", "")
    client = connect(proxy, token)
    scratch = f"//tmp/signalq-contract-{uuid4().hex}"
    client.create("map_node", scratch)

    def make() -> Cluster:
        directory = f"{scratch}/{uuid4().hex[:8]}"
        client.create("map_node", directory)
        return Cluster(proxy, token, client, directory, os.environ.get("YT_CLIQUE", "ch_public"))

    yield make
    client.remove(scratch, recursive=True, force=True)


@pytest.fixture
def cluster(place: Callable[[], Cluster]) -> Cluster:
    return place()


@pytest.fixture
def stand_in(stand_in_process: Handle | None) -> Handle:
    """For what only the stand-in can be asked to do."""
    if stand_in_process is None:
        pytest.skip("a real cluster cannot be told to do this")
    return stand_in_process


@pytest.fixture
def faults(stand_in: Handle) -> Iterator[Faults]:
    yield stand_in.faults
    stand_in.faults.clear()
