"""source.yaml and guards.yaml: every key read exactly, every mistake told."""

import datetime as dt
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

import pytest

from signalq_billing.adapters.config_files import load
from signalq_billing.domain.guards import DeviceJump, Guards, TotalDeviation
from signalq_billing.domain.source import DailyTables, Source, SourceColumns
from tests.unit.adapters.config_files.writing import SOURCE, directory, problems


def test_source_has_its_documented_defaults(tmp_path: Path) -> None:
    assert load(directory(tmp_path)).source == Source(
        table="//home/signalq/status_history",
        result_directory="//home/signalq-billing/activity",
        columns=SourceColumns("park_id", "device_id", "status", "status_at", None),
        watermark="max",
        lookback_days=30,
        replica_lag_allowance=dt.timedelta(minutes=15),
        bad_row_share=Fraction(1, 1000),
        clique="ch_public",
    )


def test_every_key_of_source_is_read_exactly(tmp_path: Path) -> None:
    source = """\
        table: //home/x/history
        columns: {park_id: p, device_id: d, status: s, status_at: t, event_id: e}
        watermark: //home/x/history/@replicated_until
        lookback_days: 0
        replica_lag_allowance_seconds: 0
        bad_row_share: 0.3
        result_directory: //tmp/x
        clique: "*ch"
        spill_above_bytes: 500000000
        device_buckets: 4
        """
    assert load(directory(tmp_path, source=source)).source == Source(
        table="//home/x/history",
        result_directory="//tmp/x",
        columns=SourceColumns("p", "d", "s", "t", "e"),
        watermark="//home/x/history/@replicated_until",
        lookback_days=0,
        replica_lag_allowance=dt.timedelta(0),
        bad_row_share=Fraction(3, 10),
        clique="*ch",
        spill_above_bytes=500_000_000,
        device_buckets=4,
    )


@pytest.mark.parametrize(
    ("source", "problem"),
    [
        (
            "",
            "source.yaml:1: result_directory: is missing; for example `result_directory: //home/signalq-billing/activi",
        ),
        ("- table", "source.yaml:1: must be a mapping, beginning with `table:`"),
        (SOURCE + "watermark: maximum", "source.yaml:3: watermark: 'maximum' must be max, or the path of an attribute"),
        (
            SOURCE + "watermark: //home/x",
            "source.yaml:3: watermark: '//home/x' must be max, or the path of an attribute",
        ),
        (SOURCE + "bad_row_share: 0,1", "source.yaml:3: bad_row_share: '0,1' is not a number"),
        (SOURCE + "lookback_days: -1", "source.yaml:3: lookback_days: must be from 0 to 3650, not -1"),
        (
            SOURCE + "replica_lag_allowance: 5",
            "source.yaml:3: replica_lag_allowance: unknown key; did you mean 'replica_",
        ),
        (SOURCE + "spill_above_bytes: 500", "source.yaml:3: spill_above_bytes: must be from 1000000 to 10000000000"),
        (SOURCE + "device_buckets: 0", "source.yaml:3: device_buckets: must be from 1 to 100, not 0"),
        (SOURCE + "columns: {parkid: x}", "source.yaml:3: columns.parkid: unknown key; did you mean 'park_id'?"),
        (
            SOURCE + "columns: {status: status_at}",
            "source.yaml:3: columns.status_at: is the column 'status_at', like st",
        ),
        (
            "table: home/x\nresult_directory: //x",
            "source.yaml:1: table: 'home/x' must be a path in YTsaurus, such as //h",
        ),
        (
            "table: {name: '%Y-%m-%d'}\nresult_directory: //x",
            "source.yaml:1: table.directory: is missing; for example `directory: //home/signalq/status_history`",
        ),
        (
            "table: {directory: //x, name: '%Y-%m'}\nresult_directory: //x",
            "source.yaml:1: table.name: '%Y-%m' must be a name with %Y, %m and %d in it, once each, and no slash",
        ),
        (
            "table: {directory: //x, days_arround: 2}\nresult_directory: //x",
            "source.yaml:1: table.days_arround: unknown key; did you mean 'days_around'?",
        ),
        (
            "table: {directory: //x, timezone: Moscow}\nresult_directory: //x",
            "source.yaml:1: table.timezone: 'Moscow' is not an IANA time zone; did you mean",
        ),
        (
            "table: [//x]\nresult_directory: //x",
            "source.yaml:1: table: must be a text, not a list",
        ),
    ],
)
def test_a_mistake_in_source_is_told(tmp_path: Path, source: str, problem: str) -> None:
    assert problems(directory(tmp_path, source=source))[0].startswith(problem)


