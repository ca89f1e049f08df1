"""As much SQL as the stand-in understands: where a statement's parts begin and end."""

import pytest

from signalq_billing.devstack.ytsaurus import sql
from signalq_billing.devstack.ytsaurus.errors import ClusterError


def select_of(query: str) -> str:
    return sql.text(sql.parse(query).select).strip()


@pytest.mark.parametrize(
    "query",
    [
        "SELECT 'it''s', 'a\\'b', \"q\"\"q\", `b\\`b` -- comment ' \n, 1e-5 /* ' \" */ FROM \"//t\" # ! x",
        "SELECT $$raw ' text$$, $tag$ $$ $tag$",
        "",
        "SELECT '",
        "парк ≠ 'парк'",
    ],
)
def test_tokens_joined_are_the_query(query: str) -> None:
    assert sql.text(sql.tokens(query)) == query


def test_settings_are_taken_out_wherever_they_stand_and_those_of_chyt_told_apart() -> None:
    query = "SELECT * FROM (SELECT 1 SETTINGS max_threads = 2, chyt.a.b = 'x, y') SETTINGS chyt.c=1, join_use_nulls=1"
    statement = sql.parse(query)
    assert sql.text(statement.select).split() == ["SELECT", "*", "FROM", "(SELECT", "1", ")"]
    assert statement.settings == {"max_threads": "2", "join_use_nulls": "1"}
    assert statement.clique_settings == {"chyt.a.b": "'x, y'", "chyt.c": "1"}


@pytest.mark.parametrize(
    "query",
    [
        "SELECT ' SETTINGS a = 1', `SETTINGS a = 1`",
        "SELECT settings FROM t WHERE settings = 1",
        "SELECT 1 -- SETTINGS a = 1",
    ],
)
def test_what_only_looks_like_settings_stays(query: str) -> None:
    assert select_of(query) == query
    assert sql.parse(query).settings == {}


def test_a_format_and_a_last_semicolon_mean_nothing() -> None:
    assert select_of("SELECT 1 FORMAT JSON; -- bye") == "SELECT 1"


def test_create_and_insert_are_taken_apart() -> None:
    create = sql.parse(
        "CREATE TABLE IF NOT EXISTS \"//a/b\" ENGINE = YtTable('{x=1}') ORDER BY (k, `l`) AS WITH 1 AS x SELECT x"
    )
    assert (create.action, create.lenient, create.key, create.attributes) == ("create", True, ["k", "l"], "{x=1}")
    assert create.target is not None
    assert create.target.path == "//a/b"
    insert = sql.parse('INSERT INTO TABLE `<append=%false>//t` (a, "b") SELECT 1, 2')
    assert insert.columns == ["a", "b"]
    assert insert.target is not None
    assert (insert.target.path, bool(insert.target.attributes["append"])) == ("//t", False)
    assert sql.text(insert.select).strip() == "SELECT 1, 2"


@pytest.mark.parametrize(
    "query",
    [
        "SELECT 1; SELECT 2",
        "SELECT 1 INTO OUTFILE 'x'",
        "select 1 into/**/outfile 'x'",
        'CREATE TABLE "//t" ENGINE = File(CSV) AS SELECT 1',
        "CREATE TABLE t ENGINE = YtTable() AS SELECT 1",
        "INSERT INTO FUNCTION file('x') SELECT 1",
        'TRUNCATE TABLE "//t"',
        "SET a = 1",
        "  -- nothing",
    ],
)
def test_what_is_not_supported_is_refused(query: str) -> None:
    with pytest.raises(ClusterError):
        sql.parse(query)
