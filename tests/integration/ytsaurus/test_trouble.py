"""Trouble is SourceUnavailable, a source.yaml that does not fit is SourceInvalid; neither leaves anything behind."""

import datetime as dt
import time
from typing import Any

import pytest

from signalq_billing.adapters.ytsaurus.client import yt_client
from signalq_billing.adapters.ytsaurus.query import Patience
from signalq_billing.adapters.ytsaurus.source import YtActivitySource
from signalq_billing.domain.activity import ActivityRequest, ActivityRules
from signalq_billing.domain.source import SourceColumns
from signalq_billing.errors import SourceInvalid, SourceUnavailable
from tests.integration.ytsaurus.conftest import QUICK, Cluster, connect
from tests.integration.ytsaurus.test_extraction import CLOCK, MONDAY, event

REQUEST = ActivityRequest(MONDAY.period, {"park": ActivityRules(("online",))}, CLOCK)


@pytest.fixture
def filled(cluster: Cluster) -> Cluster:
    cluster.status_history([event("camera")])
    return cluster


def test_a_source_that_is_there_answers_a_ping(filled: Cluster) -> None:
    filled.adapter().ping()


@pytest.mark.parametrize("ask", ["ping", "watermark", "extract"])
def test_a_table_that_is_not_there_names_its_field(cluster: Cluster, ask: str) -> None:
    adapter = cluster.adapter(table=f"{cluster.directory}/nothing")
    arguments: dict[str, tuple[Any, ...]] = {"ping": (), "watermark": (CLOCK,), "extract": (REQUEST,)}
    with pytest.raises(SourceInvalid, match=r"nothing: there is no such table; correct `table` in source\.yaml"):
        getattr(adapter, ask)(*arguments[ask])


@pytest.mark.parametrize("field", ["park_id", "device_id", "status", "status_at", "event_id"])
def test_a_column_that_is_not_there_names_its_field(filled: Cluster, field: str) -> None:
    adapter = filled.adapter(columns=SourceColumns(**{field: "nothing"}))
    with pytest.raises(SourceInvalid, match=rf"no column 'nothing'; correct columns\.{field} in source\.yaml"):
        adapter.extract(REQUEST)


@pytest.mark.parametrize(("field", "column"), [("status_at", "status"), ("status", "status_at")])
def test_a_column_of_another_type_names_its_field(filled: Cluster, field: str, column: str) -> None:
    with pytest.raises(SourceInvalid, match=rf"columns\.{field} in source\.yaml must name one of type"):
        filled.adapter(columns=SourceColumns(**{field: column})).ping()


def test_a_refused_token_says_where_to_put_a_better_one(filled: Cluster) -> None:
    stranger = YtActivitySource(connect(filled.handle, "not-the-token"), filled.source)
    with pytest.raises(SourceUnavailable, match="connection ytsaurus_default"):
        stranger.ping()


def test_a_cluster_that_is_down_is_told_within_seconds(filled: Cluster) -> None:
    filled.handle.faults.down()
    began = time.monotonic()
    for ask in (filled.adapter().ping, lambda: filled.adapter().extract(REQUEST)):
        with pytest.raises(SourceUnavailable):
            ask()
    filled.handle.faults.clear()
    assert time.monotonic() - began < 20
    filled.adapter().ping()


def test_nobody_listening_is_unavailable(filled: Cluster) -> None:
    client = yt_client("http://127.0.0.1:9", "token", QUICK)
    with pytest.raises(SourceUnavailable):
        YtActivitySource(client, filled.source).watermark(CLOCK)


def test_a_failed_query_is_unavailable_and_leaves_nothing(filled: Cluster) -> None:
    filled.handle.faults.set({"kind": "query", "code": 1, "message": "Clique ch_public is not running", "times": 1})
    adapter = filled.adapter()
    with pytest.raises(SourceUnavailable, match="Clique ch_public is not running"):
        adapter.extract(REQUEST)
    assert filled.left_over() == []
    assert adapter.extract(REQUEST).rows_read == 1


def test_a_query_that_finds_other_columns_names_source_yaml(filled: Cluster) -> None:
    message = "Code: 47. DB::Exception: Missing columns: 'park_id' (UNKNOWN_IDENTIFIER)"
    filled.handle.faults.set({"kind": "query", "code": 47, "message": message, "times": 1})
    with pytest.raises(SourceInvalid, match=r"`columns` of source\.yaml"):
        filled.adapter().extract(REQUEST)
    assert filled.left_over() == []


def test_a_query_that_takes_too_long_is_aborted(filled: Cluster) -> None:
    adapter = filled.adapter(Patience(time_limit=0.0))
    with pytest.raises(SourceUnavailable, match="has not completed in 0 s and is aborted") as caught:
        adapter.extract(REQUEST)
    query_id = str(caught.value).partition("query ")[2].split()[0]
    deadline = time.monotonic() + 10
    while (state := filled.client.get_query(query_id)["state"]) not in ("aborted", "completed", "failed"):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    assert state == "aborted"
    assert filled.left_over() == []


