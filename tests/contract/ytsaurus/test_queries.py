"""Query Tracker and CHYT: what a query reads, writes and answers."""

import datetime as dt
import time
from typing import Any

import pytest
from yt.wrapper import YtError, YtResponseError

from tests.contract.ytsaurus.conftest import ENDLESS, EVENTS, Cluster, arrow_columns

START = 1_700_000_000_000_000


def events(count: int) -> list[dict[str, Any]]:
    return [{"park_id": f"p{n % 7}", "status": "on" if n % 2 else "off", "status_at": START + n} for n in range(count)]


def state_at_the_end(cluster: Cluster, query_id: str) -> dict[str, Any]:
    until = time.monotonic() + 60
    while time.monotonic() < until:
        query = cluster.client.get_query(query_id)
        if query["state"] in ("completed", "failed", "aborted"):
            return dict(query)
        time.sleep(0.05)
    raise AssertionError(f"query {query_id} did not end")


def test_a_query_is_accepted_polled_and_read(cluster: Cluster) -> None:
    query_id = cluster.client.start_query("chyt", "SELECT 1 AS one, 'x' AS s", settings={"clique": cluster.clique})
    query = state_at_the_end(cluster, query_id)
    assert query["state"] == "completed"
    assert query["result_count"] == 1
    assert query["engine"] == "chyt"
    assert "error" not in query
    meta = cluster.client.get_query_result(query_id)
    assert [column["name"] for column in meta["schema"]] == ["one", "s"]
    assert not meta["is_truncated"]
    assert [dict(row) for row in cluster.client.read_query_result(query_id)] == [{"one": 1, "s": "x"}]
    assert list(cluster.client.get_query(query_id, attributes=["state"])) == ["state"]


def test_a_table_is_read_by_its_path(cluster: Cluster) -> None:
    path = cluster.table("t", events(100), EVENTS)
    for named in (f'"{path}"', f"`{path}`"):
        assert cluster.query(f"SELECT count() AS n, uniqExact(park_id) AS parks FROM {named}") == [
            {"n": 100, "parks": 7}
        ]


def test_appended_chunks_are_read_together(cluster: Cluster) -> None:
    path = cluster.table("t", events(3), EVENTS)
    cluster.client.write_table(f"<append=%true>{path}", events(4))
    assert cluster.query(f'SELECT count() AS n FROM "{path}"') == [{"n": 7}]


def test_an_empty_table_has_no_rows(cluster: Cluster) -> None:
    path = cluster.table("t", schema=EVENTS)
    assert cluster.query(f'SELECT count() AS n, max(park_id) AS top FROM "{path}"') == [{"n": 0, "top": None}]


def test_types_are_those_chyt_gives(cluster: Cluster) -> None:
    names = {
        "int8": "Int8", "uint16": "UInt16", "int64": "Int64", "uint64": "UInt64", "double": "Float64",
        "string": "String", "utf8": "String", "date": "Date", "datetime": "DateTime",
    }  # fmt: skip
    schema: list[dict[str, Any]] = [{"name": kind, "type": kind} for kind in names]
    schema += [{"name": f"must_{kind}", "type": kind, "required": True} for kind in names]
    path = cluster.table("t", schema=schema)
    found = {row["name"]: row["type"] for row in cluster.query(f'DESCRIBE TABLE "{path}"')}
    assert found == {
        **{kind: f"Nullable({shown})" for kind, shown in names.items()},
        **{f"must_{kind}": shown for kind, shown in names.items()},
    }


def test_timestamps_can_be_read_whichever_way_the_cluster_shows_them(cluster: Cluster) -> None:
    path = cluster.table("t", events(3), EVENTS)
    kind = cluster.query(f'SELECT any(toTypeName(status_at)) AS kind FROM "{path}"')[0]["kind"]
    assert kind in ("Nullable(UInt64)", "Nullable(DateTime64(6))")
    micros = "status_at" if "UInt64" in kind else "toUnixTimestamp64Micro(assumeNotNull(status_at))"
    assert cluster.query(f'SELECT min({micros}) AS a, max({micros}) AS b FROM "{path}"') == [
        {"a": START, "b": START + 2}
    ]


