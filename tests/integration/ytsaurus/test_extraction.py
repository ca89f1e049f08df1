"""Activity extracted on a cluster through the real client, Query Tracker and Arrow."""

import datetime as dt
import threading
from dataclasses import replace
from random import Random

import pytest

from signalq_billing.adapters.ytsaurus import statement
from signalq_billing.domain.activity import ActivityRequest, ActivityRules
from signalq_billing.domain.source import SourceColumns
from signalq_billing.errors import SourceInvalid, SourceUnavailable
from tests.integration.ytsaurus.conftest import Cluster
from tests.unit.adapters.ytsaurus.histories import Calendar, scene

MONDAY = Calendar("Europe/Moscow", dt.date(2026, 11, 2), 1)
START = 1_793_566_800_000_000
CLOCK = dt.datetime(2026, 11, 4, tzinfo=dt.UTC)
ONLINE = ActivityRules(("online",))


def event(device_id: str, status_at: int = START, park_id: str = "park", status: str = "online") -> dict[str, object]:
    return {"park_id": park_id, "device_id": device_id, "status": status, "status_at": status_at}


@pytest.mark.parametrize("status_at", ["timestamp", "uint64"])
@pytest.mark.parametrize("required", [True, False], ids=["required", "optional"])
def test_a_cluster_computes_what_the_reference_says(either_cluster: Cluster, status_at: str, required: bool) -> None:
    story = scene(Random(f"{status_at} {required}"), 150, Calendar("Europe/Berlin", dt.date(2026, 3, 28), 3))
    last = 4_200_000_000_000_000  # YT's timestamps end with the year 2105.
    rows = [
        replace(row, status_at=row.status_at and min(row.status_at, last))
        for row in story.stored(nullable=not required)
    ]
    if required:
        rows = [row for row in rows if all(is_text(value) for value in (row.park_id, row.device_id, row.status))]
    story = replace(story, rows=rows)
    expected = story.expected(nullable=not required)
    stored = [{name: getattr(row, name) for name in ("park_id", "device_id", "status", "status_at")} for row in rows]
    either_cluster.status_history(stored, status_at, required)
    adapter = either_cluster.adapter(lookback_days=story.lookback_days)

    snapshot = adapter.extract(story.request)

    parks = list(adapter.read(snapshot.result_table, story.calendar.period))
    found = {
        (park.park_id.encode(), device.device_id.encode()): device.day_seconds
        for park in parks
        for device in park.devices
    }
    assert found == expected.lines
    assert [park.park_id.encode() for park in parks] == sorted({park_id for park_id, _ in expected.lines})
    assert snapshot.rows_read == expected.rows_read
    assert snapshot.bad_rows.by_reason == expected.bad
    assert snapshot.bad_rows.considered == expected.considered
    newest = dt.datetime(1970, 1, 1, tzinfo=dt.UTC) + dt.timedelta(microseconds=expected.newest)
    assert snapshot.watermark == newest == adapter.watermark(story.clock)
    assert snapshot.clock == story.clock


def is_text(value: bytes | None) -> bool:
    return value is not None and value == value.decode(errors="replace").encode()


def test_an_extraction_that_goes_on_on_disk_finds_the_same(cluster: Cluster) -> None:
    count = 30_000
    cluster.status_history([event(f"camera-{number % 5_000}", START + number * 1_000_000) for number in range(count)])
    request = ActivityRequest(MONDAY.period, {"park": ONLINE}, CLOCK)
    found = []
    for limit in (None, 1_000_000):
        adapter = cluster.adapter(spill_above_bytes=limit)
        found.append(list(adapter.read(adapter.extract(request).result_table, MONDAY.period)))
    assert found[0] == found[1]
    assert len(found[0][0].devices) == 5_000


def test_devices_extracted_in_turns_are_what_they_are_at_once(cluster: Cluster) -> None:
    story = scene(Random("turns"), 100, Calendar("Europe/Berlin", dt.date(2026, 3, 28), 3))
    last = 4_200_000_000_000_000
    rows = [replace(row, status_at=row.status_at and min(row.status_at, last)) for row in story.rows]
    names = ("park_id", "device_id", "status", "status_at")
    cluster.status_history([{name: getattr(row, name) for name in names} for row in rows])
    found = []
    for buckets in (1, 3):
        adapter = cluster.adapter(lookback_days=story.lookback_days, device_buckets=buckets)
        snapshot = adapter.extract(story.request)
        lines = list(adapter.read(snapshot.result_table, story.calendar.period))
        found.append((lines, snapshot.rows_read, snapshot.bad_rows, snapshot.watermark, snapshot.source_revision))
        assert cluster.left_over() == [snapshot.result_table]
        adapter.discard(snapshot.result_table)
    assert found[0] == found[1]
    assert found[0][0]
    assert found[0][2].by_reason


