"""`config diff --money` where it must not compare: missing data, bad rows, other cadences; and bad usage."""

import datetime as dt
import json
from pathlib import Path

import pytest
from sqlalchemy import Engine

from signalq_billing.domain.period import Cadence, Every, Period
from signalq_billing.errors import ConfigInvalid, SignalqBillingError
from tests.integration.ytsaurus.config_directory import (
    CADENCES,
    DAY,
    LATE_ENOUGH,
    START,
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


def test_a_redefined_cadence_is_said_so_and_not_compared(
    engine: Engine, cluster: Cluster, directory: Directory, run: Run
) -> None:
    cluster.status_history([*days_of("p", 2), LATE_ENOUGH])
    paid(engine, applied(engine, directory.write(park("p"))), 2)
    moved = CADENCES.replace("Europe/Moscow", "Europe/Berlin")
    result = run(directory.write(park("p"), cadences=moved), "--money", "--period", WEEK.name)
    assert result.exit_code == 3
    assert "not compared: cadence weekly was redefined: payouts of 1 park are stored for" in result.stdout


def test_a_park_paid_by_another_cadence_is_named_and_not_compared(
    engine: Engine, cluster: Cluster, directory: Directory, run: Run
) -> None:
    cluster.status_history([*days_of("p", 2), *days_of("q", 1), LATE_ENOUGH])
    daily = f"{CADENCES}- {{name: daily, every: day, anchor: 2026-01-05, timezone: Europe/Moscow}}\n"
    days = Cadence("daily", Every.DAY, 1, dt.date(2026, 1, 5), "Europe/Moscow")
    configs = applied(engine, directory.write(park("p", cadence="daily", since="2026-01-05"), cadences=daily))
    for day in (2, 3):
        name = dt.date(2026, 11, day)
        paid(engine, configs, 1, Period("daily", name, name + dt.timedelta(days=1), days.timezone))
    path = directory.write(park("p", since="2026-11-02"), park("q"), cadences=daily)
    result = run(path, "--money", "--cadence", "weekly", "--period", WEEK.name, "--json")
    [period] = json.loads(result.stdout)["periods"]
    assert [each["park_id"] for each in period["parks"]] == ["q"]
    assert period["not_compared"] == [
        {"park_id": "p", "reason": "part of its time is paid by daily 2026-11-02 and 1 more"}
    ]


def test_missing_data_is_not_read_as_inactivity(
    engine: Engine, cluster: Cluster, directory: Directory, run: Run
) -> None:
    cluster.status_history(days_of("p", 2))
    paid(engine, applied(engine, directory.write(park("p"))), 2)
    result = run(directory.write(park("p"), park("p", 12, "2026-11-02")), "--money", "--period", WEEK.name, "--json")
    assert result.exit_code == 3
    [period] = json.loads(result.stdout)["periods"]
    assert "needs it to reach" in period["refused"]
    assert period["parks"] == []
    assert cluster.left_over() == []


def test_too_many_bad_rows_leave_the_period_not_compared(
    engine: Engine, cluster: Cluster, directory: Directory, run: Run
) -> None:
    bad = {"park_id": None, "device_id": "cam", "status": "online", "status_at": START}
    cluster.status_history([*days_of("p", 2), bad, LATE_ENOUGH])
    paid(engine, applied(engine, directory.write(park("p"))), 2)
    result = run(directory.write(park("p"), share="0.1"), "--money", "--period", WEEK.name, "--json")
    assert result.exit_code == 3
    [period] = json.loads(result.stdout)["periods"]
    told = period["refused"].splitlines()
    assert told[0].startswith("1 of 3 rows of")
    assert "unusable: ≈ 33.333333 %, allowed is 10 %. Nothing was computed." in told[0]
    assert told[1] == "By reason: park_id_missing 1."
    assert told[3:] == [
        f'  park_id_missing: park_id null, device_id "cam", status "online", status_at {START} (2026-11-01T21:00:00Z)'
    ]
    assert cluster.left_over() == []


def test_bad_rows_of_a_reason_are_shown_by_example_once(
    engine: Engine, cluster: Cluster, directory: Directory, run: Run
) -> None:
    bad = {"park_id": "x", "device_id": "cam", "status": "online", "status_at": None}
    cluster.status_history([*days_of("p", 2), *days_of("q", 2), bad, LATE_ENOUGH | {"status_at": START + 15 * DAY}])
    cadences = f"{CADENCES}- {{name: fortnight, every: week, count: 2, anchor: 2026-01-12, timezone: Europe/Moscow}}\n"
    parks = park("p"), park("q", cadence="fortnight", since="2026-01-12")
    path = directory.write(*parks, cadences=cadences)
    applied(engine, path)
    chosen = ("--cadence", "weekly", "--cadence", "fortnight", "--period", "2026-11-02")
    shown = run(path, "--money", *chosen).stdout
    assert shown.count('park_id "x"') == 1
    assert shown.count("bad rows by reason, with the examples above: status_at_missing 1") == 1


def test_what_cannot_be_applied_is_told_with_exit_code_2(directory: Directory, run: Run) -> None:
    path = directory.write(park("p").replace("currency: RUB", "curency: RUB"))
    with pytest.raises(ConfigInvalid, match="did you mean 'currency'"):
        run(path)
    result = run(path, "--json")
    assert result.exit_code == 2
    assert [each["park_id"] for each in json.loads(result.stdout)["problems"]] == ["p", "p"]


def test_the_same_change_of_many_parks_is_one_row(engine: Engine, directory: Directory, run: Run) -> None:
    parks = [f"park-{number:04}" for number in range(40)]
    applied(engine, directory.write(*map(park, parks), park("gone")))
    changed = [park(each, 12) for each in parks[:30]] + [park(each) for each in parks[30:]]
    shown = run(directory.write(*changed, park("later", since="2027-01-01")))
    lines = [" ".join(line.split()) for line in shown.stdout.splitlines()]
    assert "30 2026-01-01 changed charge.unit_amount 10 -> 12 park-0000, park-0001, park-0002 and 27 more" in lines
    assert "park configs, if applied: 1 added, 30 changed, 10 unchanged" in lines
    assert any(line.startswith("1 2027-01-01 added first version: weekly, RUB, {model: standard,") for line in lines)
    assert "1 applied version is not in the directory and stays in force: gone 2026-01-01." in shown.stderr


def test_options_of_the_comparison_need_money(directory: Directory, run: Run) -> None:
    with pytest.raises(SignalqBillingError, match="add --money"):
        run(directory.write(), "--cadence", "weekly")
