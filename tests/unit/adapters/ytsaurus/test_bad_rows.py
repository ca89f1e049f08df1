"""Bad rows are left out, counted by reason over the right rows, and shown (SPEC section 3)."""

import datetime as dt
from fractions import Fraction

from signalq_billing.domain.activity import ActivityRequest, ActivityRules
from signalq_billing.domain.source import Source
from tests.unit.adapters.ytsaurus.histories import Calendar
from tests.unit.adapters.ytsaurus.reference import Row
from tests.unit.adapters.ytsaurus.warehouse import Warehouse

MONDAY = Calendar("UTC", dt.date(2026, 11, 2), 1)
START = 1_793_577_600_000_000
DAY = 86_400_000_000
CLOCK = dt.datetime(2026, 11, 4, tzinfo=dt.UTC)
SOURCE = Source("//home/history", "//results", lookback_days=1)
REQUEST = ActivityRequest(MONDAY.period, {"park": ActivityRules(("online",))}, CLOCK)


def row(park_id: bytes | None = b"park", status: bytes | None = b"online", status_at: int | None = START) -> Row:
    return Row(park_id, b"device", status, status_at)


def test_rows_outside_the_period_and_its_lookback_are_not_considered(warehouse: Warehouse) -> None:
    inside = [row(), row(None), row(status_at=START - DAY), row(b"", status_at=START - DAY)]
    outside = [row(None, status_at=START - DAY - 1), row(None, status_at=START + DAY), row(status_at=START + DAY)]
    warehouse.status_history(inside + outside, SOURCE)
    statistics = warehouse.extract(REQUEST, SOURCE).statistics
    assert statistics.rows_read == 7
    assert statistics.bad_rows.considered == 4
    assert statistics.bad_rows.by_reason == {"park_id_missing": 2}
    assert statistics.bad_rows.share == Fraction(1, 2)
    assert statistics.newest_us == START + DAY


def test_rows_without_a_usable_instant_are_always_considered(warehouse: Warehouse) -> None:
    future = START + 3 * DAY + 3_600_000_000
    rows = [row(status_at=None), row(None, status_at=0), row(status_at=future), row(status_at=future + 1)]
    warehouse.status_history([*rows, row(status_at=2**62)], SOURCE)
    request = ActivityRequest(MONDAY.period, {}, dt.datetime(2026, 11, 5, tzinfo=dt.UTC))
    statistics = warehouse.extract(request, SOURCE).statistics
    assert statistics.bad_rows.by_reason == {
        "status_at_missing": 1,
        "status_at_before_2000": 1,
        "status_at_in_the_future": 2,
    }
    assert statistics.bad_rows.considered == 4
    assert statistics.newest_us == future


def test_examples_show_what_is_bad(warehouse: Warehouse) -> None:
    rows = [row(None), row(b"\xffpark\n"), row(status=b""), row(status_at=None), row(b"a"), row(b"b", status=None)]
    warehouse.status_history(rows, SOURCE)
    examples = warehouse.extract(REQUEST, SOURCE).statistics.bad_rows.examples
    at = str(START)
    assert [tuple(example.values()) for example in examples] == [
        ("status_at_missing", "park", "device", "online", None),
        ("park_id_missing", None, "device", "online", at),
        ("status_missing", "b", "device", None, at),
        ("status_missing", "park", "device", "", at),
        ("not_utf8", "\\xffpark\n", "device", "online", at),
    ]
    assert list(examples[0]) == ["reason", "park_id", "device_id", "status", "status_at"]


def test_a_source_without_rows_is_no_error(warehouse: Warehouse) -> None:
    warehouse.status_history([], SOURCE)
    found = warehouse.extract(REQUEST, SOURCE)
    assert list(found.lines) == []
    assert (found.statistics.rows_read, found.statistics.newest_us) == (0, 0)
    assert found.statistics.bad_rows.share == 0
    assert warehouse.newest(SOURCE, CLOCK) == 0


def test_a_device_of_bad_rows_alone_has_no_line(warehouse: Warehouse) -> None:
    warehouse.status_history([row(status=b"\xc3\x28"), row(status=None)], SOURCE)
    assert list(warehouse.extract(REQUEST, SOURCE).lines) == []
