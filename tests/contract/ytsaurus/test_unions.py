"""Many tables read as one in CHYT: their common types, and how many of them may be read at once."""

from typing import Any

import pytest
from yt.wrapper import YtError

from tests.contract.ytsaurus.conftest import Cluster

Column = dict[str, Any]


def column(kind: str, name: str = "a", required: bool = False) -> Column:
    return {"name": name, "type": kind, "required": required}


def union(cluster: Cluster, *paths: str) -> str:
    return "concatYtTables({})".format(", ".join(f'"{path}"' for path in paths))


@pytest.mark.parametrize(
    ("one", "other", "common"),
    [
        (column("int32"), column("int64"), "Nullable(Int64)"),
        (column("uint64", required=True), column("uint8", required=True), "UInt64"),
        (column("string", required=True), column("utf8"), "Nullable(String)"),
    ],
    ids=["numbers", "unsigned", "text"],
)
def test_types_that_fit_into_one_become_that_one(cluster: Cluster, one: Column, other: Column, common: str) -> None:
    value = "x" if common.endswith("String)") else 7
    tables = [cluster.table(f"t{n}", [{"a": value}], [each]) for n, each in enumerate((one, other))]
    [row] = cluster.query(f"SELECT any(toTypeName(a)) AS kind, count(a) AS n FROM {union(cluster, *tables)}")
    assert row == {"kind": common, "n": 2}


@pytest.mark.parametrize("other", ["string", "uint64"])
def test_types_that_have_nothing_in_common_are_refused(cluster: Cluster, other: str) -> None:
    tables = [cluster.table(f"t{n}", schema=[column(kind)]) for n, kind in enumerate(("int64", other))]
    with pytest.raises(YtError):
        cluster.query(f"SELECT count(a) AS n FROM {union(cluster, *tables)}")


def test_a_column_that_some_tables_lack_is_null_there(cluster: Cluster) -> None:
    both = [column("int64"), column("int64", "b", required=True)]
    tables = [
        cluster.table("t1", [{"a": 1, "b": 2}], both),
        cluster.table("t2", [{"a": 3}], [column("int64")]),
    ]
    text = f"SELECT sum(a) AS a_sum, sum(b) AS b_sum, countIf(b IS NULL) AS nulls FROM {union(cluster, *tables)}"
    assert cluster.query(text) == [{"a_sum": 4, "b_sum": 2, "nulls": 1}]


def test_a_table_of_a_union_that_is_not_there_fails_the_query(cluster: Cluster) -> None:
    there = cluster.table("t1", schema=[column("int64")])
    with pytest.raises(YtError, match="nothing"):
        cluster.query(f"SELECT count() AS n FROM {union(cluster, there, cluster.path('nothing'))}")


def test_more_tables_than_the_limit_are_read_only_when_told_to(cluster: Cluster) -> None:
    tables = [cluster.table(f"t{n}", [{"a": n}], [column("int64")]) for n in range(3)]
    text = f"SELECT count() AS n FROM {union(cluster, *tables)}"
    limit = "chyt.concat_tables.max_tables"
    for told, settings in ((text, {limit: "2"}), (f"{text} SETTINGS {limit} = 2", {})):
        with pytest.raises(YtError):
            cluster.query(told, query_settings=settings)
    assert cluster.query(text, query_settings={limit: "3", "chyt.execution.table_read_lock_mode": "sync"}) == [{"n": 3}]