def test_an_interrupt_ends_the_query(filled: Cluster, monkeypatch: pytest.MonkeyPatch) -> None:
    states = filled.client.get_query
    asked: list[str] = []

    def interrupted(query_id: str, **options: object) -> object:
        asked.append(query_id)
        raise KeyboardInterrupt

    monkeypatch.setattr(filled.client, "get_query", interrupted)
    with pytest.raises(KeyboardInterrupt):
        filled.adapter().extract(REQUEST)
    assert states(asked[0])["state"] in ("aborting", "aborted")
    assert filled.left_over() == []


def test_a_proxy_away_for_a_moment_does_not_end_an_extraction(filled: Cluster) -> None:
    filled.handle.faults.set({"kind": "status", "status": 502, "command": "get_query", "times": 3})
    assert filled.adapter().extract(REQUEST).rows_read == 1
    assert filled.handle.faults.struck() == [3]


@pytest.mark.parametrize(
    "fault",
    [
        {"kind": "cut", "after_bytes": 300},
        {"kind": "cut", "after_bytes": 300, "orderly": True},
        {"kind": "trailer", "after_bytes": 300, "code": 716},
        {"kind": "error", "code": 716, "message": "Chunk is unavailable"},
        {"kind": "status", "status": 503},
    ],
    ids=lambda fault: fault["kind"] + ("-orderly" if fault.get("orderly") else ""),
)
def test_a_broken_read_is_repeated_whole(filled: Cluster, fault: dict[str, Any]) -> None:
    adapter = filled.adapter()
    snapshot = adapter.extract(REQUEST)
    filled.handle.faults.set({**fault, "command": "read_table", "times": 2})
    assert [len(park.devices) for park in adapter.read(snapshot.result_table, MONDAY.period)] == [1]
    assert filled.handle.faults.struck() == [2]


def test_a_read_that_stays_broken_is_unavailable(filled: Cluster, monkeypatch: pytest.MonkeyPatch) -> None:
    adapter = filled.adapter()
    snapshot = adapter.extract(REQUEST)
    monkeypatch.setattr("signalq_billing.adapters.ytsaurus.arrow.ATTEMPTS", 2)
    filled.handle.faults.set({"kind": "cut", "after_bytes": 300, "orderly": True, "command": "read_table"})
    with pytest.raises(SourceUnavailable):
        list(adapter.read(snapshot.result_table, MONDAY.period))


def test_a_lost_answer_to_a_start_does_not_lose_the_extraction(filled: Cluster) -> None:
    filled.handle.faults.set({"kind": "lose_answer", "command": "start_query", "times": 1})
    assert filled.adapter().extract(REQUEST).rows_read == 1


INSTANT = dt.datetime(2026, 11, 3, 1, 2, 3, 456_789, tzinfo=dt.UTC)


@pytest.mark.parametrize(
    "value", [1_793_667_723_456_789, "2026-11-03T01:02:03.456789Z", "2026-11-03T04:02:03.456789+03:00"]
)
def test_a_watermark_can_be_an_attribute(filled: Cluster, value: object) -> None:
    filled.client.set(f"{filled.source.table}/@replicated_until", value)
    adapter = filled.adapter(watermark=f"{filled.source.table}/@replicated_until")
    assert adapter.watermark(CLOCK) == INSTANT
    assert adapter.extract(REQUEST).watermark == INSTANT


@pytest.mark.parametrize(
    "value",
    [
        None,
        True,
        1.5,
        "soon",
        "2026-11-03",
        "2026-11-03T01:02:03",
        1_793_667_723,
        1_793_667_723_456,
        1_793_667_723_456_789_000,
        2**64 - 1,
        -5,
        "2199-01-01T00:00:00Z",
        {"until": 1_793_667_723_456_789},
    ],
    ids=repr,
)
def test_an_attribute_that_is_no_instant_is_refused(filled: Cluster, value: object) -> None:
    filled.client.set(f"{filled.source.table}/@replicated_until", value)
    adapter = filled.adapter(watermark=f"{filled.source.table}/@replicated_until")
    with pytest.raises(SourceInvalid, match=r"correct the attribute or `watermark` in source\.yaml"):
        adapter.watermark(CLOCK)


def test_an_attribute_that_is_not_there_names_its_field(filled: Cluster) -> None:
    adapter = filled.adapter(watermark=f"{filled.source.table}/@nothing")
    with pytest.raises(SourceInvalid, match=r"no such attribute; correct `watermark` in source\.yaml"):
        adapter.extract(REQUEST)