@pytest.mark.parametrize("buckets", [1, 2])
def test_nothing_is_no_error(cluster: Cluster, buckets: int) -> None:
    cluster.status_history([])
    adapter = cluster.adapter(device_buckets=buckets)
    snapshot = adapter.extract(ActivityRequest(MONDAY.period, {"park": ONLINE}, CLOCK))
    assert list(adapter.read(snapshot.result_table, MONDAY.period)) == []
    assert (snapshot.rows_read, snapshot.watermark) == (0, None)


def test_a_result_that_was_emptied_pays_nobody(cluster: Cluster) -> None:
    cluster.status_history([event("camera", park_id="park")])
    adapter = cluster.adapter()
    snapshot = adapter.extract(ActivityRequest(MONDAY.period, {"park": ONLINE}, CLOCK))
    cluster.client.write_table(snapshot.result_table, [])
    with pytest.raises(SourceUnavailable, match=f"reading {snapshot.result_table}: .* extract anew"):
        list(adapter.read(snapshot.result_table, MONDAY.period))


def test_a_bucket_that_was_emptied_pays_nobody(cluster: Cluster, monkeypatch: pytest.MonkeyPatch) -> None:
    cluster.status_history([event("camera", park_id="park")])
    joined = statement.joined_statement

    def emptied(parts: list[str], result_table: str) -> str:
        cluster.client.write_table(parts[0], [])
        return joined(parts, result_table)

    monkeypatch.setattr(statement, "joined_statement", emptied)
    request = ActivityRequest(MONDAY.period, {"park": ONLINE}, CLOCK)
    with pytest.raises((SourceInvalid, SourceUnavailable), match="a bucket lost its row of statistics"):
        cluster.adapter(device_buckets=2).extract(request)


def test_devices_and_parks_come_sorted_bytewise(cluster: Cluster) -> None:
    ids = ["b", "a", "\U0001f697", "\uffff", "B", "aa", "é", "a\0"]
    cluster.status_history(
        [event(device, park_id=park) for park in ids for device in [f"{park}{other}" for other in ids]]
    )
    adapter = cluster.adapter()
    snapshot = adapter.extract(ActivityRequest(MONDAY.period, dict.fromkeys(ids, ONLINE), CLOCK))
    parks = list(adapter.read(snapshot.result_table, MONDAY.period))
    assert [park.park_id for park in parks] == sorted(ids, key=str.encode)
    for park in parks:
        devices = [device.device_id for device in park.devices]
        assert devices == sorted(devices, key=str.encode)


def test_an_extraction_leaves_one_table_that_expires(cluster: Cluster) -> None:
    cluster.status_history([event("camera")])
    snapshot = cluster.adapter().extract(ActivityRequest(MONDAY.period, {"park": ONLINE}, CLOCK))
    assert cluster.left_over() == [snapshot.result_table]
    assert snapshot.result_table.startswith(f"{cluster.source.result_directory}/cadence/2026-11-02/")
    directory = snapshot.result_table.rpartition("/")[0]
    expires = dt.datetime.fromisoformat(cluster.client.get(f"{directory}/@expiration_time"))
    assert dt.timedelta(days=6, hours=23) < expires - dt.datetime.now(dt.UTC) <= dt.timedelta(days=7)
    types = {column["name"]: column["type"] for column in cluster.client.get(f"{snapshot.result_table}/@schema")}
    assert set(types.values()) <= {"string", "utf8", "uint64", "int64"}


def test_two_extractions_do_not_touch_each_other(cluster: Cluster) -> None:
    cluster.status_history([event("camera")])
    adapter = cluster.adapter()
    request = ActivityRequest(MONDAY.period, {"park": ONLINE}, CLOCK)
    first, second = adapter.extract(request), adapter.extract(request)
    assert first.result_table != second.result_table
    assert first.source_revision == second.source_revision != ""
    adapter.discard(first.result_table)
    adapter.discard(first.result_table)
    assert cluster.left_over() == [second.result_table]
    with pytest.raises(SourceInvalid, match="extract the period again"):
        list(adapter.read(first.result_table, MONDAY.period))
    assert [park.park_id for park in adapter.read(second.result_table, MONDAY.period)] == ["park"]


