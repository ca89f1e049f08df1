"""`config show` from a real database: versions, who applied them, and what was superseded."""

import datetime as dt
import json
from dataclasses import replace

import pytest
from typer.testing import CliRunner, Result

from signalq_billing.cli.main import app
from tests.integration.postgres.factories import World, config, payout


@pytest.fixture(autouse=True)
def connected(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AIRFLOW_CONN_SIGNALQ_BILLING_DB", "postgres://host/database")
    monkeypatch.setattr("signalq_billing.adapters.postgres.engine.make_engine", lambda _: world.engine)


def show(*arguments: str) -> Result:
    return CliRunner().invoke(app, ["config", "show", *arguments], catch_exceptions=False)


def apply_three(world: World) -> None:
    world.store(payout("a", of=config("a")))
    world.claim(world.order("a").order_id)
    later = dt.date(2026, 11, 23)
    world.configs.apply([config("a"), config("a", effective_from=later, unit_amount="11.00")], "bob")
    world.configs.apply([config("a"), config("a", effective_from=later, unit_amount="12.00")], "eve")


def test_each_version_is_told_with_who_applied_it_and_when(world: World) -> None:
    apply_three(world)
    document = json.loads(show("a", "--at", "2026-11-22", "--json").stdout)
    [first, second] = document["versions"]
    assert (first["config_version"], first["applied_by"], first["paid_with"]) == ("2026-01-01", "tests", True)
    assert (second["config_version"], second["applied_by"], second["paid_with"]) == ("2026-11-23", "eve", False)
    assert dt.datetime.fromisoformat(second["applied_at"]) >= dt.datetime.fromisoformat(first["applied_at"])
    assert document["in_force"]["effective_from"] == "2026-01-01"
    assert "superseded" not in document


def test_superseded_versions_are_told_when_asked_for(world: World) -> None:
    apply_three(world)
    [gone] = json.loads(show("a", "--all", "--json").stdout)["superseded"]
    assert (gone["applied_by"], gone["superseded_by"]) == ("bob", "eve")
    assert gone["config"]["charge"]["unit_amount"] == "11"


def test_people_read_the_same(world: World) -> None:
    apply_three(world)
    lines = [" ".join(line.split()) for line in show("a", "--at", "2026-11-22", "--all").stdout.splitlines()]
    now = f"{dt.datetime.now(dt.UTC):%Y-%m-%d}"
    [first] = [line for line in lines if line.startswith("2026-01-01")]
    assert first.startswith(f"2026-01-01 weekly_msk yes yes {now}")
    assert first.endswith("tests yes")
    [_, gone] = [line for line in lines if line.startswith("2026-11-23")]
    assert gone.startswith(f"2026-11-23 weekly_msk {now}")
    assert gone.endswith("eve")
    assert "in force on 2026-11-22:" in lines
    assert "unit_amount: '10'" in lines


def test_a_day_before_all_versions_has_nothing_in_force(world: World) -> None:
    apply_three(world)
    assert "nothing is in force on 2025-12-31" in show("a", "--at", "2025-12-31").stdout
    assert "no version of this park was superseded" not in show("a").stdout


def test_a_disabled_version_says_no_and_names_no_cadence(world: World) -> None:
    stopped = replace(config("a", effective_from=dt.date(2026, 11, 23)), cadence="", terms=None)
    world.configs.apply([config("a"), stopped], "eve")
    lines = [" ".join(line.split()) for line in show("a", "--at", "2026-11-23").stdout.splitlines()]
    [row] = [line for line in lines if line.startswith("2026-11-23")]
    assert row.startswith("2026-11-23 no ")
    assert "enabled: false" in lines
    assert not any(line.startswith("cadence") for line in lines)
