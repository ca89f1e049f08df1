"""`doctor` finds what is wrong, on services that are really wrong, and says what to do."""

import datetime as dt
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml
from sqlalchemy import Engine
from typer.testing import CliRunner

from signalq_billing.adapters.postgres.config_store import PostgresConfigStore
from signalq_billing.cli.bootstrap import Wiring
from signalq_billing.cli.main import app
from signalq_billing.devstack.billing_orders.process import BillingOrdersProcess
from signalq_billing.settings import settings
from tests.integration.registers import billing_connection
from tests.integration.ytsaurus.conftest import QUICK, TOKEN, Cluster
from tests.unit.domain.builders import config

WEEKLY = {"name": "weekly_msk", "every": "week", "count": 1, "anchor": "2024-01-01", "timezone": "Europe/Moscow"}


@dataclass
class Clinic:
    """A host whose three services are well, and ways to change that."""

    engine: Engine
    cluster: Cluster
    billing: BillingOrdersProcess
    config: Path
    setenv: Callable[[str, str], None]

    def writes(self, name: str, content: object) -> None:
        (self.config / name).write_text(yaml.safe_dump(content))

    def source(self, **changes: object) -> None:
        source = self.cluster.source
        self.writes("source.yaml", {"table": source.table, "result_directory": source.result_directory, **changes})

    def connects(self, conn_id: str, **shape: object) -> None:
        self.setenv(f"AIRFLOW_CONN_{conn_id}", json.dumps(shape))

    def yt_connection(self, token: str = TOKEN) -> None:
        proxy = f"http://{self.cluster.handle.proxy}"
        self.connects(
            "YTSAURUS_DEFAULT",
            conn_type="ytsaurus_cluster",
            extra={"proxy": proxy, "token": token, "client_config": QUICK},
        )

    def findings(self) -> dict[str, dict[str, Any]]:
        settings.cache_clear()
        result = CliRunner().invoke(app, ["doctor", "--json"])
        assert isinstance(result.exception, SystemExit | None), result.exception
        found = {each["check"]: each for each in json.loads(result.stdout)["checks"]}
        assert result.exit_code == (1 if any(each["state"] == "wrong" for each in found.values()) else 0)
        return found

    def wrong(self) -> dict[str, str]:
        return {name: each["fault"] for name, each in self.findings().items() if each["state"] == "wrong"}


@pytest.fixture
def clinic(
    engine: Engine,
    cluster: Cluster,
    billing: BillingOrdersProcess,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Clinic]:
    (tmp_path / "config").mkdir()
    made = Clinic(engine, cluster, billing, tmp_path / "config", monkeypatch.setenv)
    monkeypatch.setenv("SIGNALQ_BILLING_CONFIG", str(made.config))
    monkeypatch.setenv("AIRFLOW_CONN_BILLING_ORDERS", billing_connection(billing))
    monkeypatch.setenv("AIRFLOW_HOME", str(tmp_path / "no airflow here"))
    monkeypatch.setattr(Wiring, "engine", engine)
    monkeypatch.setenv("SIGNALQ_BILLING_NOTIFIER_EMAIL", "oncall@example.net")
    made.yt_connection()
    made.writes("cadences.yaml", [WEEKLY])
    made.source()
    cluster.status_history([seen(dt.timedelta(minutes=1))])
    PostgresConfigStore(engine).apply([config()], "test")
    yield made
    settings.cache_clear()


def seen(ago: dt.timedelta) -> dict[str, Any]:
    at = dt.datetime.now(dt.UTC) - ago
    return {"park_id": "p", "device_id": "d", "status": "online", "status_at": int(at.timestamp() * 1_000_000)}


def test_a_host_that_is_well_has_nothing_wrong(clinic: Clinic) -> None:
    found = clinic.findings()
    assert {name: each["state"] for name, each in found.items() if each["state"] != "ok"} == {
        "Airflow": "not_looked_at"
    }
    assert set(found) >= {"PostgreSQL", "park configs", "YTsaurus", "clique", "watermark", "billing-orders", "Airflow"}
    assert "none is configured" in found["Airflow"]["detail"]
    assert found["Airflow"]["ok"] is None


