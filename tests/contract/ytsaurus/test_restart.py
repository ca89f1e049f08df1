"""What was answered is kept, through restarts in good order and through being killed."""

import threading
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from yt.wrapper import TablePath, YtError, YtResponseError

from signalq_billing.devstack.ytsaurus.process import Handle, start
from tests.contract.ytsaurus.conftest import ENDLESS, Cluster, connect

TOKEN = "restarting"


class Restartable:
    """A stand-in of this test's own, ended and started again on the same data."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.handle: Handle = start(directory, TOKEN)

    def cluster(self) -> Cluster:
        return Cluster(self.handle.proxy, TOKEN, connect(self.handle.proxy, TOKEN), "//home", "ch_public")

    def killed_and_started_again(self) -> Cluster:
        self.handle.kill()
        self.handle = start(self.directory, TOKEN)
        return self.cluster()


@pytest.fixture
def restartable(stand_in: Handle, tmp_path: Path) -> Iterator[Restartable]:
    made = Restartable(tmp_path / "data")
    yield made
    made.handle.stop()


def test_tables_attributes_and_query_results_survive_a_kill(restartable: Restartable) -> None:
    before = restartable.cluster()
    path = before.table("t", [{"a": 1}], [{"name": "a", "type": "int64"}])
    before.client.set(f"{path}/@note", "kept")
    query_id = before.client.run_query("chyt", f'SELECT a FROM "{path}"', settings={"clique": "ch_public"}).id
    revision = before.client.get(f"{path}/@revision")
    after = restartable.killed_and_started_again()
    assert after.rows(path) == [{"a": 1}]
    assert after.client.get(f"{path}/@note") == "kept"
    assert after.client.get(f"{path}/@revision") == revision
    assert [dict(row) for row in after.client.read_query_result(query_id)] == [{"a": 1}]
    after.client.write_table(TablePath(path, append=True), [{"a": 2}])
    assert after.client.get(f"{path}/@revision") > revision


def test_an_open_transaction_survives_and_can_be_committed(restartable: Restartable) -> None:
    before = restartable.cluster()
    transaction = before.client.start_transaction(timeout=60_000)
    with before.client.Transaction(transaction_id=transaction):
        path = before.table("inside", [{"a": 1}])
    after = restartable.killed_and_started_again()
    assert not after.client.exists(path)
    after.client.commit_transaction(transaction)
    assert after.rows(path) == [{"a": 1}]


def test_a_query_cut_off_by_a_kill_has_failed(restartable: Restartable) -> None:
    before = restartable.cluster()
    query_id = before.client.start_query("chyt", ENDLESS, settings={"clique": "ch_public"})
    # Until it is really computing: merely to be ready takes a worker half a second of processor time.
    server = psutil.Process(restartable.handle.process.pid)
    while not any(worker.cpu_times().user > 1.5 for worker in server.children()):
        time.sleep(0.05)
    workers = server.children()
    after = restartable.killed_and_started_again()
    assert psutil.wait_procs(workers, timeout=10)[1] == []
    query = after.client.get_query(query_id)
    assert query["state"] == "failed"
    assert "restart" in query["error"]["message"]
    with pytest.raises(YtResponseError):
        after.client.get_query_result(query_id)
    assert after.query("SELECT 1 AS a") == [{"a": 1}]


def test_what_was_acknowledged_before_a_kill_is_there_and_nothing_in_halves(restartable: Restartable) -> None:
    before = restartable.cluster()
    path = before.table("t", schema=[{"name": "batch", "type": "int64"}])
    acknowledged: list[int] = []

    def write() -> None:
        client = before.another_client(
            proxy={"retries": {"enable": False}}, write_retries={"enable": False}, ping_failed_mode="pass"
        )
        try:
            for batch in range(1000):
                client.write_table(TablePath(path, append=True), [{"batch": batch}] * 50)
                acknowledged.append(batch)
        except Exception:
            return

    writer = threading.Thread(target=write)
    writer.start()
    while len(acknowledged) < 3:
        time.sleep(0.01)
    after = restartable.killed_and_started_again()
    writer.join(60)
    found = [row["batch"] for row in after.rows(path)]
    counts = {batch: found.count(batch) for batch in found}
    assert set(counts.values()) == {50}
    assert set(acknowledged) <= set(counts)


def test_one_directory_serves_one_process(restartable: Restartable) -> None:
    with pytest.raises(RuntimeError, match="in use"):
        start(restartable.directory, TOKEN)
    assert restartable.cluster().client.exists("//home")


def test_a_stop_leaves_no_process_behind(tmp_path: Path, stand_in: Handle) -> None:
    handle = start(tmp_path / "data", TOKEN)
    client = connect(handle.proxy, TOKEN)
    client.run_query("chyt", "SELECT 1", settings={"clique": "ch_public"})
    children = psutil.Process(handle.process.pid).children(recursive=True)
    handle.stop()
    _, alive = psutil.wait_procs(children, timeout=10)
    assert alive == []
    with pytest.raises((YtError, OSError)):
        connect(handle.proxy, TOKEN, proxy={"retries": {"enable": False}}).exists("//home")
