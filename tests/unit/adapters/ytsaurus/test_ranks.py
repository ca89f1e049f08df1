"""Parks and statuses are ranked before events are: however many there are, or not at all."""

import datetime as dt

import pytest

from signalq_billing.adapters.ytsaurus.statement import activity_statement
from signalq_billing.domain.activity import ActivityRequest, ActivityRules
from signalq_billing.domain.source import Source
from tests.unit.adapters.ytsaurus.histories import Calendar, Scene
from tests.unit.adapters.ytsaurus.reference import Row
from tests.unit.adapters.ytsaurus.test_activity import assert_as_expected
from tests.unit.adapters.ytsaurus.test_names import CLOCK, MONDAY, START
from tests.unit.adapters.ytsaurus.warehouse import RESULT, Warehouse, selected

DAY = Calendar("Europe/Moscow", dt.date(2026, 11, 2), 1)


def test_of_thousands_of_states_the_last_in_order_stands(warehouse: Warehouse) -> None:
    """Every tenth park is asked for, every third status is active somewhere, and all of a device's come at once."""
    rules = {f"park-{n}": ActivityRules((f"s{n % 40}", f"s{n % 40 + 3}")) for n in range(0, 400, 10)}
    rows = [
        Row(b"park-%d" % (device + step), b"device-%d" % device, b"s%d" % (device * step % 60), START + 1_000 * moment)
        for device in range(200)
        for moment in range(3)
        for step in range(20)
    ]
    assert_as_expected(warehouse, Scene(DAY, 1, rules, CLOCK, rows), "Nullable(UInt64)")


def test_states_and_instants_that_do_not_fit_a_number_are_refused(warehouse: Warehouse) -> None:
    source = Source("//home/history", "//results", lookback_days=3_650)
    rules = {f"park-{number:05}": ActivityRules(("online",)) for number in range(40_000)}
    rows = [Row(park.encode(), b"device", b"online", START) for park in rules]
    warehouse.status_history(rows, source)
    request = ActivityRequest(MONDAY.period, rules, CLOCK)
    with pytest.raises(Exception, match="signalq-billing: too many different parks and statuses"):
        warehouse.extract(request, source)


def test_parks_nobody_asks_for_take_no_room(warehouse: Warehouse) -> None:
    source = Source("//home/history", "//results", lookback_days=3_650)
    rows = [Row(b"park-%d" % number, b"device", b"s%d" % number, START - 1 - number) for number in range(40_000)]
    warehouse.status_history([*rows, Row(b"ours", b"device", b"online", START)], source)
    found = warehouse.extract(ActivityRequest(MONDAY.period, {"ours": ActivityRules(("online",))}, CLOCK), source)
    assert list(found.lines) == [(b"ours", b"device", b"86400")]


@pytest.mark.parametrize("buckets", [2, 7])
def test_each_row_is_in_one_bucket(warehouse: Warehouse, buckets: int) -> None:
    source = Source("//home/history", "//results", lookback_days=1)
    rows = [Row(b"park", b"device-%d" % (number % 50), b"online", START + number) for number in range(500)]
    warehouse.status_history([*rows, Row(b"park", None, b"online", START), Row(b"park", b"x", None, START)], source)
    request = ActivityRequest(MONDAY.period, {"park": ActivityRules(("online",))}, CLOCK)
    whole = warehouse.extract(request, source)
    parts = [warehouse.extract(request, source, bucket=(number, buckets)) for number in range(buckets)]
    assert sorted(line for part in parts for line in part.lines) == list(whole.lines)
    assert sum(part.statistics.rows_read for part in parts) == whole.statistics.rows_read == 502
    assert max(part.statistics.newest_us for part in parts) == whole.statistics.newest_us


def test_a_state_that_no_rank_was_given_to_stops_the_statement(warehouse: Warehouse) -> None:
    """As if a row had been written between the two scans."""
    source = Source("//home/history", "//results")
    warehouse.status_history([Row(b"park", b"device", b"online", START)], source)
    request = ActivityRequest(MONDAY.period, {"park": ActivityRules(("online",))}, CLOCK)
    assert len(warehouse.extract(request, source).lines) == 1
    warehouse.execute('CREATE OR REPLACE TABLE "//earlier" (park_id String, status String) ENGINE=Memory')
    text = activity_statement(request, source, ["//home/history"], "//rules", RESULT)
    first, ranked, second = text.partition('FROM "//home/history" AS source')
    with pytest.raises(Exception, match="signalq-billing: a park or status appeared while the source was read"):
        warehouse.execute(selected(first + ranked.replace("//home/history", "//earlier") + second))