def test_dates_are_dates(cluster: Cluster) -> None:
    schema = [{"name": "d", "type": "date"}, {"name": "t", "type": "datetime"}, {"name": "b", "type": "boolean"}]
    path = cluster.table("t", [{"d": 19_000, "t": 1_700_000_000, "b": True}], schema)
    query = f'SELECT toString(d) AS d, toUnixTimestamp(t) AS t, toUInt8(b) AS b FROM "{path}"'
    assert cluster.query(query) == [{"d": "2022-01-08", "t": 1_700_000_000, "b": 1}]


def test_create_as_select_writes_a_table_with_its_parents(cluster: Cluster) -> None:
    source, target = cluster.table("t", events(100), EVENTS), cluster.path("deep/er/result")
    cluster.query(
        f'CREATE TABLE "{target}" ENGINE=YtTable() AS SELECT assumeNotNull(park_id) AS park, count() AS n,'
        f" max(park_id) AS optional, sum(toUInt64(1)) / 2 AS half"
        f' FROM "{source}" GROUP BY park_id ORDER BY park_id DESC SETTINGS chyt.execution.input_streams_per_query = 1'
    )
    assert [row["park"] for row in cluster.rows(target)] == [f"p{n}" for n in range(6, -1, -1)]
    schema = [(c["name"], c["type"], bool(c["required"])) for c in cluster.client.get(f"{target}/@schema")]
    assert schema == [
        ("park", "string", True),
        ("n", "uint64", True),
        ("optional", "string", False),
        ("half", "double", True),
    ]
    client = cluster.another_client(read_retries={"enable": False})
    assert sum(arrow_columns(client.read_table(target, format="arrow", raw=True).read())["n"]) == 100


def test_create_as_select_of_no_rows_makes_an_empty_table(cluster: Cluster) -> None:
    target = cluster.path("result")
    cluster.query(f'CREATE TABLE "{target}" ENGINE = YtTable() AS SELECT 1 AS a WHERE 0')
    assert cluster.rows(target) == []
    assert [column["name"] for column in cluster.client.get(f"{target}/@schema")] == ["a"]


def test_create_as_select_refuses_what_exists(cluster: Cluster) -> None:
    target = cluster.table("result", [{"a": 1}])
    with pytest.raises(YtError) as caught:
        cluster.query(f'CREATE TABLE "{target}" ENGINE=YtTable() AS SELECT 2 AS a')
    assert caught.value.contains_code(501)
    cluster.query(f'CREATE TABLE IF NOT EXISTS "{target}" ENGINE=YtTable() AS SELECT 2 AS a')
    assert cluster.rows(target) == [{"a": 1}]


def test_a_failing_create_leaves_no_rows_that_could_be_taken_for_a_result(cluster: Cluster) -> None:
    target = cluster.path("result")
    with pytest.raises(YtError):
        cluster.query(
            f'CREATE TABLE "{target}" ENGINE=YtTable() AS SELECT throwIf(number = 90000) FROM numbers(100000)'
        )
    assert not cluster.client.exists(target) or cluster.rows(target) == []


def test_a_declared_order_is_checked_and_becomes_the_key(cluster: Cluster) -> None:
    target = cluster.path("sorted")
    cluster.query(
        f'CREATE TABLE "{target}" ENGINE=YtTable() ORDER BY k AS SELECT number AS k FROM numbers(5) ORDER BY k'
    )
    assert cluster.client.get(f"{target}/@sorted_by") == ["k"]
    backwards = "SELECT number AS k FROM numbers(5) ORDER BY k DESC"
    with pytest.raises(YtError):
        cluster.query(f'CREATE TABLE "{target}2" ENGINE=YtTable() ORDER BY k AS {backwards}')