def test_a_changed_source_is_another_revision(cluster: Cluster) -> None:
    cluster.status_history([event("camera")])
    adapter = cluster.adapter()
    request = ActivityRequest(MONDAY.period, {"park": ONLINE}, CLOCK)
    before = adapter.extract(request)
    cluster.client.write_table(f"<append=%true>{cluster.source.table}", [event("other")])
    assert adapter.extract(request).source_revision != before.source_revision


def test_a_result_is_not_read_as_another_period(cluster: Cluster) -> None:
    cluster.status_history([event("camera")])
    adapter = cluster.adapter()
    snapshot = adapter.extract(ActivityRequest(MONDAY.period, {"park": ONLINE}, CLOCK))
    with pytest.raises(SourceInvalid, match="was not computed for"):
        list(adapter.read(snapshot.result_table, replace(MONDAY, days=2).period))


def test_no_rows_and_no_parks_are_no_errors(cluster: Cluster) -> None:
    cluster.status_history([])
    adapter = cluster.adapter()
    for rules in ({}, {"park": ONLINE}):
        snapshot = adapter.extract(ActivityRequest(MONDAY.period, rules, CLOCK))
        assert (snapshot.rows_read, snapshot.watermark) == (0, None)
        assert list(adapter.read(snapshot.result_table, MONDAY.period)) == []
    assert adapter.watermark(CLOCK) is None


def test_names_of_any_kind_pass_through_the_cluster(cluster: Cluster) -> None:
    columns = SourceColumns("парк `1`", 'de"vice', "sta'tus", "back\\slash at", "event id")
    table = f"{cluster.directory}/status history «копия»"
    kinds = dict.fromkeys([columns.park_id, columns.device_id, columns.status, "event id"], "string")
    schema = [{"name": name, "type": kind} for name, kind in {**kinds, columns.status_at: "timestamp"}.items()]
    cluster.client.create("table", table, recursive=True, attributes={"schema": schema})
    row = dict(
        zip(
            (columns.park_id, columns.device_id, columns.status, columns.status_at),
            ("p", "d", "on", START),
            strict=True,
        )
    )
    cluster.client.write_table(table, [row, {"event id": "bad one"}])
    adapter = cluster.adapter(table=table, columns=columns, result_directory=f"{cluster.directory}/итоги «1»/")
    assert adapter.watermark(CLOCK) is not None
    snapshot = adapter.extract(ActivityRequest(MONDAY.period, {"p": ActivityRules(("on",))}, CLOCK))
    assert [park.devices[0].day_seconds for park in adapter.read(snapshot.result_table, MONDAY.period)] == [(86_400,)]
    assert [example["event_id"] for example in snapshot.bad_rows.examples] == ["bad one"]


def test_an_extraction_is_of_one_snapshot_while_a_writer_appends(cluster: Cluster) -> None:
    """Batch k brings k's own device and moves the watermark to k, so that any mixture of states shows."""
    cluster.status_history([])
    stop, batches = threading.Event(), 0

    def append() -> None:
        nonlocal batches
        client = Cluster(cluster.handle, type(cluster.client)(config=cluster.client.config)).client
        while not stop.is_set():
            batches += 1
            rows = [event(f"camera-{batches}-{number}", START + batches) for number in range(20)]
            client.write_table(f"<append=%true>{cluster.source.table}", [*rows, {"status_at": START}])

    writer = threading.Thread(target=append)
    writer.start()
    try:
        adapter = cluster.adapter()
        seen = []
        for _ in range(3):
            snapshot = adapter.extract(ActivityRequest(MONDAY.period, {"park": ONLINE}, CLOCK))
            devices = [device for park in adapter.read(snapshot.result_table, MONDAY.period) for device in park.devices]
            batch, rest = divmod(snapshot.rows_read, 21)
            assert rest == 0
            assert snapshot.bad_rows.total == batch
            assert len(devices) == 20 * batch
            if batch:
                assert snapshot.watermark == dt.datetime(2026, 11, 1, 21, tzinfo=dt.UTC) + dt.timedelta(
                    microseconds=batch
                )
            seen.append(batch)
    finally:
        stop.set()
        writer.join()
    assert seen == sorted(seen)
    assert 0 < seen[-1] <= batches
    assert seen[0] < batches
