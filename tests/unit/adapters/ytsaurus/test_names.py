"""Names and values get into the statements as what they are, whatever characters they are made of."""

import datetime as dt

import pytest

from signalq_billing.adapters.ytsaurus.statement import activity_statement, identifier, literal, rule
from signalq_billing.domain.activity import ActivityRequest, ActivityRules
from signalq_billing.domain.source import Source, SourceColumns
from tests.unit.adapters.ytsaurus.histories import Calendar
from tests.unit.adapters.ytsaurus.reference import Row
from tests.unit.adapters.ytsaurus.warehouse import Warehouse

MONDAY = Calendar("Europe/Moscow", dt.date(2026, 11, 2), 1)
START = 1_793_566_800_000_000
CLOCK = dt.datetime(2026, 11, 4, tzinfo=dt.UTC)
PATH = "//home/signalq/status_history"
STRANGE = (
    "a b",
    'quo"te',
    "back`tick",
    "back\\slash",
    "apo'strophe",
    "камера \U0001f697",
    "$status",
    "--",
    "new\nline",
)


def request(**rules: ActivityRules) -> ActivityRequest:
    return ActivityRequest(MONDAY.period, rules, CLOCK)


@pytest.mark.parametrize("name", STRANGE)
def test_columns_and_table_may_have_any_name(warehouse: Warehouse, name: str) -> None:
    columns = SourceColumns(f"park {name}", f"device {name}", f"status {name}", f"at {name}")
    source = Source(f"//home/{name}/history", "//results", columns)
    warehouse.status_history([Row(b"park", b"device", b"online", START)], source)
    found = warehouse.extract(request(park=ActivityRules(("online",))), source)
    assert list(found.lines) == [(b"park", b"device", b"86400")]
    assert warehouse.newest(source, CLOCK) == START


@pytest.mark.parametrize(
    "columns",
    [
        SourceColumns("group_key", "is_device", "reason", "newest"),
        SourceColumns("rule", "known_park", "park_rule", "times"),
        SourceColumns("device_id", "park_id", "status_at", "status"),
    ],
)
def test_columns_may_be_called_as_something_in_the_statement(warehouse: Warehouse, columns: SourceColumns) -> None:
    source = Source("//home/history", "//results", columns)
    warehouse.status_history([Row(b"park", b"device", b"online", START)], source)
    found = warehouse.extract(request(park=ActivityRules(("online",))), source)
    assert list(found.lines) == [(b"park", b"device", b"86400")]


@pytest.mark.parametrize("text", [*STRANGE, "\0", "\t\r\b\f", "\\0", "\\'"])
def test_a_text_reads_back_as_itself(warehouse: Warehouse, text: str) -> None:
    assert warehouse.execute(f"SELECT hex({literal(text)})", "TSVRaw").decode().strip() == text.encode().hex().upper()
    assert identifier(text).count('"') - identifier(text).count('\\"') == 2


def test_the_source_is_scanned_once_for_ranks_and_once_for_everything_else() -> None:
    source = Source(PATH, "//results")
    text = activity_statement(request(), source, [PATH], "//rules", "//result")
    assert text.count(identifier(PATH)) == 2
    assert text.startswith('CREATE TABLE "//result" ENGINE=YtTable() AS WITH\n')
    assert "--" not in text


def test_a_statement_does_not_grow_with_the_number_of_parks() -> None:
    source = Source(PATH, "//results")
    many = request(**{f"park-{number}": ActivityRules(("online",)) for number in range(5_000)})
    small, large = (activity_statement(each, source, [PATH], "//rules", "//r") for each in (request(), many))
    assert small == large


def test_a_rule_says_its_limit_and_its_statuses() -> None:
    assert rule(ActivityRules(("online", ","), max_silence_seconds=60)) == "60000000,6F6E6C696E65,2C,"
    assert rule(ActivityRules(())) == f"{2**62},"
    assert rule(ActivityRules((), max_silence_seconds=10**30)) == f"{2**62},"


def test_a_thousand_parks_each_get_their_own_rules(warehouse: Warehouse) -> None:
    source = Source("//home/history", "//results")
    numbers = range(1_000)
    rules = {f"park-{number}": ActivityRules((f"on-{number}",), 1, number + 1) for number in numbers}
    rows = [Row(b"park-%d" % number, b"device-%d" % number, b"on-%d" % number, START) for number in numbers]
    warehouse.status_history(rows, source)
    found = {park_id: days for park_id, _, days in warehouse.extract(request(**rules), source).lines}
    assert found == {b"park-%d" % number: b"%d" % (number + 1) for number in numbers}
