"""One device's history, and the timeline made of it, say of every device what the statement for all of them says."""

import datetime as dt
import io
from collections import Counter
from dataclasses import replace
from random import Random

import pyarrow as pa
import pytest

from signalq_billing.adapters.ytsaurus import device
from signalq_billing.adapters.ytsaurus.result import parks
from signalq_billing.adapters.ytsaurus.statement import activity_statement, device_statement, identifier
from signalq_billing.domain.activity import BadRows
from signalq_billing.domain.device_history import DeviceHistory, Event, Sightings
from signalq_billing.domain.source import Source, SourceColumns
from signalq_billing.domain.timeline import local_days, merged, timeline
from signalq_billing.errors import SourceInvalid, SourceUnavailable
from tests.unit.adapters.ytsaurus.histories import CALENDARS, Calendar, Scene, scene
from tests.unit.adapters.ytsaurus.reference import EPOCH, MICROSECOND, Row, bad_reason, day_start
from tests.unit.adapters.ytsaurus.warehouse import RESULT, STATUS_AT_TYPES, Warehouse, tables_of

MONDAY = Calendar("Europe/Moscow", dt.date(2026, 11, 2), 1)
START = 1_793_566_800_000_000
DAY = 86_400_000_000
CLOCK = dt.datetime(2026, 11, 5, tzinfo=dt.UTC)
SOURCE = Source("//home/history", "//results", lookback_days=1)
TABLES = ["//home/history"]

Lines = dict[tuple[bytes, bytes], tuple[int, ...]]


def row(status_at: int | None = START, park_id: bytes | None = b"park", status: bytes | None = b"online") -> Row:
    return Row(park_id, b"device", status, status_at)


def at(micros: int) -> dt.datetime:
    return EPOCH + micros * MICROSECOND


def ask(warehouse: Warehouse, *rows: Row, device_id: str = "device") -> DeviceHistory:
    warehouse.status_history(list(rows), SOURCE)
    return warehouse.history(device_id, MONDAY.period, CLOCK, SOURCE)


@pytest.mark.parametrize("status_at", STATUS_AT_TYPES)
@pytest.mark.parametrize("calendar", CALENDARS, ids=lambda calendar: calendar.timezone.split("/")[-1])
def test_timelines_add_up_to_the_lines_of_everybody(warehouse: Warehouse, calendar: Calendar, status_at: str) -> None:
    nullable = status_at.startswith("Nullable")
    story = scene(Random(f"{calendar} {status_at}"), 12, calendar)
    rows = story.stored(nullable)
    warehouse.status_history(rows, story.source(), status_at)
    everybody = lines_of_everybody(warehouse, story)
    one_by_one: Lines = {}
    for device_id in sorted({row.device_id for row in rows if row.device_id} | {b"never seen"}):
        if bad_reason(Row(b"park", device_id, b"status", START), START) is None:
            history = warehouse.history(device_id.decode(), calendar.period, story.clock, story.source())
            assert_history(history, rows, story)
            one_by_one |= lines_of_one(history, story)
    assert one_by_one == everybody
    assert everybody == story.expected(nullable).lines


def lines_of_everybody(warehouse: Warehouse, story: Scene) -> Lines:
    found = warehouse.extract(story.request, story.source())
    return {
        (park.park_id.encode(), each.device_id.encode()): each.day_seconds
        for park in parks(found, RESULT, story.calendar.period)
        for each in park.devices
    }


def lines_of_one(history: DeviceHistory, story: Scene) -> Lines:
    found: Lines = {}
    for park_id, rules in story.rules.items():
        told = timeline(history, story.calendar.period, park_id, rules)
        days = local_days(merged(told.intervals), told.period)
        assert tuple(day.active_seconds for day in days) == told.day_seconds
        if told.has_line:
            found[park_id.encode(), history.device_id.encode()] = told.day_seconds
        else:
            assert not any(told.day_seconds)
    return found


