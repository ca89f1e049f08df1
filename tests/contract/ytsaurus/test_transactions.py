"""Transactions and locks: what others see, what conflicts, what a snapshot holds still."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from yt.wrapper import YtClient, YtResponseError

from tests.contract.ytsaurus.conftest import Cluster


class Abandoned(Exception):
    """Ends a transaction without a commit."""


@contextmanager
def abandoned(client: YtClient) -> Iterator[None]:
    """A transaction whose work is thrown away."""
    try:
        with client.Transaction():
            yield
            raise Abandoned
    except Abandoned:
        return


def test_changes_are_seen_inside_at_once_and_outside_after_the_commit(cluster: Cluster) -> None:
    path, other = cluster.table("t", [{"a": 1}]), cluster.another_client()
    with cluster.client.Transaction():
        cluster.client.write_table(f"<append=%true>{path}", [{"a": 2}])
        cluster.client.create("table", cluster.path("new"))
        cluster.client.set(f"{path}/@note", "inside")
        assert cluster.rows(path) == [{"a": 1}, {"a": 2}]
        assert cluster.rows(path, other) == [{"a": 1}]
        assert not other.exists(cluster.path("new"))
        assert not other.exists(f"{path}/@note")
    assert cluster.rows(path, other) == [{"a": 1}, {"a": 2}]
    assert other.exists(cluster.path("new"))
    assert other.get(f"{path}/@note") == "inside"


def test_an_abort_leaves_nothing_behind(cluster: Cluster) -> None:
    path = cluster.table("t", [{"a": 1}])
    with abandoned(cluster.client):
        cluster.client.write_table(path, [{"a": 9}])
        cluster.client.remove(cluster.table("t2"))
        cluster.client.create("map_node", cluster.path("dir"))
        cluster.client.set(f"{path}/@note", "x")
    assert cluster.rows(path) == [{"a": 1}]
    assert not cluster.client.exists(cluster.path("dir"))
    assert not cluster.client.exists(f"{path}/@note")
    assert not cluster.client.exists(cluster.path("t2"))


def test_a_nested_transaction_gives_its_changes_to_its_parent_only(cluster: Cluster) -> None:
    path, other = cluster.table("t", [{"a": 1}]), cluster.another_client()
    client = cluster.client
    with client.Transaction():
        with client.Transaction():
            client.write_table(f"<append=%true>{path}", [{"a": 2}])
        assert cluster.rows(path) == [{"a": 1}, {"a": 2}]
        assert cluster.rows(path, other) == [{"a": 1}]
        with abandoned(client):
            client.write_table(f"<append=%true>{path}", [{"a": 3}])
        assert cluster.rows(path) == [{"a": 1}, {"a": 2}]
    assert cluster.rows(path, other) == [{"a": 1}, {"a": 2}]


def test_a_removal_is_undone_by_an_abort_and_final_after_a_commit(cluster: Cluster) -> None:
    path, other = cluster.table("d/t", [{"a": 1}]), cluster.another_client()
    with abandoned(cluster.client):
        cluster.client.remove(cluster.path("d"), recursive=True)
        assert not cluster.client.exists(path)
        assert other.exists(path)
    assert cluster.rows(path) == [{"a": 1}]
    with cluster.client.Transaction():
        cluster.client.remove(cluster.path("d"), recursive=True)
        cluster.client.create("table", path, recursive=True)
    assert cluster.rows(path) == []


@pytest.mark.parametrize("change", ["append", "overwrite", "remove", "replace", "alter"])
def test_a_snapshot_lock_holds_a_table_still_while_others_change_it(cluster: Cluster, change: str) -> None:
    path = cluster.table("t", [{"a": 1}, {"a": 2}], [{"name": "a", "type": "int64"}])
    client, other = cluster.client, cluster.another_client()
    with client.Transaction():
        node_id = client.lock(path, mode="snapshot")["node_id"]
        if change == "append":
            other.write_table(f"<append=%true>{path}", [{"a": 3}])
        elif change == "overwrite":
            other.write_table(path, [{"a": 9}])
        elif change == "remove":
            other.remove(path)
        elif change == "replace":
            other.remove(path)
            other.create("table", path)
            other.write_table(path, [{"b": 5}])
        else:
            other.alter_table(path, [{"name": "a", "type": "int64"}, {"name": "b", "type": "string"}])
        assert cluster.rows(f"#{node_id}") == [{"a": 1}, {"a": 2}]
        assert client.get(f"#{node_id}/@row_count") == 2
    seen = {"append": 3, "overwrite": 1, "replace": 1, "alter": 2}
    assert (client.get(f"{path}/@row_count") if other.exists(path) else None) == seen.get(change)


def test_the_end_of_a_snapshot_undoes_nothing_of_what_others_did(cluster: Cluster) -> None:
    path, other = cluster.table("t", [{"a": 1}]), cluster.another_client()
    other.set(f"{path}/@note", "before")
    with cluster.client.Transaction():
        node_id = cluster.client.lock(path, mode="snapshot")["node_id"]
        other.remove(f"{path}/@note")
        other.write_table(f"<append=%true>{path}", [{"a": 2}])
        assert cluster.client.get(f"#{node_id}/@note") == "before"
    assert not other.exists(f"{path}/@note")
    assert cluster.rows(path) == [{"a": 1}, {"a": 2}]


def test_a_read_that_has_begun_ends_with_the_rows_it_began_with(cluster: Cluster) -> None:
    path = cluster.table("t", [{"a": number} for number in range(1000)])
    reading = cluster.client.read_table(path)
    first = next(iter(reading))
    cluster.another_client().write_table(path, [{"a": -1}])
    assert [row["a"] for row in [first, *reading]] == list(range(1000))


def test_exclusive_locks_exclude_each_other_and_writers(cluster: Cluster) -> None:
    path, other = cluster.table("t", [{"a": 1}]), cluster.another_client()
    with cluster.client.Transaction():
        cluster.client.lock(path, mode="exclusive")
        for attempt in (
            lambda: other.write_table(f"<append=%true>{path}", [{"a": 2}]),
            lambda: other.write_table(path, [{"a": 2}]),
            lambda: other.remove(path),
            lambda: other.set(f"{path}/@note", 1),
            lambda: other.remove(cluster.directory, recursive=True),
        ):
            with pytest.raises(YtResponseError) as caught:
                attempt()
            assert caught.value.is_cypress_transaction_lock_conflict()
        with other.Transaction(), pytest.raises(YtResponseError) as caught:
            other.lock(path, mode="exclusive")
        assert caught.value.contains_code(402)
        assert cluster.rows(path, other) == [{"a": 1}]
    other.write_table(path, [{"a": 2}])
    assert cluster.rows(path) == [{"a": 2}]


def test_appends_of_two_transactions_go_together(cluster: Cluster) -> None:
    path, other = cluster.table("t", [{"a": 1}]), cluster.another_client()
    with cluster.client.Transaction():
        cluster.client.write_table(f"<append=%true>{path}", [{"a": 2}])
        with other.Transaction():
            other.write_table(f"<append=%true>{path}", [{"a": 3}])
            with pytest.raises(YtResponseError) as caught:
                other.write_table(path, [{"a": 9}])
            assert caught.value.contains_code(402)
        assert cluster.rows(path) == [{"a": 1}, {"a": 2}]
    assert [row["a"] for row in cluster.rows(path)] == [1, 3, 2]


def test_shared_locks_conflict_only_over_the_same_key(cluster: Cluster) -> None:
    client, other = cluster.client, cluster.another_client()
    with client.Transaction(), other.Transaction():
        client.lock(cluster.directory, mode="shared", child_key="a")
        other.lock(cluster.directory, mode="shared", child_key="b")
        with pytest.raises(YtResponseError) as caught:
            other.create("map_node", cluster.path("a"))
        assert caught.value.contains_code(402)
        other.create("map_node", cluster.path("c"))


def test_a_waitable_lock_is_granted_when_the_way_is_free(cluster: Cluster) -> None:
    path, client, other = cluster.table("t"), cluster.client, cluster.another_client()
    with other.Transaction():
        with client.Transaction():
            client.lock(path, mode="exclusive")
            pending = other.lock(path, mode="exclusive", waitable=True)["lock_id"]
            assert other.get(f"#{pending}/@state") == "pending"
        assert other.get(f"#{pending}/@state") == "acquired"


def test_unlocking_lets_others_in(cluster: Cluster) -> None:
    path, other = cluster.table("t"), cluster.another_client()
    with cluster.client.Transaction():
        cluster.client.lock(path, mode="exclusive")
        cluster.client.unlock(path)
        other.write_table(path, [{"a": 1}])
    assert cluster.rows(path) == [{"a": 1}]


def test_what_nobody_pings_is_aborted(cluster: Cluster) -> None:
    client = cluster.client
    transaction = client.start_transaction(timeout=500)
    with client.Transaction(transaction_id=transaction):
        client.create("map_node", cluster.path("short"))
    until = time.monotonic() + 30
    while client.exists(f"#{transaction}") and time.monotonic() < until:
        time.sleep(0.1)
    with pytest.raises(YtResponseError) as caught:
        client.commit_transaction(transaction)
    assert caught.value.is_no_such_transaction()
    assert not client.exists(cluster.path("short"))


def test_pings_keep_a_transaction_alive(cluster: Cluster) -> None:
    transaction = cluster.client.start_transaction(timeout=1500)
    for _ in range(6):
        time.sleep(0.4)
        cluster.client.ping_transaction(transaction)
    cluster.client.commit_transaction(transaction)


def test_an_unknown_transaction_is_told_by_its_code(cluster: Cluster) -> None:
    with pytest.raises(YtResponseError) as caught:
        cluster.client.abort_transaction("1-2-10001-4")
    assert caught.value.is_no_such_transaction()


def test_a_committed_transaction_is_gone(cluster: Cluster) -> None:
    transaction = cluster.client.start_transaction(timeout=60_000)
    assert cluster.client.get(f"#{transaction}/@timeout") == 60_000
    cluster.client.commit_transaction(transaction)
    with pytest.raises(YtResponseError) as caught:
        cluster.client.ping_transaction(transaction)
    assert caught.value.contains_code(11000)
