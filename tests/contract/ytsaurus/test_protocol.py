"""HTTP itself: what goes over the wire beside what the client shows. Raw requests, so that both ends are held to it."""

import gzip
import json
import zlib
from collections.abc import Callable
from typing import Any
from uuid import uuid4

import brotli
import pytest
import requests
import yt.yson as yson
from yt.wrapper import YtTokenError
from yt.wrapper.errors import YtResponseError

from signalq_billing.devstack.ytsaurus.yson import Yson
from tests.contract.ytsaurus.conftest import Cluster, connect


def call(cluster: Cluster, method: str, command: str, params: dict[str, Any], **more: Yson) -> requests.Response:
    headers = {
        "Authorization": f"OAuth {cluster.token}",
        "X-YT-Header-Format": "<format=text>yson",
        "X-YT-Parameters": yson.dumps(params, yson_format="text").decode("latin-1"),
        **more.pop("headers", {}),
    }
    return requests.request(method, f"http://{cluster.proxy}/api/v4/{command}", headers=headers, timeout=20, **more)


def test_a_wrong_token_is_refused_and_not_retried(cluster: Cluster) -> None:
    with pytest.raises(YtTokenError):
        connect(cluster.proxy, "wrong").list("/")
    answer = call(cluster, "GET", "list", {"path": "/"}, headers={"Authorization": "OAuth wrong"})
    assert answer.status_code == 401


def test_the_client_is_who_its_token_says(cluster: Cluster) -> None:
    assert cluster.client.get_user_name()


def test_every_command_says_what_it_takes_and_gives(cluster: Cluster) -> None:
    answer = requests.get(f"http://{cluster.proxy}/api/v4", timeout=20)
    commands = {command["name"]: command for command in answer.json()}
    assert set(commands["get"]) >= {"name", "input_type", "output_type", "is_volatile", "is_heavy"}
    assert commands["write_table"]["input_type"] == "tabular"
    assert commands["read_table"]["is_heavy"]
    assert not commands["start_query"]["is_heavy"]


def test_errors_have_the_shape_the_client_matches_on(cluster: Cluster) -> None:
    answer = call(cluster, "GET", "get", {"path": cluster.path("nothing")})
    assert answer.status_code == 400
    assert answer.headers["X-YT-Response-Code"] == "500"
    told = json.loads(answer.headers["X-YT-Error"])
    assert set(told) == {"code", "message", "attributes", "inner_errors"}
    assert told["code"] == 500
    assert answer.json()["code"] == 500


def test_an_unknown_command_is_refused(cluster: Cluster) -> None:
    assert call(cluster, "GET", "no_such_command", {}).status_code in (400, 404)


def test_a_repeated_mutation_is_applied_once(cluster: Cluster) -> None:
    params = {
        "type": "map_node",
        "path": cluster.path("once"),
        "mutation_id": f"1-2-3-{uuid4().hex[:8]}",
        "retry": False,
    }
    headers = {"Content-Type": "application/x-yt-yson-text", "X-YT-Parameters": ""}
    first = call(cluster, "POST", "create", {}, headers=headers, data=yson.dumps(params, yson_format="text"))
    assert first.status_code == 200
    again = {**params, "retry": True}
    second = call(cluster, "POST", "create", {}, headers=headers, data=yson.dumps(again, yson_format="text"))
    assert second.status_code == 200
    assert second.json() == first.json()


@pytest.mark.parametrize(
    ("encoding", "compress"),
    [("gzip", gzip.compress), ("gzip", zlib.compress), ("br", brotli.compress), ("identity", bytes)],
)
def test_bodies_come_in_any_of_the_encodings(
    cluster: Cluster, encoding: str, compress: Callable[[bytes], bytes]
) -> None:
    path = cluster.table("t")
    body = compress(b'{"a"=1};{"a"=2};')
    params = {"path": path, "input_format": "yson"}
    assert call(cluster, "PUT", "write_table", params, data=body, headers={"Content-Encoding": encoding}).ok
    assert cluster.rows(path) == [{"a": 1}, {"a": 2}]


@pytest.mark.usefixtures("stand_in")
def test_a_body_that_is_no_gzip_is_refused(cluster: Cluster) -> None:
    path = cluster.table("t")
    params = {"path": path, "input_format": "yson"}
    assert (
        call(cluster, "PUT", "write_table", params, data=b"nonsense", headers={"Content-Encoding": "gzip"}).status_code
        == 400
    )


def test_a_client_that_speaks_json_is_understood(cluster: Cluster) -> None:
    client = cluster.another_client(structured_data_format="json")
    client.create("document", cluster.path("doc"), attributes={"value": {"ключ": "значение"}})
    assert client.get(cluster.path("doc")) == {"ключ": "значение"}
    assert client.exists(cluster.path("doc"))
    with pytest.raises(YtResponseError) as caught:
        client.get(cluster.path("nothing"))
    assert caught.value.is_resolve_error()


def test_paths_are_parsed_by_the_cluster_as_by_the_client(cluster: Cluster) -> None:
    rich = f"<append=%true>{cluster.path('t')}{{a,b}}[#1:#5]"
    answer = call(cluster, "GET", "parse_ypath", {"path": rich, "output_format": "yson"})
    parsed = yson.loads(answer.content)
    parsed = parsed["path"] if isinstance(parsed, dict) else parsed
    assert str(parsed) == cluster.path("t")
    assert parsed.attributes["columns"] == ["a", "b"]
