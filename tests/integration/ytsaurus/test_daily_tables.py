"""A status_history of daily tables pays what one table of the same rows pays, reads no more of them than it needs, and
never takes a missing one for a day without activity."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import replace
from random import Random
from typing import Any

import pytest

from signalq_billing.adapters.ytsaurus.reading import Reading, reading
from signalq_billing.adapters.ytsaurus.source import YtActivitySource
from signalq_billing.adapters.ytsaurus.statement import micros
from signalq_billing.devstack.sample import table as sample
from signalq_billing.devstack.sample.life import StatusEvent
from signalq_billing.domain.activity import ActivityRequest, ActivityRules
from signalq_billing.domain.period import Period
from signalq_billing.domain.source import DailyTables
from signalq_billing.errors import ActivityIncomplete, SourceInvalid
from tests.integration.ytsaurus.conftest import Cluster
from tests.unit.adapters.ytsaurus.histories import Calendar, scene
from tests.unit.adapters.ytsaurus.reference import EPOCH, MICROSECOND, Row
from tests.unit.adapters.ytsaurus.test_daily import table_of

DAY = dt.timedelta(days=1)
PERIOD = Period("cadence", dt.date(2026, 11, 2), dt.date(2026, 11, 4), "UTC")
CLOCK = dt.datetime(2026, 11, 6, tzinfo=dt.UTC)
ONLINE = {"park": ActivityRules(("online",))}
SCHEMA = [{"name": name, "type": "string"} for name in ("park_id", "device_id", "status")]


def date(day: int) -> dt.date:
    """A day of November 2026, counted from October's end for those below 1."""
    return dt.date(2026, 11, 1) + (day - 1) * DAY


