"""Connections: the same as Airflow's own parser and hooks make of them, and clear words where they do not fit."""

import json
import subprocess
import sys
import traceback
from pathlib import Path
from types import MappingProxyType

import pytest
from sqlalchemy.engine import make_url

from signalq_billing.connections import Connection, from_environment, http_base_url, postgres_url, ytsaurus_settings
from signalq_billing.errors import UsageError

READABLE = (
    "postgresql://login:secret@db.example:5432/billing",
    "postgres://lo%40gin:p%40ss%2F%23%3F@db.example/billing?sslmode=verify-full&connect_timeout=5",
    "postgres://login@db.example/with%2Fslash",
    "postgres://:only-password@db.example:5432/",
    "postgres://login:@[::1]:5432/billing",
    "postgres://LOGIN:Secret@DB.Example:5432/Billing?A=B&a=b&a=c&empty=",
    "postgres://h/db?__extra__=%7B%22sslmode%22%3A+%22require%22%2C+%22n%22%3A+1%7D",
    "http://:token@billing.example:8080",
    "http://:token@billing.example:8080/https",
    "http://https%3A%2F%2Fbilling.example%2Fapi:443",
    "http://https%3A%2F%2FBilling.Example:443/",
    "http://Billing.Example%2FApi:443/",
    "my-own-type://user:pass@host",
    "http://https://billing.example:443",
    "http://https://user:pass@billing.example:443/schema?x=1",
    "ytsaurus-cluster://?proxy=http%3A%2F%2Fyt.example%3A80&token=abc&client_config=%7B%22a%22%3A+1%7D",
    "ytsaurus-cluster://:tok@yt.example:80",
    "ytsaurus-cluster://",
    '{"conn_type": "postgresql", "host": "db", "login": "l", "password": "p", "schema": "s", "port": "5432"}',
    '{"conn_type": "my-own-type", "port": 0, "extra": null}',
    '{"conn_type": "http", "host": "h", "password": "p", "extra": {"proxy": 1, "deep": {"a": [1, null]}}}',
    '{"conn_type": "ytsaurus_cluster", "extra": "{\\"proxy\\": \\"yt\\", \\"client_config\\": {\\"a\\": 1}}"}',
    '{"host": "h", "extra": ""}',
    "{}",
    '  {"conn_type": "http", "host": "пример.рф"}  ',
)
UNREADABLE = (
    "http://a://b://c://d",
    "http://:tok@https://host:80",
    "postgres://user:secret/with-slash@host/db",
    "postgres://host:port/db",
    "{not json",
    '{"conn_type": "http", "port": "eighty"}',
    '{"conn_type": "http", "hostname": "x"}',
)
AIRFLOW = """
import json, sys
from airflow.providers.http.hooks.http import HttpHook
from airflow.providers.postgres.hooks.postgres import PostgresHook
from airflow.sdk.bases.hook import BaseHook
from airflow.sdk import Connection
from airflow.sdk.execution_time.secrets.execution_api import ExecutionAPISecretsBackend as Backend

def read(value):
    try:
        found = Backend._deserialize_connection_value(Connection, "some_id", value)
    except Exception as error:
        return {"error": type(error).__name__}
    names = ("conn_id", "conn_type", "host", "login", "password", "schema", "port")
    fields = {name: getattr(found, name) for name in names}
    fields["extra"] = found.extra_dejson
    if found.conn_type == "postgres":
        fields["database"] = PostgresHook(connection=found).get_uri()
    if found.conn_type == "http" and found.host:
        http = HttpHook()
        http._set_base_url(found)
        fields["base_url"] = http.base_url
    return fields

print("ANSWER" + json.dumps([read(value) for value in json.load(sys.stdin)]))
"""