def assert_history(history: DeviceHistory, rows: list[Row], story: Scene) -> None:
    """The history is what sorting and counting the device's rows gives."""
    calendar = story.calendar
    start = day_start(calendar.first, calendar.timezone)
    end = day_start(calendar.first + dt.timedelta(days=calendar.days), calendar.timezone)
    oldest = start - story.lookback_days * DAY
    clock = (story.clock - EPOCH) // MICROSECOND
    own = [row for row in rows if row.device_id == history.device_id.encode()]
    good = [row for row in own if bad_reason(row, clock) is None]
    counted = Counter((row.status_at, row.park_id, row.status) for row in good if start <= (row.status_at or 0) < end)
    assert history.events == tuple(
        Event(at(when), park_id.decode(), status.decode(), count - 1)
        for (when, park_id, status), count in sorted(counted.items())
    )
    assert history.before == sightings(good, 0, oldest)
    assert history.lookback == sightings(good, oldest, start)
    assert history.after == sightings(good, end, 2**63)
    bad = Counter(
        reason
        for row in own
        if (reason := bad_reason(row, clock)) is not None
        and (reason.startswith("status_at") or oldest <= (row.status_at or 0) < end)
    )
    assert history.bad_rows.by_reason == bad
    assert history.bad_rows.considered == bad.total() + sum(oldest <= (row.status_at or 0) < end for row in good)
    assert {example["reason"] for example in history.bad_rows.examples} == set(bad)
    assert (history.rows_read, history.seen) == (len(own), bool(good))
    assert history.lookback_days == story.lookback_days


def sightings(good: list[Row], first: int, last: int) -> tuple[Sightings, ...]:
    parks: dict[bytes, list[tuple[int, bytes]]] = {}
    for row in good:
        if row.status_at is not None and first <= row.status_at < last:
            parks.setdefault(row.park_id or b"", []).append((row.status_at, row.status or b""))
    return tuple(
        Sightings(park_id.decode(), at(min(seen)[0]), at(max(seen)[0]), max(seen)[1].decode(), len(seen))
        for park_id, seen in sorted(parks.items())
    )


@pytest.mark.parametrize("status_at", STATUS_AT_TYPES)
def test_result_tables_have_columns_that_every_clique_writes(warehouse: Warehouse, status_at: str) -> None:
    story = scene(Random(0), 1)
    warehouse.status_history([], story.source(), status_at)
    warehouse._write_rules({})
    tables = tables_of(story.source())
    for text in (
        device_statement("device", story.calendar.period, story.clock, story.source(), tables, RESULT),
        activity_statement(story.request, story.source(), tables, "//rules", RESULT),
    ):
        assert warehouse.types(text) == {"String", "UInt64"}


def test_the_source_is_scanned_once_and_by_device() -> None:
    text = device_statement("dev'ice", MONDAY.period, CLOCK, SOURCE, TABLES, RESULT)
    assert text.count(identifier(SOURCE.table)) == 1
    assert "WHERE source.\"device_id\" = 'dev\\'ice'\n" in text
    assert "--" not in text


@pytest.mark.parametrize(
    "device_id",
    [
        "",
        "=",
        "a\0b",
        "\0",
        "'",
        "\\",
        "\\'",
        '"`',
        "$device",
        "--",
        "x' OR '1'='1",
        "new\nline\t",
        "камера \U0001f697",
    ],
    ids=ascii,
)
def test_a_device_is_asked_for_by_exactly_its_id(warehouse: Warehouse, device_id: str) -> None:
    others = [replace(row(), device_id=other.encode()) for other in (device_id + "\0", device_id + " ", "device")]
    found = ask(warehouse, replace(row(), device_id=device_id.encode()), *others, device_id=device_id)
    assert found.rows_read == 1
    assert found.device_id == device_id
    assert found.seen == bool(device_id)


def test_rows_around_the_period_go_where_they_belong(warehouse: Warehouse) -> None:
    edges = (START - DAY - 1, START - DAY, START - 1, START, START + DAY - 1, START + DAY)
    found = ask(warehouse, *map(row, edges))
    moments = tuple(map(at, edges))
    assert [event.at for event in found.events] == list(moments[3:5])
    assert found.before == (Sightings("park", moments[0], moments[0], "online", 1),)
    assert found.lookback == (Sightings("park", moments[1], moments[2], "online", 2),)
    assert found.after == (Sightings("park", moments[5], moments[5], "online", 1),)
    assert found.too_old == Event(moments[0], "park", "online")
    assert found.carried == Event(moments[2], "park", "online")


def test_of_the_last_rows_before_the_last_in_order_stands(warehouse: Warehouse) -> None:
    last = [row(START - 5, b"park-b", b"a"), row(START - 5, b"park", b"z"), row(START - 5, b"park-b", b"b")]
    found = ask(warehouse, *last, row(START - 5, b"park-a", b"zz"), row(START - 6, b"park-c", b"zz"))
    assert found.carried == Event(at(START - 5), "park-b", "b")
    assert [each.rows for each in found.lookback] == [1, 1, 2, 1]


