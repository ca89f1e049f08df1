"""`watch` as cron and monitors run it: with everything there, with everything down, and beside another one."""

import json
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine

from signalq_billing.devstack.billing_orders.process import BillingOrdersProcess
from tests.integration.payments import computed
from tests.integration.registers import billing_connection
from tests.webhook_receiver import Receiver, receiving

COMMAND = Path(sys.executable).with_name("signalq-billing")
NOWHERE = {"host": "127.0.0.1", "port": 1}
CADENCES = "- {name: weekly_msk, every: week, anchor: 2024-01-01, timezone: Europe/Moscow}\n"
SOURCE = "table: //home/signalq/status_history\nresult_directory: //home/r\n"


class Cron:
    """A shell with connections to nothing at all, until a test names something."""

    def __init__(self, directory: Path) -> None:
        (directory / "cadences.yaml").write_text(CADENCES)
        (directory / "source.yaml").write_text(SOURCE)
        self.environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(directory),
            "TMPDIR": str(directory),
            "SIGNALQ_BILLING_CONFIG": str(directory),
            "SIGNALQ_BILLING_WATCH_TIMEOUT_SECONDS": "20",
            "SIGNALQ_BILLING_AIRFLOW_URL": "http://127.0.0.1:1",
            "AIRFLOW_CONN_SIGNALQ_BILLING_DB": json.dumps({"conn_type": "postgres", "schema": "x", **NOWHERE}),
            "AIRFLOW_CONN_BILLING_ORDERS": json.dumps({"conn_type": "http", "password": "t0ken", **NOWHERE}),
            "AIRFLOW_CONN_YTSAURUS_DEFAULT": json.dumps({"extra": {"proxy": "127.0.0.1:1", "token": "t0ken"}}),
        }

    def watch(self, *words: str) -> subprocess.CompletedProcess[str]:
        done = subprocess.run(
            [COMMAND, "watch", *words], env=self.environment, capture_output=True, text=True, timeout=250
        )
        assert "Traceback" not in done.stdout + done.stderr
        assert "t0ken" not in done.stdout + done.stderr
        return done

    def alerts(self) -> dict[str, dict[str, Any]]:
        done = self.watch("--json")
        return {str(alert["key"]): alert for alert in json.loads(done.stdout)["alerts"]}


@pytest.fixture
def cron(tmp_path: Path) -> Cron:
    return Cron(tmp_path)


def told_by(receiver: Receiver) -> list[str]:
    return sorted(str(each.body["key"]) for each in receiver.received)


def test_with_everything_down_each_is_an_alert_and_the_look_is_quick(cron: Cron) -> None:
    found = cron.alerts()
    down = {f"dependency_down:{name}" for name in ("Airflow", "PostgreSQL", "YTsaurus", "billing-orders")}
    assert set(found) == down
    shown = cron.watch()
    assert shown.returncode == 1
    assert "dependency down: billing-orders does not work; nobody is paid meanwhile" in shown.stdout
    assert "4 situations to look at" in shown.stdout


def test_without_postgresql_a_machine_tells_once_and_once_that_it_is_over(cron: Cron, engine: Engine) -> None:
    cron.environment |= {"SIGNALQ_BILLING_NOTIFIER_WEBHOOK": "hook"}
    with receiving() as receiver:
        cron.environment["AIRFLOW_CONN_HOOK"] = json.dumps(receiver.connection())
        for _ in range(2):
            assert cron.watch("--notify").returncode == 1
        assert len(receiver.received) == 4
        url = engine.url
        there = {"host": url.host, "port": url.port, "schema": url.database, "login": url.username}
        cron.environment["AIRFLOW_CONN_SIGNALQ_BILLING_DB"] = json.dumps(
            {"conn_type": "postgres", "password": url.password, **there}
        )
        cron.watch("--notify")
        assert told_by(receiver).count("dependency_down:PostgreSQL") == 1  # it may come back within minutes


def test_two_at_once_tell_once_and_that_it_is_over_once(
    cron: Cron, engine: Engine, billing: BillingOrdersProcess
) -> None:
    payouts = computed(engine, ["park-1", "park-2"])
    with engine.begin() as connection:
        connection.exec_driver_sql(
            "UPDATE payout SET hold_reason = 'above park_max', held_at = now() - interval '3 days',"
            " hold_expires_at = now() - interval '2 days'"
        )
    url = engine.url
    shape = {"host": url.host, "port": url.port, "schema": url.database, "login": url.username}
    cron.environment |= {
        "AIRFLOW_CONN_SIGNALQ_BILLING_DB": json.dumps({"conn_type": "postgres", "password": url.password, **shape}),
        "AIRFLOW_CONN_BILLING_ORDERS": billing_connection(billing),
        "SIGNALQ_BILLING_NOTIFIER_WEBHOOK": "hook",
    }
    with receiving() as receiver, ThreadPoolExecutor(2) as pool:
        cron.environment["AIRFLOW_CONN_HOOK"] = json.dumps(receiver.connection())
        list(pool.map(lambda _: cron.watch("--notify"), range(2)))
        assert told_by(receiver).count("hold_expired") == 1
        (told,) = [each.body for each in receiver.received if each.body["key"] == "hold_expired"]
        assert told["money"] == {payouts[0].currency: "160.00"}
        with engine.begin() as connection:
            connection.exec_driver_sql("UPDATE payout SET hold_reason = NULL, held_at = NULL, hold_expires_at = NULL")
        list(pool.map(lambda _: cron.watch("--notify"), range(2)))
        said = [each.body["occasion"] for each in receiver.received if each.body["key"] == "hold_expired"]
        assert said == ["new", "over"]


def test_nobody_is_told_where_nobody_is_named(cron: Cron) -> None:
    done = cron.watch("--notify")
    assert done.returncode == 2
    assert "SIGNALQ_BILLING_NOTIFIER_WEBHOOK" in done.stderr


def test_a_config_that_cannot_be_read_is_an_alert(cron: Cron, tmp_path: Path) -> None:
    (tmp_path / "cadences.yaml").write_text("- {name: weekly_msk, evry: week}")
    why = cron.alerts()["dependency_down:configuration"]["why"][0]
    assert "cadences.yaml" in why
