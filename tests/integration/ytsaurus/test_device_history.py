"""One device's history asked of a cluster through the real client: exact, and nothing stays there."""

import datetime as dt
from random import Random
from typing import Any

import pytest

from signalq_billing.adapters.ytsaurus.query import Patience
from signalq_billing.domain.activity import ActivityRules
from signalq_billing.domain.device_history import DeviceHistory, Event, Sightings
from signalq_billing.domain.timeline import timeline
from signalq_billing.errors import SourceInvalid, SourceUnavailable, UsageError
from tests.integration.ytsaurus.conftest import Cluster, connect
from tests.integration.ytsaurus.test_extraction import CLOCK, MONDAY, ONLINE, START, event, is_text
from tests.unit.adapters.ytsaurus.histories import Calendar, scene

DAY = 86_400_000_000


def at(micros: int) -> dt.datetime:
    return dt.datetime(1970, 1, 1, tzinfo=dt.UTC) + dt.timedelta(microseconds=micros)


@pytest.fixture
def filled(cluster: Cluster) -> Cluster:
    cluster.status_history([event("camera"), event("other"), event("camera"), event("camera", START + DAY, "later")])
    return cluster


def asked(cluster: Cluster, device_id: str = "camera", **changes: object) -> DeviceHistory:
    return cluster.adapter(**changes).history(device_id, MONDAY.period, CLOCK)


@pytest.mark.parametrize("status_at", ["timestamp", "uint64"])
@pytest.mark.parametrize("required", [True, False], ids=["required", "optional"])
def test_timelines_add_up_to_what_the_reference_says(either_cluster: Cluster, status_at: str, required: bool) -> None:
    story = scene(Random(145), 5, Calendar("Europe/Berlin", dt.date(2026, 3, 28), 3))
    last = 4_200_000_000_000_000  # YT's timestamps end with the year 2105.
    rows = [row for row in story.stored(nullable=not required) if (row.status_at or 0) < last]
    if required:
        rows = [row for row in rows if all(is_text(value) for value in (row.park_id, row.device_id, row.status))]
    story = type(story)(story.calendar, story.lookback_days, story.rules, story.clock, rows)
    stored = [{name: getattr(row, name) for name in ("park_id", "device_id", "status", "status_at")} for row in rows]
    either_cluster.status_history(stored, status_at, required)
    adapter = either_cluster.adapter(lookback_days=story.lookback_days)
    found = {}
    for device_id in sorted({row.device_id.decode() for row in rows if row.device_id and is_text(row.device_id)}):
        history = adapter.history(device_id, story.calendar.period, story.clock)
        for park_id, rules in story.rules.items():
            told = timeline(history, story.calendar.period, park_id, rules)
            if told.has_line:
                found[park_id.encode(), device_id.encode()] = told.day_seconds
    assert found == story.expected(nullable=not required).lines
    assert found
    assert either_cluster.left_over() == []


def test_a_history_is_of_its_device_alone_and_leaves_nothing_behind(filled: Cluster) -> None:
    found = asked(filled)
    assert found == DeviceHistory(
        "camera",
        30,
        events=(Event(at(START), "park", "online", 1),),
        after=(Sightings("later", at(START + DAY), at(START + DAY), "online", 1),),
        bad_rows=found.bad_rows,
        rows_read=3,
    )
    assert (found.bad_rows.total, found.bad_rows.considered) == (0, 2)
    assert filled.left_over() == []
    assert filled.client.list(f"{filled.source.result_directory}/device") == []


@pytest.mark.parametrize("device_id", ["", "\0", "=", "'\\", '"//home"', "$device", "камера\n\U0001f697"], ids=ascii)
def test_ids_of_any_kind_pass_through_the_cluster(cluster: Cluster, device_id: str) -> None:
    cluster.status_history([event(device_id), event(f"{device_id}."), event("camera")])
    found = asked(cluster, device_id)
    assert (found.device_id, found.rows_read, found.seen) == (device_id, 1, bool(device_id))
    assert found.bad_rows.by_reason == ({} if device_id else {"device_id_missing": 1})


def test_a_device_nobody_has_seen_has_a_history_without_rows(filled: Cluster) -> None:
    found = asked(filled, "nobody")
    assert (found.seen, found.rows_read, found.events) == (False, 0, ())
    assert timeline(found, MONDAY.period, "park", ONLINE).intervals == ()


