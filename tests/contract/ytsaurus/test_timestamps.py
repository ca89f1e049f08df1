"""Clusters differ in how CHYT shows YT's timestamp; the stand-in can be either kind."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from yt.wrapper import YtError, YtResponseError

from signalq_billing.devstack.ytsaurus.process import Handle, start
from tests.contract.ytsaurus.conftest import Cluster, connect

SCHEMA = [{"name": "at", "type": "timestamp"}, {"name": "must", "type": "timestamp", "required": True}]
ROW = {"at": 1_700_000_000_000_001, "must": 4_000_000_000_000_000}
MICROS = "toUnixTimestamp64Micro(must)"


@pytest.fixture
def older(stand_in: Handle, tmp_path: Path) -> Iterator[Cluster]:
    handle = start(tmp_path / "data", "token", timestamps="uint64")
    yield Cluster(handle.proxy, "token", connect(handle.proxy, "token"), "//home", "ch_public")
    handle.stop()


def test_an_older_cluster_shows_a_number(older: Cluster) -> None:
    path = older.table("t", [ROW], SCHEMA)
    found = older.query(f'SELECT at, must, toTypeName(at) AS a, toTypeName(must) AS m FROM "{path}"')
    assert found == [{**ROW, "a": "Nullable(UInt64)", "m": "UInt64"}]
    older.query(f'CREATE TABLE "{path}2" ENGINE=YtTable() AS SELECT * FROM "{path}"')
    assert older.rows(f"{path}2") == [ROW]
    assert older.client.get(f"{path}2/@schema")[0]["type"] == "uint64"
    with pytest.raises(YtError, match="not representable"):
        older.query(f'CREATE TABLE "{path}3" ENGINE=YtTable() AS SELECT toDateTime64(1, 6) AS a')


@pytest.mark.usefixtures("stand_in")
def test_a_newer_cluster_shows_an_instant_and_writes_what_arrow_cannot_carry(cluster: Cluster) -> None:
    path = cluster.table("t", [ROW, {**ROW, "at": None}], SCHEMA)
    found = cluster.query(f'SELECT {MICROS} AS us, toTypeName(at) AS a, toTypeName(must) AS m FROM "{path}" LIMIT 1')
    assert found == [{"us": ROW["must"], "a": "Nullable(DateTime64(6))", "m": "DateTime64(6)"}]
    cluster.query(f'CREATE TABLE "{path}2" ENGINE=YtTable() AS SELECT * FROM "{path}"')
    assert cluster.client.get(f"{path}2/@schema")[0]["type"] == "timestamp64"
    assert sorted(row["must"] for row in cluster.rows(f"{path}2")) == [ROW["must"]] * 2
    client = cluster.another_client(read_retries={"enable": False})
    with pytest.raises(YtResponseError, match="timestamp64"):
        client.read_table(f"{path}2", format="arrow", raw=True)
