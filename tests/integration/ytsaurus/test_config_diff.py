"""`config diff` end to end: files, a real PostgreSQL, activity on a cluster, and what people and programs read."""

import json
from pathlib import Path

import pytest
from sqlalchemy import Engine

from tests.integration.ytsaurus.config_directory import (
    CADENCES,
    LATE_ENOUGH,
    WEEK,
    Directory,
    Run,
    applied,
    config_diff,
    days_of,
    paid,
    park,
)
from tests.integration.ytsaurus.conftest import Cluster


@pytest.fixture
def directory(tmp_path: Path, cluster: Cluster) -> Directory:
    return Directory(tmp_path, cluster)


@pytest.fixture
def run(engine: Engine, cluster: Cluster, monkeypatch: pytest.MonkeyPatch) -> Run:
    return config_diff(engine, cluster, monkeypatch)


def test_what_was_paid_is_held_against_what_would_be_park_by_park(
    engine: Engine, cluster: Cluster, directory: Directory, run: Run
) -> None:
    cluster.status_history(
        [*days_of("same", 2), *days_of("more", 3), *days_of("less", 4), LATE_ENOUGH,
         *days_of("euro", 1), *days_of("new", 5), *days_of("gone", 2)]
    )  # fmt: skip
    before = ["same", "more", "less", "euro", "gone"]
    configs = applied(engine, directory.write(*map(park, before)))
    for config, days in zip(sorted(configs, key=lambda each: before.index(each.park_id)), (2, 3, 4, 1, 2), strict=True):
        paid(engine, [config], days)
    late = {"since": "2026-11-02"}
    path = directory.write(
        *map(park, before), park("more", 12, **late), park("less", 5, **late), park("euro", 10, currency="EUR", **late),
        park("new", 1, **late), park("gone", enabled="false", **late),
    )  # fmt: skip

    result = run(path, "--money", "--period", WEEK.name, "--json")

    assert result.exit_code == 0
    document = json.loads(result.stdout)
    [period] = document["periods"]
    assert {each["park_id"]: (each["difference"], each["share"]) for each in period["parks"]} == {
        "euro": (None, None),
        "gone": ("-20.00", "-1.000000"),
        "less": ("-20.00", "-0.500000"),
        "more": ("6.00", "0.200000"),
        "new": ("5.00", None),
        "same": ("0.00", "0.000000"),
    }
    rows = {each["park_id"]: each for each in period["parks"]}
    old = {"amount": "30.00", "currency": "RUB", "config_version": "2026-01-01", "stored": True}
    new = {"amount": "36.00", "currency": "RUB", "config_version": "2026-11-02", "stored": False}
    assert (rows["more"]["paid"], rows["more"]["would_pay"]) == (old, new)
    assert (rows["new"]["paid"], rows["gone"]["would_pay"]) == (None, None)
    assert period["totals"] == [
        {"currency": "EUR", "paid": "0.00", "would_pay": "10.00", "difference": "10.00"},
        {"currency": "RUB", "paid": "120.00", "would_pay": "81.00", "difference": "-39.00"},
    ]
    assert period["unchanged"] == 1
    assert period["bad_rows"]["total"] == 0
    assert len(document["warnings"]) == 4
    assert "park gone effective_from: version 2026-11-02 takes effect at or before the start of a period" in "".join(
        document["warnings"]
    )
    assert cluster.left_over() == []


def test_people_see_the_largest_movers_first_and_totals_per_currency(
    engine: Engine, cluster: Cluster, directory: Directory, run: Run
) -> None:
    parks = [f"park-{number}" for number in range(4)]
    cluster.status_history([*(row for park_id in parks for row in days_of(park_id, 2)), LATE_ENOUGH])
    paid(engine, applied(engine, directory.write(*map(park, parks))), 2)
    changed = [park(park_id, 10 + number, "2026-11-02") for number, park_id in enumerate(parks)]
    path = directory.write(*map(park, parks), *changed)

    shown = run(path, "--money", "--cadence", "weekly", "--period", WEEK.name, "--top", "2").stdout

    lines = [" ".join(line.split()) for line in shown.splitlines()]
    assert lines.index("park-3 20.00 26.00 +6.00 +30.0 % RUB 2026-01-01 -> 2026-11-02") < lines.index(
        "park-2 20.00 24.00 +4.00 +20.0 % RUB 2026-01-01 -> 2026-11-02"
    )
    assert "and 1 more in RUB: --top shows more, --json all" in lines
    assert "1 park would be paid the same as before" in lines
    assert "total RUB: paid 80.00, would pay 92.00, difference +12.00, +15.0 %" in lines