def test_insert_appends_and_can_replace(cluster: Cluster) -> None:
    path = cluster.table("t", [{"a": 1, "s": "x"}], [{"name": "a", "type": "int64"}, {"name": "s", "type": "string"}])
    cluster.query(f"INSERT INTO \"{path}\" SELECT 2, 'y'")
    cluster.query(f'INSERT INTO "{path}" (a) SELECT toInt64(3)')
    cluster.query(f"INSERT INTO \"{path}\" VALUES (4, 'z')")
    assert cluster.rows(path) == [{"a": 1, "s": "x"}, {"a": 2, "s": "y"}, {"a": 3, "s": None}, {"a": 4, "s": "z"}]
    cluster.query(f"INSERT INTO \"<append=%false>{path}\" SELECT 9, 'only'")
    assert cluster.rows(path) == [{"a": 9, "s": "only"}]


def test_insert_into_a_missing_table_fails(cluster: Cluster) -> None:
    with pytest.raises(YtError) as caught:
        cluster.query(f'INSERT INTO "{cluster.path("nothing")}" SELECT 1')
    assert "60" in str(caught.value)


def test_tables_are_joined_and_unions_read(cluster: Cluster) -> None:
    one = cluster.table("days/2026-01-01", events(10), EVENTS)
    two = cluster.table("days/2026-01-02", events(5), EVENTS)
    strings = [{"name": name, "type": "string"} for name in ("known", "rule")]
    rules = cluster.table("rules", [{"known": "p1", "rule": "r"}], strings)
    assert cluster.query(f'SELECT count() AS n FROM concatYtTables("{one}", "{two}")') == [{"n": 15}]
    assert cluster.query(f"SELECT count() AS n FROM concatYtTablesRange('{cluster.path('days')}', '2026-01-02')") == [
        {"n": 5}
    ]
    listed = f"SELECT count() AS n FROM ytTables(ytListTables('{cluster.path('days')}'))"
    assert cluster.query(listed) == [{"n": 15}]
    joined = cluster.query(
        f'SELECT count() AS n FROM "{one}" AS e GLOBAL ANY LEFT JOIN (SELECT known, rule FROM "{rules}") AS r'
        " ON e.park_id = r.known WHERE r.rule = 'r'"
    )
    assert joined == [{"n": 2}]


def test_arrays_lambdas_and_ctes_are_clickhouses_own(cluster: Cluster) -> None:
    path = cluster.table("t", events(10), EVENTS)
    found = cluster.query(
        f'WITH per AS (SELECT status, arraySort(groupArray(park_id)) AS parks FROM "{path}" GROUP BY status)'
        " SELECT status, arrayStringConcat(arrayMap(x -> upper(assumeNotNull(x)), parks), ',') AS text"
        " FROM per ORDER BY status"
    )
    assert found == [{"status": "off", "text": "P0,P1,P2,P4,P6"}, {"status": "on", "text": "P0,P1,P2,P3,P5"}]


def test_composite_columns_are_arrays_tuples_and_maps(cluster: Cluster) -> None:
    members = [{"name": "x", "type": "int64"}, {"name": "y", "type": {"type_name": "optional", "item": "string"}}]
    schema = [
        {"name": "l", "type_v3": {"type_name": "list", "item": "int64"}},
        {"name": "s", "type_v3": {"type_name": "struct", "members": members}},
        {"name": "d", "type_v3": {"type_name": "dict", "key": "string", "value": "int64"}},
    ]
    path = cluster.table("t", [{"l": [1, 2], "s": {"x": 5, "y": "q"}, "d": [["k", 7]]}], schema)
    assert cluster.query(f"SELECT arraySum(l) AS l, s.x AS x, s.y AS y, d['k'] AS d FROM \"{path}\"") == [
        {"l": 3, "x": 5, "y": "q", "d": 7}
    ]
    cluster.query(f'CREATE TABLE "{path}2" ENGINE=YtTable() AS SELECT * FROM "{path}"')
    assert cluster.client.get(f"{path}2/@schema")[0]["type_v3"] == schema[0]["type_v3"]
    assert cluster.rows(f"{path}2") == cluster.rows(path)