def test_repeated_rows_are_one_event(warehouse: Warehouse) -> None:
    found = ask(warehouse, row(), row(status=b"off"), row(), row())
    assert found.events == (Event(at(START), "park", "off"), Event(at(START), "park", "online", 2))


def test_bad_rows_of_the_device_are_counted_and_shown(warehouse: Warehouse) -> None:
    late, soon = row(START + 30 * DAY), row(START + 31 * DAY)
    found = ask(warehouse, row(None), late, soon, row(status=b""), row(park_id=b"\xff"), row(START - 9 * DAY, None))
    assert found.bad_rows.by_reason == {
        "status_at_missing": 1,
        "status_at_in_the_future": 2,
        "status_missing": 1,
        "not_utf8": 1,
    }
    assert (found.rows_read, found.bad_rows.considered, found.seen) == (6, 5, False)
    shown = [(example["reason"], example["park_id"], example["status_at"]) for example in found.bad_rows.examples]
    assert shown == [
        ("status_at_missing", "park", None),
        ("status_at_in_the_future", "park", str(late.status_at)),
        ("status_at_in_the_future", "park", str(soon.status_at)),
        ("status_missing", "park", str(START)),
        ("not_utf8", "\\xff", str(START)),
    ]


def test_a_device_that_was_never_seen_is_told_from_a_result_that_got_lost(warehouse: Warehouse) -> None:
    found = ask(warehouse, row(), device_id="other")
    assert found == DeviceHistory("other", 1, bad_rows=BadRows({}, 0, ()))
    assert not found.seen


def table(*kinds: bytes, count: int = 2) -> pa.Table:
    """A result table with groups of these kinds, `count` of them if its summary is to be believed."""
    plain: dict[str, list[object]] = {
        field.name: [b"" if field.type == pa.large_binary() else count] * len(kinds) for field in device.SCHEMA
    }
    return pa.table(plain | {"kind": list(kinds)}, device.SCHEMA)


def stream(found: pa.Table) -> bytes:
    out = io.BytesIO()
    with pa.ipc.new_stream(out, found.schema) as writer:
        writer.write_table(found)
    return out.getvalue()


def test_a_whole_result_is_read() -> None:
    assert device.checked_history(stream(table(b"0", b"", b"1")), RESULT).groups.num_rows == 2
    assert device.checked_history(stream(table(b"", count=0)), RESULT).groups.num_rows == 0


@pytest.mark.parametrize(
    "found",
    [table(), table(b"0", b"1"), table(b"0", b""), table(b"", b"0", b"0", b"0"), table(b"", b"", b"0", b"0")],
    ids=["nothing", "no summary", "one missing", "one too many", "two summaries"],
)
def test_a_result_that_is_not_whole_is_noticed(found: pa.Table) -> None:
    with pytest.raises(SourceUnavailable, match="groups of rows came instead of"):
        device.checked_history(stream(found), RESULT)


def test_a_result_that_is_cut_or_of_another_version_is_noticed() -> None:
    whole = table(b"0", b"", b"1")
    with pytest.raises(SourceUnavailable, match="the Arrow stream is broken"):
        device.checked_history(stream(whole)[:-20], RESULT)
    with pytest.raises(SourceInvalid, match="without last_us"):
        device.checked_history(stream(whole.drop_columns("last_us")), RESULT)


@pytest.mark.parametrize(
    "columns",
    [
        SourceColumns("kind", "row_count", "last_status", "first_us"),
        SourceColumns("group_park", "groups", "found", "last_us"),
        SourceColumns("device_id", "park_id", "status_at", "status", "example"),
    ],
)
def test_columns_may_be_called_as_something_in_the_statement(warehouse: Warehouse, columns: SourceColumns) -> None:
    source = replace(SOURCE, columns=replace(columns, event_id=None))
    warehouse.status_history([row(START - 3), row(START + 1), row(START + 2), row(START + DAY + 1)], source)
    found = warehouse.history("device", MONDAY.period, CLOCK, source)
    assert [event.at for event in found.events] == [at(START + 1), at(START + 2)]
    assert (found.carried, found.after[0].last) == (Event(at(START - 3), "park", "online"), at(START + DAY + 1))