def test_a_version_that_takes_effect_later_prices_the_period_that_is_over(
    engine: Engine, cluster: Cluster, directory: Directory, run: Run
) -> None:
    parks = ["dear", "ends", "euro", "moves", "same"]
    cluster.status_history([*(row for each in [*parks, "new"] for row in days_of(each, 2)), LATE_ENOUGH])
    cadences = f"{CADENCES}- {{name: daily, every: day, anchor: 2026-01-05, timezone: Europe/Moscow}}\n"
    paid(engine, applied(engine, directory.write(*map(park, parks), cadences=cadences)), 2)
    later = {"since": "2026-11-30"}
    path = directory.write(
        *map(park, parks), park("dear", 12, **later), park("ends", enabled="false", **later),
        park("euro", currency="EUR", **later), park("moves", 1, cadence="daily", **later), park("new", 5, **later),
        cadences=cadences,
    )  # fmt: skip
    options = (path, "--money", "--cadence", "weekly", "--period", WEEK.name)

    lines = [" ".join(line.split()) for line in run(*options).stdout.splitlines()]

    note = lines.index("4 parks are priced by versions that take effect later: from 2026-11-30 on")
    assert note < lines.index("dear 20.00 24.00 +4.00 +20.0 % RUB 2026-01-01 -> 2026-11-30")
    assert "ends 20.00 - -20.00 -100.0 % RUB 2026-01-01 -> 2026-11-30 disabled from 2026-11-30 on" in lines
    assert "euro 20.00 20.00 RUB -> EUR 2026-01-01 -> 2026-11-30 another currency" in lines
    assert "new - 10.00 +10.00 RUB 2026-11-30 not paid before" in lines
    assert "not compared: 1 park: moves (version 2026-11-30 moves it from cadence weekly to daily)" in lines
    assert "total RUB: paid 80.00, would pay 54.00, difference -26.00, -32.5 %" in lines
    [period] = json.loads(run(*options, "--json").stdout)["periods"]
    assert period["later_versions"] == [{"config_version": "2026-11-30", "parks": 4}]
    assert {each["park_id"]: each["disabled_from"] for each in period["parks"] if each["disabled_from"]} == {
        "ends": "2026-11-30"
    }
    in_force = run(*options, "--in-force").stdout
    assert "take effect later" not in in_force
    assert "5 parks would be paid the same as before" in in_force


def test_where_nothing_is_stored_the_applied_configs_say_what_would_have_been_paid(
    engine: Engine, cluster: Cluster, directory: Directory, run: Run
) -> None:
    cluster.status_history(
        [*days_of("price", 2), *days_of("rules", 3, "ready"), *days_of("rules", 1, device_id="other"), LATE_ENOUGH]
    )
    applied(engine, directory.write(park("price"), park("rules")))
    path = directory.write(park("price", 12), park("rules", statuses="online, ready"))

    result = run(path, "--money", "--period", WEEK.name, "--json")

    [period] = json.loads(result.stdout)["periods"]
    sides = {each["park_id"]: (each["paid"]["amount"], each["would_pay"]["amount"]) for each in period["parks"]}
    assert sides == {"price": ("20.00", "24.00"), "rules": ("10.00", "40.00")}
    assert not any(each["paid"]["stored"] for each in period["parks"])
    assert cluster.left_over() == []


def test_a_park_that_nothing_changes_for_is_extracted_once_and_unchanged(
    engine: Engine, cluster: Cluster, directory: Directory, run: Run
) -> None:
    cluster.status_history([*days_of("p", 2), LATE_ENOUGH])
    path = directory.write(park("p"))
    applied(engine, path)
    shown = run(path, "--money", "--period", WEEK.name)
    assert "1 park would be paid the same as before" in shown.stdout
    assert "1 park has nothing stored: compared with what the configs applied now would pay" in shown.stdout
    assert shown.stdout.count("park configs, if applied: 0 added, 0 changed, 1 unchanged") == 1
