"""Cypress: nodes, paths, attributes."""

import datetime as dt
import time

import pytest
from yt.wrapper import YtError, YtResponseError

from tests.contract.ytsaurus.conftest import EVENTS, Cluster


def test_nodes_are_made_listed_read_and_removed(cluster: Cluster) -> None:
    client = cluster.client
    client.create("map_node", cluster.path("a/b"), recursive=True)
    client.create("document", cluster.path("a/doc"), attributes={"value": {"k": [1, "two", None, True]}})
    assert client.list(cluster.path("a")) == ["b", "doc"]
    assert client.get(cluster.path("a/doc")) == {"k": [1, "two", None, True]}
    client.remove(cluster.path("a"), recursive=True)
    assert not client.exists(cluster.path("a"))
    assert not client.exists(cluster.path("a/b"))


def test_a_missing_parent_is_a_resolve_error_unless_recursive(cluster: Cluster) -> None:
    with pytest.raises(YtResponseError) as caught:
        cluster.client.create("map_node", cluster.path("x/y/z"))
    assert caught.value.is_resolve_error()
    cluster.client.create("map_node", cluster.path("x/y/z"), recursive=True)
    assert cluster.client.exists(cluster.path("x/y/z"))


def test_what_exists_is_not_made_again_unless_told_to_ignore_it(cluster: Cluster) -> None:
    path = cluster.table("t")
    with pytest.raises(YtResponseError) as caught:
        cluster.client.create("table", path)
    assert caught.value.contains_code(501)
    assert cluster.client.create("table", path, ignore_existing=True) == cluster.client.get(f"{path}/@id")
    with pytest.raises(YtResponseError):
        cluster.client.create("map_node", path, ignore_existing=True)


def test_force_makes_a_new_node_in_the_place_of_the_old(cluster: Cluster) -> None:
    path = cluster.table("t", [{"a": 1}])
    before = cluster.client.get(f"{path}/@id")
    after = cluster.client.create("table", path, force=True)
    assert after != before
    assert cluster.client.get(f"{path}/@row_count") == 0


def test_a_directory_with_something_in_it_is_removed_only_recursively(cluster: Cluster) -> None:
    cluster.client.create("map_node", cluster.path("full/inner"), recursive=True)
    with pytest.raises(YtResponseError):
        cluster.client.remove(cluster.path("full"))
    assert cluster.client.exists(cluster.path("full/inner"))


def test_removing_what_is_not_there_is_an_error_unless_forced(cluster: Cluster) -> None:
    with pytest.raises(YtResponseError) as caught:
        cluster.client.remove(cluster.path("nothing"))
    assert caught.value.is_resolve_error()
    cluster.client.remove(cluster.path("nothing"), force=True)


def test_user_attributes_are_set_read_and_removed(cluster: Cluster) -> None:
    path, client = cluster.table("t"), cluster.client
    client.set(f"{path}/@replicated_until", "2026-01-01T00:00:00Z")
    client.set(f"{path}/@nested", {"a": {"b": 1}})
    assert client.get(f"{path}/@replicated_until") == "2026-01-01T00:00:00Z"
    assert client.get(f"{path}/@nested/a/b") == 1
    assert client.exists(f"{path}/@nested/a")
    assert not client.exists(f"{path}/@nested/z")
    client.remove(f"{path}/@nested")
    with pytest.raises(YtResponseError) as caught:
        client.get(f"{path}/@nested")
    assert caught.value.is_resolve_error()


def test_system_attributes_cannot_be_set(cluster: Cluster) -> None:
    path = cluster.table("t")
    for name in ("row_count", "id", "type"):
        with pytest.raises(YtResponseError):
            cluster.client.set(f"{path}/@{name}", 5)


def test_a_table_describes_itself(cluster: Cluster) -> None:
    path = cluster.table("t", [{"park_id": "p", "status": "on", "status_at": 1_700_000_000_000_000}], EVENTS)
    wanted = ["type", "row_count", "chunk_row_count", "dynamic", "sorted", "schema_mode", "chunk_count"]
    found = cluster.client.get(f"{path}/@", attributes=wanted)
    assert dict(found) == {
        "type": "table",
        "row_count": 1,
        "chunk_row_count": 1,
        "dynamic": False,
        "sorted": False,
        "schema_mode": "strong",
        "chunk_count": 1,
    }
    schema = cluster.client.get(f"{path}/@schema")
    assert schema.attributes["strict"] is True or schema.attributes["strict"] == True  # noqa: E712 - YsonBoolean
    assert [(column["name"], column["type"], bool(column["required"])) for column in schema] == [
        ("park_id", "string", False),
        ("status", "utf8", True),
        ("status_at", "timestamp", False),
    ]
    assert schema[1]["type_v3"] == "utf8"
    assert schema[2]["type_v3"] == {"type_name": "optional", "item": "timestamp"}


def test_writing_moves_the_content_revision_and_an_attribute_does_not(cluster: Cluster) -> None:
    path, client = cluster.table("t", [{"a": 1}]), cluster.client
    first = client.get(f"{path}/@content_revision")
    client.set(f"{path}/@note", "x")
    assert client.get(f"{path}/@content_revision") == first
    revision = client.get(f"{path}/@revision")
    client.write_table(f"<append=%true>{path}", [{"a": 2}])
    assert client.get(f"{path}/@content_revision") > first
    assert client.get(f"{path}/@revision") > revision


