import datetime as dt
import re
from pathlib import Path

import pytest

from signalq_billing.adapters.config_files import load, load_cadences
from signalq_billing.devstack.sample import configs, seed

NOW = dt.datetime(2026, 11, 23, 7, 50, tzinfo=dt.UTC)


def begins(directory: Path) -> dict[str, str]:
    return {each.name: str(each.catch_up_from) for each in load_cadences(directory)}


def test_a_new_stack_begins_with_the_last_complete_periods(tmp_path: Path) -> None:
    assert configs.write_if_absent(tmp_path / "config", NOW)
    assert begins(tmp_path / "config") == {
        "daily_ekb": "2026-11-22",
        "weekly_msk": "2026-11-16",
        "monthly_msk": "2026-10-01",
    }


def test_a_period_that_has_not_settled_is_not_the_last_complete_one(tmp_path: Path) -> None:
    ten_minutes_after_midnight = dt.datetime(2026, 11, 22, 19, 10, tzinfo=dt.UTC)
    configs.write_if_absent(tmp_path / "config", ten_minutes_after_midnight)
    assert begins(tmp_path / "config")["daily_ekb"] == "2026-11-21"


def test_configs_that_are_there_are_left_alone(tmp_path: Path) -> None:
    target = tmp_path / "config"
    configs.write_if_absent(target, NOW)
    (target / "guards.yaml").write_text("kill_switch: true\n")
    assert not configs.write_if_absent(target, NOW + dt.timedelta(days=9))
    assert load(target).guards.kill_switch
    assert begins(target)["daily_ekb"] == "2026-11-22"


def test_the_guards_that_are_only_shown_can_be_switched_on_as_they_are(tmp_path: Path) -> None:
    target = tmp_path / "config"
    configs.write_if_absent(target, NOW)
    shown = load(target).guards
    assert shown.past_periods == 0
    text = (target / "guards.yaml").read_text()
    (target / "guards.yaml").write_text(re.sub(r"^# (?=\w+: )", "", text, flags=re.MULTILINE))
    found = load(target).guards
    assert found.total_deviation
    assert found.device_jump
    assert (found.hold_config_changes, found.hold_first) == (True, True)


def test_periods_missed_for_a_while_are_caught_up(tmp_path: Path) -> None:
    configs.write_if_absent(tmp_path / "config", NOW)
    assert not configs.begin_with_last_period(tmp_path / "config", NOW + dt.timedelta(days=30))
    assert begins(tmp_path / "config")["daily_ekb"] == "2026-11-22"


def test_a_stack_unused_for_long_begins_anew(tmp_path: Path) -> None:
    configs.write_if_absent(tmp_path / "config", NOW)
    assert configs.begin_with_last_period(tmp_path / "config", NOW + dt.timedelta(days=365))
    assert begins(tmp_path / "config")["daily_ekb"] == "2027-11-22"


@pytest.mark.parametrize("day", range(0, 62, 7))
def test_history_reaches_back_to_every_period_that_is_paid(tmp_path: Path, day: int) -> None:
    now = NOW + dt.timedelta(days=day)
    configs.write_if_absent(tmp_path / "config", now)
    loaded = load(tmp_path / "config")
    first = seed.first_days(loaded, now)
    for config in loaded.park_configs:
        if config.terms:
            period = configs.last_settled(loaded.cadences[config.cadence], now)
            assert first[config.park_id] < period.start.date()


@pytest.mark.parametrize("minutes", range(0, 60, 3))
def test_freshly_written_history_is_always_fresh_enough(tmp_path: Path, minutes: int) -> None:
    now = dt.datetime(2026, 11, 22, 18, 50, tzinfo=dt.UTC) + dt.timedelta(minutes=minutes)
    configs.write_if_absent(tmp_path / "config", now)
    assert seed.floored(now) >= seed.needed_until(load(tmp_path / "config"), now)
