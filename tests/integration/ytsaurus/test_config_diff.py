"""`config diff` end to end: files, a real PostgreSQL, activity on a cluster, and what people and programs read."""

import datetime as dt
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine
from typer.testing import CliRunner

from signalq_billing.adapters.config_files import load
from signalq_billing.adapters.postgres.config_store import PostgresConfigStore
from signalq_billing.adapters.postgres.payout_store import PostgresPayoutStore
from signalq_billing.cli.main import app
from signalq_billing.domain.compute import compute_payout
from signalq_billing.domain.config import ParkConfig
from signalq_billing.domain.period import Cadence, Every, Period
from signalq_billing.domain.progress import Claim
from signalq_billing.errors import ConfigInvalid, SignalqBillingError
from signalq_billing.settings import settings
from tests.integration.postgres.factories import snapshot
from tests.integration.ytsaurus.conftest import TOKEN, Cluster
from tests.unit.domain.builders import device

WEEK = Period("weekly", dt.date(2026, 11, 2), dt.date(2026, 11, 9), "Europe/Moscow")
START = 1_793_566_800_000_000  # of the week, in Moscow
HOUR, DAY = 3_600_000_000, 86_400_000_000
CADENCES = "- {name: weekly, every: week, anchor: 2026-01-05, timezone: Europe/Moscow}\n"


@dataclass
class Directory:
    """A config directory, written anew whenever a test changes its mind."""

    path: Path
    cluster: Cluster

    def write(self, *parks: str, cadences: str = CADENCES, share: str = "0.5") -> Path:
        source = f"table: {self.cluster.source.table}\nresult_directory: {self.cluster.source.result_directory}\n"
        (self.path / "parks").mkdir(exist_ok=True)
        (self.path / "cadences.yaml").write_text(cadences)
        (self.path / "source.yaml").write_text(f"{source}bad_row_share: {share}\n")
        (self.path / "parks" / "all.yaml").write_text("".join(f"- {park}\n" for park in parks) or "[]")
        return self.path


def park(
    park_id: str,
    amount: int = 10,
    since: str = "2026-01-01",
    currency: str = "RUB",
    cadence: str = "weekly",
    statuses: str = "online",
    enabled: str = "true",
) -> str:
    charge = f"{{model: standard, unit: active_day, unit_amount: {amount}}}"
    return (
        f"{{park_id: {park_id}, effective_from: {since}, cadence: {cadence}, currency: {currency}, enabled: {enabled}, "
        f"activity: {{active_statuses: [{statuses}], max_silence_seconds: 3600}}, charge: {charge}}}"
    )


@pytest.fixture
def directory(tmp_path: Path, cluster: Cluster) -> Directory:
    return Directory(tmp_path, cluster)


Run = Callable[..., Any]  # of typer's results, which it keeps to itself


@pytest.fixture
def run(engine: Engine, cluster: Cluster, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Runs `signalq-billing config diff`; returns typer's result, its errors raised."""
    monkeypatch.setenv("AIRFLOW_CONN_SIGNALQ_BILLING_DB", "postgres://host/database")
    # The engine of the fixture, which closes its connections; a command's own are closed as its process ends.
    monkeypatch.setattr("signalq_billing.adapters.postgres.engine.make_engine", lambda _: engine)
    yt = {"conn_type": "ytsaurus_cluster", "extra": {"proxy": f"http://{cluster.handle.proxy}", "token": TOKEN}}
    monkeypatch.setenv("AIRFLOW_CONN_YTSAURUS_DEFAULT", json.dumps(yt))
    settings.cache_clear()

    def diff(*arguments: object) -> Any:  # noqa: ANN401
        result = CliRunner().invoke(app, ["config", "diff", *map(str, arguments)])
        if isinstance(result.exception, SignalqBillingError):
            raise result.exception
        return result

    return diff


def days_of(park_id: str, days: int, status: str = "online", device_id: str = "cam") -> list[dict[str, object]]:
    """An hour on each of the first days of the week."""
    return [
        {
            "park_id": park_id,
            "device_id": f"{park_id}-{device_id}",
            "status": status,
            "status_at": START + day * DAY + HOUR,
        }
        for day in range(days)
    ]


LATE_ENOUGH = {"park_id": "elsewhere", "device_id": "x", "status": "off", "status_at": START + 7 * DAY + HOUR}


def paid(engine: Engine, configs: Sequence[ParkConfig], days: int, period: Period = WEEK, claimed: bool = True) -> None:
    """Payouts of `days` days of one camera, as they were computed and claimed."""
    store = PostgresPayoutStore(engine)
    snapshot_id = store.save_snapshot(snapshot(period), "run")
    store.store([compute_payout(each, period, [device(days=days)]) for each in configs], snapshot_id, "run")
    for payout in store.payouts(period.cadence, period.name, [each.park_id for each in configs]) if claimed else ():
        for order in payout.orders:
            assert isinstance(store.claim(order.order_id, "worker", dt.timedelta(minutes=5)), Claim)


def applied(engine: Engine, path: Path) -> list[ParkConfig]:
    """The directory's versions, applied."""
    PostgresConfigStore(engine).apply(load(path).park_configs, "ann")
    return PostgresConfigStore(engine).current()


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