@pytest.fixture(scope="module")
def as_airflow_reads(tmp_path_factory: pytest.TempPathFactory) -> MappingProxyType[str, dict[str, object]]:
    """What Airflow itself makes of every example, in a process of its own."""
    home: Path = tmp_path_factory.mktemp("airflow")
    values = [*READABLE, *UNREADABLE]
    done = subprocess.run(
        [sys.executable, "-c", AIRFLOW],
        input=json.dumps(values),
        env={"AIRFLOW_HOME": str(home), "PATH": "/usr/bin:/bin", "HOME": str(home)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    answer = done.stdout.rpartition("ANSWER")[2]
    return MappingProxyType(dict(zip(values, json.loads(answer), strict=True)))


def read(value: str) -> Connection:
    found = from_environment("some_id", {"AIRFLOW_CONN_SOME_ID": value})
    assert found is not None
    return found


@pytest.mark.parametrize("value", READABLE)
def test_a_connection_is_read_as_airflow_reads_it(
    value: str, as_airflow_reads: MappingProxyType[str, dict[str, object]]
) -> None:
    expected = as_airflow_reads[value]
    found = read(value)
    names = ("conn_id", "conn_type", "host", "login", "password", "schema", "port", "extra")
    assert {name: getattr(found, name) or None for name in names} == {name: expected[name] or None for name in names}


@pytest.mark.parametrize("value", UNREADABLE)
def test_what_airflow_cannot_read_is_refused_without_repeating_it(
    value: str, as_airflow_reads: MappingProxyType[str, dict[str, object]]
) -> None:
    assert "error" in as_airflow_reads[value]
    with pytest.raises(UsageError, match=r"some_id: AIRFLOW_CONN_SOME_ID cannot be read: ") as raised:
        read(value)
    assert "secret" not in "".join(traceback.format_exception(raised.value))


@pytest.mark.parametrize("value", [value for value in READABLE if "http" in value[:20]])
def test_the_address_is_the_one_the_http_hook_calls(
    value: str, as_airflow_reads: MappingProxyType[str, dict[str, object]]
) -> None:
    assert http_base_url(read(value)) == as_airflow_reads[value]["base_url"]


@pytest.mark.parametrize("value", [value for value in READABLE if value.startswith("postgres") and "only" not in value])
def test_the_database_url_is_the_hooks_plus_the_parameters_of_libpq(
    value: str, as_airflow_reads: MappingProxyType[str, dict[str, object]]
) -> None:
    ours, hooks = make_url(postgres_url(read(value))), make_url(str(as_airflow_reads[value]["database"]))
    assert ours.set(query={}) == hooks.set(query={})


@pytest.mark.parametrize("password", ["plain", "p@ss:w/o?r#d%20", "+ and space", "пароль", ""])
def test_any_password_survives_the_database_url(password: str) -> None:
    url = make_url(postgres_url(Connection("db", host="h", login="l@x", password=password, schema="s", port=5432)))
    assert (url.username, url.password, url.host, url.port, url.database) == ("l@x", password, "h", 5432, "s")


def test_extras_of_libpq_reach_the_database_and_those_of_the_hook_do_not() -> None:
    extra = {"sslmode": "require", "connect_timeout": 5, "cursor": "dictcursor", "sqlalchemy_query": {"a": "b c"}}
    url = make_url(postgres_url(Connection("db", host="h", schema="s", extra=extra)))
    assert dict(url.query) == {"sslmode": "require", "connect_timeout": "5", "a": "b c"}


def test_a_unix_socket_and_an_ipv6_address_find_their_places() -> None:
    socket = make_url(postgres_url(Connection("db", host="/run/postgresql", login="l", schema="s")))
    assert (socket.host, dict(socket.query)) == (None, {"host": "/run/postgresql"})
    assert make_url(postgres_url(Connection("db", host="::1", schema="s", port=1))).host == "::1"


@pytest.mark.parametrize(
    "connection",
    [
        Connection("yt", extra={"proxy": "http://yt:80", "token": "tok", "client_config": {"a": 1}}),
        Connection("yt", extra={"proxy": "http://yt:80", "token": "tok", "client_config": '{"a": 1}'}),
        Connection(
            "yt",
            extra={
                "extra__ytsaurus_cluster__proxy": "http://yt:80",
                "extra__ytsaurus_cluster__token": "tok",
                "extra__ytsaurus_cluster__client_config": {"a": 1},
            },
        ),
        Connection("yt", host="http://yt", port=80, password="tok", extra={"client_config": {"a": 1}}),
    ],
)
def test_a_cluster_is_described_by_extras_or_by_host_and_password(connection: Connection) -> None:
    assert ytsaurus_settings(connection) == ("http://yt:80", "tok", {"a": 1})


def test_a_cluster_without_authentication_needs_no_token() -> None:
    assert ytsaurus_settings(Connection("yt", host="yt.example")) == ("yt.example", None, {})


@pytest.mark.parametrize(
    ("taken", "message"),
    [
        (lambda: postgres_url(Connection("db", schema="s")), "connection db: host is missing"),
        (lambda: postgres_url(Connection("db", host="h")), "connection db: schema is missing"),
        (
            lambda: postgres_url(Connection("db", host="h", schema="s", extra={"sqlalchemy_query": "x"})),
            "connection db: extra.sqlalchemy_query must be an object",
        ),
        (lambda: http_base_url(Connection("api")), "connection api: host is missing"),
        (lambda: ytsaurus_settings(Connection("yt")), "connection yt: extra.proxy is missing"),
        (
            lambda: ytsaurus_settings(Connection("yt", host="h", extra={"client_config": "[1"})),
            "connection yt: extra.client_config must be an object",
        ),
        (
            lambda: ytsaurus_settings(Connection("yt", host="h", extra={"token": 5})),
            "connection yt: extra.token must be a string",
        ),
    ],
)
def test_what_is_missing_is_named_with_its_connection_and_field(taken, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        taken()


@pytest.mark.parametrize("environ", [{}, {"AIRFLOW_CONN_SOME_ID": ""}, {"AIRFLOW_CONN_SOME_ID": "  "}])
def test_an_unset_connection_is_none(environ: dict[str, str]) -> None:
    assert from_environment("some_id", environ) is None


def test_a_connection_does_not_show_its_secrets() -> None:
    shown = repr(Connection("yt", password="hush", extra={"token": "whisper"}))
    assert "hush" not in shown
    assert "whisper" not in shown


def test_reading_connections_does_not_load_airflow() -> None:
    code = "import sys, signalq_billing.connections; sys.exit('airflow' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