def test_a_long_result_is_cut_and_says_so(cluster: Cluster) -> None:
    query = cluster.client.run_query(
        "chyt", "SELECT number AS n FROM numbers(10001)", settings={"clique": cluster.clique}
    )
    result = query.get_result()
    assert result.is_truncated()
    assert len(list(result.read_rows(validate_not_truncated=False))) == 10_000
    exact = cluster.client.run_query(
        "chyt", "SELECT number AS n FROM numbers(10000)", settings={"clique": cluster.clique}
    )
    assert not exact.get_result().is_truncated()


def test_a_syntax_error_fails_the_query_with_a_useful_message(cluster: Cluster) -> None:
    with pytest.raises(YtError) as caught:
        cluster.query("SELECT 1 +* 2")
    assert "Syntax error" in str(caught.value)


def test_unknown_tables_columns_and_functions_are_named(cluster: Cluster) -> None:
    path = cluster.table("t", schema=EVENTS)
    for text, named in (
        (f'SELECT * FROM "{cluster.path("nothing")}"', "nothing"),
        (f'SELECT no_such_column FROM "{path}"', "no_such_column"),
        ("SELECT noSuchFunction(1)", "noSuchFunction"),
    ):
        with pytest.raises(YtError) as caught:
            cluster.query(text)
        assert named in str(caught.value)


def test_a_query_reads_one_state_of_a_table(cluster: Cluster) -> None:
    path = cluster.table("t", events(10), EVENTS)
    slow = f'SELECT count() AS a, (SELECT count() FROM "{path}") AS b, sleep(0.5) AS s FROM "{path}"'
    query_id = cluster.client.start_query("chyt", slow, settings={"clique": cluster.clique})
    while cluster.client.get_query(query_id)["state"] == "pending":
        time.sleep(0.02)
    for _ in range(3):
        cluster.client.write_table(f"<append=%true>{path}", events(10))
    assert state_at_the_end(cluster, query_id)["state"] == "completed"
    row = dict(next(iter(cluster.client.read_query_result(query_id))))
    assert row["a"] == row["b"]


def test_an_aborted_query_stays_aborted(cluster: Cluster) -> None:
    query_id = cluster.client.start_query("chyt", ENDLESS, settings={"clique": cluster.clique})
    time.sleep(0.3)
    cluster.client.abort_query(query_id, message="enough")
    assert state_at_the_end(cluster, query_id)["state"] == "aborted"
    with pytest.raises(YtResponseError) as caught:
        cluster.client.get_query_result(query_id)
    assert caught.value.contains_code(3902)
    time.sleep(0.2)
    assert cluster.client.get_query(query_id)["state"] == "aborted"


def test_queries_that_are_not_there_are_told_by_their_code(cluster: Cluster) -> None:
    with pytest.raises(YtResponseError) as caught:
        cluster.client.get_query("1-2-3-4")
    assert caught.value.contains_code(3901)
    query_id = cluster.client.run_query("chyt", "SELECT 1 AS a", settings={"clique": cluster.clique}).id
    with pytest.raises(YtResponseError) as caught:
        cluster.client.get_query_result(query_id, result_index=5)
    assert caught.value.contains_code(3902)


def test_queries_are_listed_newest_first(cluster: Cluster) -> None:
    marks = [f"SELECT {dt.datetime.now(dt.UTC).timestamp()} AS mark_{n}" for n in range(2)]
    ids = [cluster.client.start_query("chyt", mark, settings={"clique": cluster.clique}) for mark in marks]
    found = [query["id"] for query in cluster.client.list_queries(engine="chyt", limit=10)["queries"]]
    assert [query_id for query_id in found if query_id in ids] == ids[::-1]
    for query_id in ids:
        state_at_the_end(cluster, query_id)