def test_times_are_utc_text(cluster: Cluster) -> None:
    path = cluster.table("t")
    created = dt.datetime.fromisoformat(cluster.client.get(f"{path}/@creation_time"))
    modified = dt.datetime.fromisoformat(cluster.client.get(f"{path}/@modification_time"))
    assert created.utcoffset() == dt.timedelta(0)
    assert abs(dt.datetime.now(dt.UTC) - created) < dt.timedelta(minutes=5)
    assert modified >= created


def test_attributes_come_along_with_a_listing(cluster: Cluster) -> None:
    cluster.table("one", [{"a": 1}, {"a": 2}])
    cluster.client.create("map_node", cluster.path("two"))
    found = cluster.client.list(cluster.directory, attributes=["type", "row_count"])
    assert {str(name): dict(name.attributes) for name in found} == {
        "one": {"type": "table", "row_count": 2},
        "two": {"type": "map_node"},
    }


def test_an_object_can_be_named_by_its_id(cluster: Cluster) -> None:
    path = cluster.table("t", [{"a": 1}])
    node_id = cluster.client.get(f"{path}/@id")
    assert cluster.client.get(f"#{node_id}/@path") == path
    assert cluster.client.get(f"#{node_id}/@row_count") == 1
    assert not cluster.client.exists("#1-2-3-4")


def test_a_copy_has_the_rows_and_attributes_and_a_life_of_its_own(cluster: Cluster) -> None:
    path, client = cluster.table("t", [{"a": 1}]), cluster.client
    client.set(f"{path}/@note", "kept")
    client.copy(path, cluster.path("deep/copy"), recursive=True)
    client.write_table(f"<append=%true>{path}", [{"a": 2}])
    assert cluster.rows(cluster.path("deep/copy")) == [{"a": 1}]
    assert client.get(cluster.path("deep/copy/@note")) == "kept"
    with pytest.raises(YtResponseError):
        client.copy(path, cluster.path("deep/copy"))
    client.copy(path, cluster.path("deep/copy"), force=True)
    assert client.get(cluster.path("deep/copy/@row_count")) == 2


def test_moving_takes_a_directory_with_all_that_is_in_it(cluster: Cluster) -> None:
    cluster.table("from/t", [{"a": 1}])
    cluster.client.move(cluster.path("from"), cluster.path("to"))
    assert not cluster.client.exists(cluster.path("from"))
    assert cluster.rows(cluster.path("to/t")) == [{"a": 1}]


def test_a_link_leads_to_its_target_and_is_removed_alone(cluster: Cluster) -> None:
    path, client = cluster.table("t", [{"a": 1}]), cluster.client
    client.link(path, cluster.path("l"))
    assert cluster.rows(cluster.path("l")) == [{"a": 1}]
    assert client.get(cluster.path("l&/@type")) == "link"
    assert client.get(cluster.path("l/@path")) == path
    client.remove(cluster.path("l"))
    assert client.exists(path)


def test_a_node_vanishes_when_its_expiration_time_has_come(cluster: Cluster) -> None:
    soon = (dt.datetime.now(dt.UTC) + dt.timedelta(seconds=0.4)).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    cluster.client.create("table", cluster.path("brief"), attributes={"expiration_time": soon})
    assert cluster.client.exists(cluster.path("brief"))
    until = time.monotonic() + 30
    while cluster.client.exists(cluster.path("brief")) and time.monotonic() < until:
        time.sleep(0.1)
    assert not cluster.client.exists(cluster.path("brief"))


def test_odd_names_need_escaping_and_survive(cluster: Cluster) -> None:
    from yt.wrapper.ypath import escape_ypath_literal

    for name in ("with/slash", "at@sign", "парк", "back\\slash", "*"):
        path = cluster.path(escape_ypath_literal(name))
        cluster.client.create("document", path, attributes={"value": name})
        assert cluster.client.get(path) == name
    assert set(cluster.client.list(cluster.directory)) == {"with/slash", "at@sign", "парк", "back\\slash", "*"}


def test_a_batch_answers_each_request_by_itself(cluster: Cluster) -> None:
    from yt.wrapper.batch_helpers import create_batch_client

    batch = create_batch_client(client=cluster.client)
    found, missing = batch.exists(cluster.directory), batch.get(cluster.path("nothing"))
    batch.commit_batch()
    assert found.get_result() is True or found.get_result() == True  # noqa: E712 - YsonBoolean
    assert YtError.from_dict(missing.get_error()).contains_code(500)


def test_search_walks_the_tree(cluster: Cluster) -> None:
    cluster.table("a/one")
    cluster.table("a/b/two")
    assert sorted(map(str, cluster.client.search(cluster.directory, node_type=["table"]))) == [
        cluster.path("a/b/two"),
        cluster.path("a/one"),
    ]


def test_set_overwrites_a_document_and_needs_force_for_a_directory(cluster: Cluster) -> None:
    client = cluster.client
    client.set(cluster.path("value"), 5)
    assert client.get(cluster.path("value")) == 5
    client.create("document", cluster.path("doc"))
    client.set(cluster.path("doc"), {"a": 1})
    client.set(cluster.path("doc"), {"b": 2})
    assert client.get(cluster.path("doc")) == {"b": 2}
    with pytest.raises(YtResponseError):
        client.set(cluster.directory, {"a": 1})
    assert client.exists(cluster.path("doc"))
