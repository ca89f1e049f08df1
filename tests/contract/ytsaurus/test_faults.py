"""The stand-in misbehaves on demand, and the client sees what it would see of a cluster in trouble."""

import time
from typing import Any

import pytest
import requests
from yt.packages.requests.exceptions import ChunkedEncodingError, ReadTimeout
from yt.packages.requests.exceptions import ConnectionError as ClientConnectionError
from yt.wrapper import TablePath, YtError, YtResponseError
from yt.wrapper.errors import YtChunkUnavailable, YtProxyUnavailable

from signalq_billing.devstack.ytsaurus.faults import Faults
from tests.contract.ytsaurus.conftest import Cluster

ONCE: dict[str, Any] = {"proxy": {"retries": {"enable": False}}, "read_retries": {"enable": False}}
ONCE["write_retries"] = {"enable": False}


def test_a_failure_strikes_as_often_as_told(cluster: Cluster, faults: Faults) -> None:
    client = cluster.another_client(**ONCE)
    faults.set({"kind": "error", "command": "exists", "code": 901, "message": "no", "times": 2})
    for _ in range(2):
        with pytest.raises(YtResponseError) as caught:
            client.exists("//tmp")
        assert caught.value.contains_code(901)
    assert client.exists("//tmp")
    assert faults.struck() == [2]


def test_a_status_is_retried_by_the_client_when_it_would_be(cluster: Cluster, faults: Faults) -> None:
    faults.set({"kind": "status", "command": "exists", "status": 503, "times": 2})
    assert cluster.client.exists("//tmp")
    faults.set({"kind": "status", "command": "exists", "status": 503})
    with pytest.raises(YtProxyUnavailable):
        cluster.client.exists("//tmp")


def test_a_delay_runs_into_the_clients_timeout(cluster: Cluster, faults: Faults) -> None:
    faults.delay(0.4, command="exists", times=1)
    started = time.monotonic()
    assert cluster.client.exists("//tmp")
    assert time.monotonic() - started > 0.35
    faults.delay(3, command="exists")
    hasty = cluster.another_client(proxy={"request_timeout": 300, "retries": {"enable": False}})
    with pytest.raises(ReadTimeout):
        hasty.exists("//tmp")


def test_a_cut_stream_is_noticed(cluster: Cluster, faults: Faults) -> None:
    path = cluster.table("t", [{"a": number} for number in range(1000)])
    client = cluster.another_client(**ONCE)
    faults.set({"kind": "cut", "command": "read_table", "after_bytes": 500})
    with pytest.raises((ChunkedEncodingError, ClientConnectionError, YtError)):
        list(client.read_table(path))


def test_a_cut_read_is_taken_up_again_by_the_client(cluster: Cluster, faults: Faults) -> None:
    path = cluster.table("t", [{"a": number} for number in range(1000)])
    faults.set({"kind": "cut", "command": "read_table", "after_bytes": 500, "times": 1})
    assert [row["a"] for row in cluster.client.read_table(path)] == list(range(1000))
    assert faults.struck() == [1]


def test_an_error_in_the_middle_comes_in_the_trailers(cluster: Cluster, faults: Faults) -> None:
    path = cluster.table("t", [{"a": number} for number in range(1000)])
    client = cluster.another_client(**ONCE)
    faults.set({"kind": "trailer", "command": "read_table", "after_bytes": 500, "code": 716, "message": "gone"})
    with pytest.raises(YtChunkUnavailable):
        list(client.read_table(path))


def test_a_lost_answer_hides_a_command_that_was_done(cluster: Cluster, faults: Faults) -> None:
    faults.set({"kind": "lose_answer", "command": "create", "times": 1})
    with pytest.raises(ClientConnectionError):
        cluster.another_client(**ONCE).create("map_node", cluster.path("done"))
    assert cluster.client.exists(cluster.path("done"))


def test_a_retry_after_a_lost_answer_does_nothing_twice(cluster: Cluster, faults: Faults) -> None:
    faults.set({"kind": "lose_answer", "command": "create", "times": 1})
    node_id = cluster.client.create("map_node", cluster.path("done"))
    assert faults.struck() == [1]
    assert cluster.client.get(cluster.path("done/@id")) == node_id


def test_a_write_whose_answer_was_lost_is_not_written_twice(cluster: Cluster, faults: Faults) -> None:
    path = cluster.table("t", [{"a": 1}])
    faults.set({"kind": "lose_answer", "command": "write_table", "times": 1})
    cluster.client.write_table(TablePath(path, append=True), [{"a": 2}])
    assert faults.struck() == [1]
    assert cluster.rows(path) == [{"a": 1}, {"a": 2}]


def test_an_orderly_close_in_the_middle_of_an_answer_is_noticed(cluster: Cluster, faults: Faults) -> None:
    cluster.client.create("map_node", cluster.path("a-long-name-in-the-listing"))
    faults.set({"kind": "cut", "command": "list", "after_bytes": 9, "orderly": True})
    with pytest.raises((YtError, ClientConnectionError, ChunkedEncodingError)):
        cluster.another_client(**ONCE).list(cluster.directory)


def test_down_means_no_answer_at_all(cluster: Cluster, faults: Faults) -> None:
    faults.down()
    with pytest.raises(ClientConnectionError):
        cluster.another_client(**ONCE).exists("//tmp")
    with pytest.raises(requests.ConnectionError):
        requests.get(f"http://{cluster.proxy}/api", timeout=5)
    faults.clear()
    assert cluster.client.exists("//tmp")


def test_a_frozen_replica_shows_tables_as_they_were(cluster: Cluster, faults: Faults) -> None:
    path = cluster.table("t", [{"a": 1}], [{"name": "a", "type": "int64"}])
    other = cluster.table("other", [{"a": 1}])
    faults.freeze(path)
    for table in (path, other):
        cluster.client.write_table(TablePath(table, append=True), [{"a": 2}])
    assert cluster.rows(path) == [{"a": 1}]
    assert cluster.client.get(f"{path}/@row_count") == 1
    assert cluster.query(f'SELECT count() AS n FROM "{path}"') == [{"n": 1}]
    assert cluster.rows(other) == [{"a": 1}, {"a": 2}]
    faults.clear()
    assert cluster.rows(path) == [{"a": 1}, {"a": 2}]


def test_a_lagging_replica_catches_up(cluster: Cluster, faults: Faults) -> None:
    path = cluster.table("t", [{"a": 1}])
    time.sleep(0.6)
    cluster.client.write_table(TablePath(path, append=True), [{"a": 2}])
    faults.lag(0.5)
    assert cluster.rows(path) == [{"a": 1}]
    until = time.monotonic() + 20
    while len(cluster.rows(path)) < 2 and time.monotonic() < until:
        time.sleep(0.1)
    assert cluster.rows(path) == [{"a": 1}, {"a": 2}]


def test_a_query_fails_when_told_to(cluster: Cluster, faults: Faults) -> None:
    faults.set({"kind": "query", "code": 1, "message": "Memory limit exceeded", "times": 1})
    with pytest.raises(YtError, match="Memory limit exceeded"):
        cluster.query("SELECT 1 AS a")
    assert cluster.query("SELECT 1 AS a") == [{"a": 1}]


def test_an_unknown_fault_is_refused(faults: Faults, cluster: Cluster) -> None:
    answer = requests.post(f"http://{cluster.proxy}/_faults", json=[{"kind": "typo"}], timeout=5)
    assert answer.status_code == 400
    assert "typo" in answer.text