def test_a_source_can_be_a_directory_of_daily_tables(tmp_path: Path) -> None:
    text = (
        'table: {directory: //home/x, name: "h%Y%m%d", timezone: Europe/Moscow, days_around: 0}\nresult_directory: //r'
    )
    assert load(directory(tmp_path, source=text)).source.table == DailyTables("//home/x", "h%Y%m%d", "Europe/Moscow", 0)
    text = "table: {directory: //home/x}\nresult_directory: //r"
    assert load(directory(tmp_path, source=text)).source.table == DailyTables("//home/x", "%Y-%m-%d", "UTC", 1)


def test_guards_are_read_exactly(tmp_path: Path) -> None:
    text = "kill_switch: on\nrun_max: {RUB: '1000000', JPY: 5}\npark_max: {RUB: 0.5}\n"
    assert load(directory(tmp_path, guards=text)).guards == Guards(
        kill_switch=True,
        run_max={"RUB": Decimal(1000000), "JPY": Decimal(5)},
        park_max={"RUB": Decimal("0.5")},
    )


def test_guards_of_the_past_are_read_exactly(tmp_path: Path) -> None:
    text = """\
        total_deviation: {share: "0.35", periods: 8, min_periods: 4, min_difference: {RUB: "5000", KZT: 1}}
        device_jump: {share: 1, periods: 2, min_difference: 5}
        hold_config_changes: yes
        hold_first: on
        """
    assert load(directory(tmp_path, guards=text)).guards == Guards(
        total_deviation=TotalDeviation(Fraction(7, 20), 8, 4, {"RUB": Decimal(5000), "KZT": Decimal(1)}),
        device_jump=DeviceJump(Fraction(1), 2, 2, 5),
        hold_config_changes=True,
        hold_first=True,
    )


def test_a_guard_of_the_past_needs_no_more_than_a_share(tmp_path: Path) -> None:
    found = load(directory(tmp_path, guards="total_deviation: {share: 0.5}\ndevice_jump: {share: .5}")).guards
    assert found.total_deviation == TotalDeviation(Fraction(1, 2), periods=6, min_periods=3, min_difference={})
    assert found.device_jump == DeviceJump(Fraction(1, 2), periods=6, min_periods=3, min_difference=0)


def test_empty_guards_hold_nothing_back(tmp_path: Path) -> None:
    assert load(directory(tmp_path, guards="kill_switch:\nrun_max: {}\npark_max: {RUB: null}\n")).guards == Guards()
    assert load(directory(tmp_path, guards="# none")).guards == Guards()


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("kill_swich: true", "guards.yaml:1: kill_swich: unknown key; did you mean 'kill_switch'?"),
        ("kill_switch: 2", "guards.yaml:1: kill_switch: must be true or false, not '2'"),
        ("park_max: {rub: 5}", "guards.yaml:1: park_max.rub: 'rub' is not an ISO 4217 currency code such as RUB; did"),
        ("park_max: {RUB: -5}", "guards.yaml:1: park_max.RUB: must be at least 0, not -5"),
        ("park_max: {RUB: 5, RUB: 6}", "guards.yaml:1: park_max.RUB: is here twice, first on line 1; keep one of them"),
        ("park_max: 5", "guards.yaml:1: park_max: must be a mapping of keys to values"),
        ("[]", "guards.yaml:1: must be a mapping, such as `kill_switch: false`"),
        (
            "total_deviation: 0.5",
            "guards.yaml:1: total_deviation: must be a mapping of keys to values; for example `tot",
        ),
        ("total_deviation: {}", "guards.yaml:1: total_deviation.share: is missing; for example `share: 0.5`"),
        ("device_jump: {share: 50%}", "guards.yaml:1: device_jump.share: '50%' is not a number; write digits and a po"),
        ("device_jump: {share: -1}", "guards.yaml:1: device_jump.share: must be at least 0, not -1"),
        ("device_jump: {shares: 1, share: 1}", "guards.yaml:1: device_jump.shares: unknown key; did you mean 'share'?"),
        ("device_jump: {share: 1, min_difference: {RUB: 1}}", "guards.yaml:1: device_jump.min_difference: must be a"),
        ("total_deviation: {share: 1, min_difference: 5}", "guards.yaml:1: total_deviation.min_difference: must be a"),
        ("total_deviation: {share: 1, min_difference: {rub: 5}}", "guards.yaml:1: total_deviation.min_difference.rub:"),
        ("total_deviation: {share: 1, periods: 0}", "guards.yaml:1: total_deviation.periods: must be from 1 to 100"),
        (
            "device_jump: {share: 1, periods: 2, min_periods: 3}",
            "guards.yaml:1: device_jump.min_periods: must be at mo",
        ),
        (
            "device_jump: {share: 1, min_periods: 7}",
            "guards.yaml:1: device_jump.min_periods: must be at most periods, ",
        ),
        ("hold_config_change: true", "guards.yaml:1: hold_config_change: unknown key; did you mean 'hold_config_chang"),
    ],
)
def test_a_mistake_in_guards_is_told(tmp_path: Path, text: str, problem: str) -> None:
    [told] = problems(directory(tmp_path, guards=text))
    assert told.startswith(problem)