def event(at: dt.datetime, status: str = "online", device_id: str = "camera") -> dict[str, Any]:
    return {"park_id": "park", "device_id": device_id, "status": status, "status_at": (at - EPOCH) // MICROSECOND}


def noon(day: int, **changes: str) -> dict[str, Any]:
    return event(dt.datetime.combine(date(day), dt.time(12), dt.UTC), **changes)


class Days:
    """A directory of daily tables, and the product's adapter of it."""

    def __init__(self, cluster: Cluster, **changes: Any) -> None:  # noqa: ANN401
        self.cluster = cluster
        self.daily = replace(DailyTables(f"{cluster.directory}/history"), **changes)
        cluster.client.create("map_node", self.daily.directory, recursive=True)

    def write(self, day: dt.date, rows: Sequence[dict[str, Any]] = (), status_at: str = "timestamp") -> None:
        schema = [*SCHEMA, {"name": "status_at", "type": status_at}]
        self.cluster.client.create("table", self.daily.path(day), force=True, attributes={"schema": schema})
        if rows:
            self.cluster.client.write_table(self.daily.path(day), rows)

    def make(self, *days: int) -> None:
        """Empty tables."""
        for day in days:
            self.write(date(day))

    def fill(self, *days: int) -> None:
        for day in days:
            self.write(date(day), [noon(day)])

    def adapter(self, **changes: object) -> YtActivitySource:
        return self.cluster.adapter(table=self.daily, **{"lookback_days": 2, **changes})

    def read(self, watermark: dt.datetime | None = None, **changes: Any) -> Reading:  # noqa: ANN401
        """What an extraction would read, without the query that computes it."""
        source = replace(self.cluster.source, table=self.daily, **{"lookback_days": 2, **changes})
        return reading(self.cluster.client, source, PERIOD, watermark)

    def seconds(self, **changes: object) -> dict[str, tuple[int, ...]]:
        adapter = self.adapter(**changes)
        snapshot = adapter.extract(ActivityRequest(PERIOD, ONLINE, CLOCK))
        return {
            device.device_id: device.day_seconds
            for park in adapter.read(snapshot.result_table, PERIOD)
            for device in park.devices
        }


@pytest.fixture
def days(cluster: Cluster) -> Days:
    return Days(cluster)


@pytest.mark.parametrize("seed", range(3))
def test_any_split_into_days_gives_what_one_table_gives(cluster: Cluster, seed: int) -> None:
    """Each row may be in the table of its day, in whatever zone, or in one next to it."""
    random = Random(f"daily {seed}")
    story = scene(random, 40, Calendar(random.choice(["Europe/Moscow", "America/Havana"]), dt.date(2026, 10, 31), 3))
    days = Days(cluster, timezone=random.choice(["UTC", "Pacific/Kiritimati"]), days_around=random.choice([1, 2]))
    last = 4_200_000_000_000_000  # YT's timestamps end with the year 2105.
    rows = [replace(row, status_at=row.status_at and min(row.status_at, last)) for row in story.stored(nullable=True)]
    span = days.daily.days(story.calendar.period.start - 9 * DAY, story.calendar.period.end + 9 * DAY)
    split: dict[dt.date, list[dict[str, Any]]] = {day: [] for day in span}
    for row in rows:
        split[table_of(row, days.daily, span, random)].append(stored(row))
    for day, of_day in split.items():
        days.write(day, of_day)
    cluster.status_history([stored(row) for row in rows])
    found = []
    for adapter in (
        cluster.adapter(lookback_days=story.lookback_days), days.adapter(lookback_days=story.lookback_days)
    ):  # fmt: skip
        snapshot = adapter.extract(story.request)
        lines = list(adapter.read(snapshot.result_table, story.calendar.period))
        reasons = {reason: n for reason, n in snapshot.bad_rows.by_reason.items() if not reason.startswith("status_at")}
        found.append((lines, reasons, snapshot.rules_digest))
    assert found[0] == found[1]


def stored(row: Row) -> dict[str, Any]:
    return {name: getattr(row, name) for name in ("park_id", "device_id", "status", "status_at")}


def test_only_the_days_needed_are_read(days: Days) -> None:
    days.fill(*range(-9, 6))
    snapshot = days.adapter().extract(ActivityRequest(PERIOD, ONLINE, CLOCK))
    # The period, two days of lookback, and a margin of one day on either side.
    assert snapshot.rows_read == 2 + 2 + 2
    assert snapshot.watermark == dt.datetime(2026, 11, 5, 12, tzinfo=dt.UTC)


def test_a_row_that_stands_in_a_neighbours_table_is_read(days: Days) -> None:
    days.fill(1, 3)
    days.write(date(2))
    days.write(date(4), [event(dt.datetime(2026, 11, 3, 18, tzinfo=dt.UTC), "offline"), noon(4)])
    assert days.seconds() == {"camera": (86_400, 18 * 3600)}


@pytest.mark.parametrize("gap", [-1, 1, 2, 3])
def test_a_table_that_is_missing_among_others_is_named(days: Days, gap: int) -> None:
    days.make(*(day for day in range(-2, 6) if day != gap))
    with pytest.raises(SourceInvalid, match=rf"the table {date(gap)} of .* is missing, .*what is missing was not idle"):
        days.read()
    days.make(gap)
    assert len(days.read().tables) == 6


def test_several_that_are_missing_are_named_together(days: Days) -> None:
    days.make(-9, *range(2, 6))
    with pytest.raises(SourceInvalid, match=r"the tables 2026-10-30, 2026-10-31, 2026-11-01 of .* are missing"):
        days.read()


def test_a_missing_table_pays_nobody_and_leaves_nothing(days: Days) -> None:
    days.fill(1, 3, 4)
    with pytest.raises(SourceInvalid, match="2026-11-02"):
        days.seconds()
    assert days.cluster.left_over() == []


def test_nothing_is_expected_before_the_oldest_table(days: Days) -> None:
    days.make(2, 3, 4)
    assert days.read().days == [date(2), date(3), date(4)]


def test_a_directory_that_begins_inside_the_period_lacks_the_tables_before(days: Days) -> None:
    days.make(3, 4)
    with pytest.raises(SourceInvalid, match=r"the table 2026-11-02 of .* is missing"):
        days.read()


def test_the_periods_last_table_is_waited_for(days: Days) -> None:
    days.make(1, 2)
    with pytest.raises(ActivityIncomplete, match=r"the table 2026-11-03 of .* is not there yet"):
        days.read()


def test_the_day_after_is_needed_once_the_watermark_has_reached_it(days: Days) -> None:
    """An attribute may say that the replica is complete while the table with the rows that came last is not there."""
    days.make(1, 2, 3)
    midnight = dt.datetime(2026, 11, 4, tzinfo=dt.UTC)
    assert len(days.read(midnight - MICROSECOND).tables) == 3
    with pytest.raises(ActivityIncomplete, match=r"the table 2026-11-04 of .* is not there yet"):
        days.read(midnight)
    days.make(4)
    assert len(days.read(midnight).tables) == 4


def test_an_attribute_is_a_watermark_of_the_directory(days: Days) -> None:
    days.fill(1, 2, 3)
    days.cluster.client.set(f"{days.daily.directory}/@until", "2026-11-04T00:15:00Z")
    with pytest.raises(ActivityIncomplete, match=r"the table 2026-11-04 of .* is not there yet"):
        days.seconds(watermark=f"{days.daily.directory}/@until")


def test_many_tables_are_read_together_only_when_the_clique_is_told(days: Days) -> None:
    days.make(2, 3, 4)
    assert days.read().settings == {"chyt.execution.table_read_lock_mode": "sync"}
    assert Reading(["//t"] * 251).settings["chyt.concat_tables.max_tables"] == "251"
    assert Reading(["//t"]).settings == {}


def test_the_watermark_is_that_of_the_newest_tables_with_a_good_row(days: Days) -> None:
    days.fill(*range(-5, 3))
    for day in range(3, 6):
        days.write(date(day), [{"park_id": "park", "status_at": 1_793_566_800_000_000}])
    assert days.adapter().watermark(CLOCK) == dt.datetime(2026, 11, 2, 12, tzinfo=dt.UTC)


def test_no_good_row_anywhere_is_no_watermark(days: Days) -> None:
    days.write(date(1))
    assert days.adapter().watermark(CLOCK) is None


def test_what_is_no_daily_table_is_left_alone(days: Days) -> None:
    days.make(1, 2, 3, 4)
    days.cluster.client.create("map_node", f"{days.daily.directory}/archive")
    days.cluster.client.copy(days.daily.path(date(3)), f"{days.daily.directory}/2026-11-03.copy")
    days.cluster.client.link(days.daily.path(date(4)), f"{days.daily.directory}/latest")
    assert days.read().tables == [days.daily.path(date(day)) for day in (1, 2, 3, 4)]


def test_a_link_stands_for_its_table(days: Days) -> None:
    days.fill(1, 2, 4)
    other = Days(days.cluster, directory=f"{days.cluster.directory}/archive")
    other.write(date(3), [noon(3, status="offline")])
    days.cluster.client.link(other.daily.path(date(3)), days.daily.path(date(3)))
    assert days.seconds() == {"camera": (86_400, 12 * 3600)}


def test_a_changed_day_is_another_state_and_another_periods_day_is_not(days: Days) -> None:
    days.make(*range(-9, 6))
    before = days.read().state
    assert before.startswith("2026-10-30/2026-11-04:")
    days.write(date(-9))
    assert days.read().state == before
    days.write(date(2))
    assert days.read().state != before


def test_a_directory_that_is_not_there_names_its_field(days: Days) -> None:
    days.cluster.client.remove(days.daily.directory)
    with pytest.raises(SourceInvalid, match=r"no such directory; correct `table\.directory` in source\.yaml"):
        days.adapter().ping()


def test_a_directory_without_such_tables_names_what_there_is(days: Days) -> None:
    days.cluster.client.create("table", f"{days.daily.directory}/history")
    with pytest.raises(SourceInvalid, match=r"no table named like %Y-%m-%d; .*there are: history"):
        days.adapter().ping()


def test_a_table_of_another_shape_is_named(days: Days) -> None:
    days.make(1, 2, 4)
    days.write(date(3), status_at="uint64")
    with pytest.raises(SourceInvalid, match=r"different types .*timestamp in .*2026-11-01, uint64 in .*2026-11-03"):
        days.read()
    days.cluster.client.create("table", days.daily.path(date(3)), force=True, attributes={"schema": SCHEMA})
    with pytest.raises(SourceInvalid, match=r"2026-11-03 has no column 'status_at'; correct columns.status_at"):
        days.read()
    days.cluster.client.create("map_node", days.daily.path(date(3)), force=True)
    with pytest.raises(SourceInvalid, match=r"2026-11-03 is a map_node, not a table"):
        days.read()


def test_a_devices_history_is_that_of_the_days_read(days: Days) -> None:
    days.fill(*range(-9, 6))
    history = days.adapter().history("camera", PERIOD, CLOCK)
    assert [found.at.day for found in history.events] == [2, 3]
    assert [(found.first.day, found.last.day) for found in history.lookback] == [(31, 1)]
    assert [(found.first.day, found.rows) for found in history.before] == [(30, 1)]
    assert [(found.first.day, found.rows) for found in history.after] == [(4, 1)]
    assert history.days_read == (dt.date(2026, 10, 30), date(4))
    assert not days.adapter().history("stranger", PERIOD, CLOCK).seen


def test_the_sample_can_be_written_into_daily_tables(days: Days) -> None:
    source = replace(days.cluster.source, table=days.daily)
    days.cluster.client.remove(days.daily.directory)
    assert sample.reaches(days.cluster.client, source) is None
    until = dt.datetime(2026, 11, 4, 1, tzinfo=dt.UTC)
    times = [micros(dt.datetime(2026, 11, day, 12, tzinfo=dt.UTC)) for day in (1, 3)]
    rows = [StatusEvent("park", "camera", "online", at, "", 0) for at in [*times, None, 5, 4 * 10**15]]
    sample.write(days.cluster.client, source, rows, until)
    assert sample.reaches(days.cluster.client, source) == until
    counts = [days.cluster.client.row_count(days.daily.path(date(day))) for day in (1, 2, 3, 4)]
    assert counts == [1, 0, 1, 3]
    assert len(days.cluster.client.list(days.daily.directory)) == 4