def test_an_id_that_is_no_text_is_a_mistake_of_the_caller(filled: Cluster) -> None:
    with pytest.raises(UsageError, match="is not text"):
        asked(filled, "\udcff")
    assert not filled.client.exists(filled.source.result_directory)


def test_many_events_come_back_in_order(cluster: Cluster) -> None:
    times = [START + second * 1_000_000 for second in range(20_000)]
    Random(1).shuffle(times)
    cluster.status_history([event("camera", each) for each in times])
    found = asked(cluster)
    assert [each.at for each in found.events] == [at(each) for each in sorted(times)]
    assert timeline(found, MONDAY.period, "park", ActivityRules(("online",), 1, 60)).day_seconds == (20_059,)


def test_a_table_that_is_not_there_names_its_field(cluster: Cluster) -> None:
    with pytest.raises(SourceInvalid, match=r"nothing: there is no such table; correct `table` in source\.yaml"):
        asked(cluster, table=f"{cluster.directory}/nothing")
    assert cluster.left_over() == []


def test_a_table_that_goes_away_meanwhile_is_told_and_leaves_nothing(
    filled: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    starting = filled.client.start_query

    def gone(*arguments: object, **options: object) -> object:
        connect(filled.handle).remove(filled.source.table)
        return starting(*arguments, **options)

    monkeypatch.setattr(filled.client, "start_query", gone)
    with pytest.raises(SourceUnavailable, match=r"asking //home/.*/status_history for device camera: .*does not exist"):
        asked(filled)
    assert filled.client.list(f"{filled.source.result_directory}/device") == []


def test_a_result_that_is_gone_is_told(filled: Cluster, monkeypatch: pytest.MonkeyPatch) -> None:
    reading = filled.client.read_table

    def gone(path: str, **options: object) -> object:
        connect(filled.handle).remove(path)
        return reading(path, **options)

    monkeypatch.setattr(filled.client, "read_table", gone)
    with pytest.raises(SourceInvalid, match="the result table is gone; ask again"):
        asked(filled)
    assert filled.client.list(f"{filled.source.result_directory}/device") == []


def test_a_failed_query_is_unavailable_and_leaves_nothing(filled: Cluster) -> None:
    filled.handle.faults.set({"kind": "query", "code": 1, "message": "Clique ch_public is not running", "times": 1})
    with pytest.raises(SourceUnavailable, match=r"for device camera: .*Clique ch_public is not running"):
        asked(filled)
    assert filled.client.list(f"{filled.source.result_directory}/device") == []
    assert asked(filled).rows_read == 3


def test_a_query_that_takes_too_long_leaves_nothing(filled: Cluster) -> None:
    with pytest.raises(SourceUnavailable, match="has not completed in 0 s and is aborted"):
        filled.adapter(Patience(time_limit=0.0)).history("camera", MONDAY.period, CLOCK)
    assert filled.client.list(f"{filled.source.result_directory}/device") == []


@pytest.mark.filterwarnings(
    # The client drops the socket of an answer that was cut, rather than closing it; whenever it is collected.
    "ignore:unclosed:ResourceWarning",
    "ignore:Exception ignored in:pytest.PytestUnraisableExceptionWarning",
)
@pytest.mark.parametrize("kind", ["cut", "trailer", "error"])
def test_a_broken_read_is_repeated_whole(filled: Cluster, kind: str) -> None:
    fault: dict[str, Any] = {"kind": kind, "command": "read_table", "times": 2}
    fault |= {"code": 716, "message": "Chunk is unavailable"} if kind != "cut" else {}
    fault |= {"after_bytes": 300} if kind != "error" else {}
    filled.handle.faults.set(fault)
    assert asked(filled).rows_read == 3
    assert filled.handle.faults.struck() == [2]


def test_a_result_that_cannot_be_removed_does_not_spoil_the_answer(filled: Cluster) -> None:
    filled.handle.faults.set({"kind": "error", "code": 901, "message": "Access denied", "command": "remove"})
    assert asked(filled).rows_read == 3
    filled.handle.faults.clear()
    (directory,) = filled.client.list(f"{filled.source.result_directory}/device", absolute=True)
    expires = dt.datetime.fromisoformat(filled.client.get(f"{directory}/@expiration_time"))
    assert expires - dt.datetime.now(dt.UTC) <= dt.timedelta(days=7)


def test_a_cluster_that_is_down_is_unavailable(filled: Cluster) -> None:
    filled.handle.faults.down()
    with pytest.raises(SourceUnavailable):
        asked(filled)