def test_an_airflow_elsewhere_is_asked_at_its_address(clinic: Clinic, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SIGNALQ_BILLING_AIRFLOW_URL", "http://127.0.0.1:9")
    settings.cache_clear()
    found = clinic.findings()["Airflow"]
    assert found["state"] == "wrong"
    assert "http://127.0.0.1:9 does not answer" in found["fault"]


@pytest.mark.parametrize("conn_id", ["YTSAURUS_DEFAULT", "BILLING_ORDERS"])
def test_a_connection_that_nobody_knows_is_named_with_the_variable_to_set(
    clinic: Clinic, conn_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(f"AIRFLOW_CONN_{conn_id}")
    assert any(f"AIRFLOW_CONN_{conn_id}" in fault for fault in clinic.wrong().values())


def test_a_wrong_token_of_billing_orders_is_told_apart_from_an_outage(clinic: Clinic) -> None:
    clinic.connects("BILLING_ORDERS", conn_type="http", host=clinic.billing.base_url, password="stale")
    (fault,) = clinic.wrong().values()
    assert "401" in fault
    assert "token" in fault


def test_a_wrong_token_of_yt_is_told_once_and_what_needs_yt_is_not_looked_at(clinic: Clinic) -> None:
    clinic.yt_connection(token="stale")
    found = clinic.findings()
    assert [name for name, each in found.items() if each["state"] == "wrong"] == ["YTsaurus"]
    assert (found["clique"]["ok"], found["watermark"]["ok"]) == (None, None)
    assert "YTsaurus" in found["watermark"]["detail"]


def test_an_unapplied_migration_is_found_with_the_command_that_applies_it(clinic: Clinic) -> None:
    with clinic.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '0003'")
    assert "db upgrade" in clinic.wrong()["PostgreSQL"]


def test_a_cadence_without_parks_is_found(clinic: Clinic) -> None:
    clinic.writes("cadences.yaml", [WEEKLY, {**WEEKLY, "name": "weekly_ekb"}])
    assert "weekly_ekb" in clinic.wrong()["park configs"]


def test_a_replica_that_lags_is_found_with_the_periods_that_wait_for_it(clinic: Clinic) -> None:
    clinic.cluster.client.write_table(clinic.cluster.source.table, [seen(dt.timedelta(days=20))])
    fault = clinic.wrong()["watermark"]
    assert "20 days" in fault or "480" in fault
    assert "weekly_msk" in fault


def test_a_replica_that_lags_while_no_period_waits_is_worth_a_look(clinic: Clinic) -> None:
    clinic.writes("cadences.yaml", [{**WEEKLY, "anchor": "2090-01-02"}])
    clinic.cluster.client.write_table(clinic.cluster.source.table, [seen(dt.timedelta(hours=5))])
    found = clinic.findings()["watermark"]
    assert (found["state"], found["ok"]) == ("look", True)
    assert "5.0 h ago" in found["detail"]


@pytest.mark.parametrize("shift", [dt.timedelta(minutes=5), dt.timedelta(minutes=-5)])
def test_a_machine_whose_clock_is_wrong_differs_from_all_three(
    clinic: Clinic, shift: dt.timedelta, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Wrong:
        def now(self) -> dt.datetime:
            return dt.datetime.now(dt.UTC) + shift

    monkeypatch.setattr(Wiring, "clock", Wrong())
    wrong = clinic.wrong()
    assert set(wrong) >= {"PostgreSQL", "YTsaurus", "billing-orders"}
    assert all("5 min " + ("behind" if shift > dt.timedelta(0) else "ahead of") in wrong[name]
               for name in ("PostgreSQL", "YTsaurus", "billing-orders"))  # fmt: skip


def test_a_host_that_tells_nobody_of_alerts_is_worth_a_look(clinic: Clinic, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SIGNALQ_BILLING_NOTIFIER_EMAIL")
    found = clinic.findings()["alerts"]
    assert found["state"] == "look"
    assert "SIGNALQ_BILLING_NOTIFIER_WEBHOOK" in found["detail"]


def test_the_kill_switch_is_found(clinic: Clinic) -> None:
    clinic.writes("guards.yaml", {"kill_switch": True})
    assert "kill_switch is on" in clinic.wrong()["guards"]


def test_a_clique_that_is_missing_is_found(clinic: Clinic) -> None:
    clinic.source(clique="*ch_gone")
    found = clinic.findings()
    assert found["clique"]["state"] == "wrong"
    assert "ch_gone" in found["clique"]["fault"]
    assert found["watermark"]["state"] == "not_looked_at"


def test_a_host_without_a_config_directory_hears_it_once(clinic: Clinic, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SIGNALQ_BILLING_CONFIG")
    wrong = clinic.wrong()
    assert list(wrong) == ["config directory"]
    assert "SIGNALQ_BILLING_CONFIG" in wrong["config directory"]
