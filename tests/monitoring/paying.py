"""A week to be paid, with all three services running, and commands as an operator starts them."""

import json
import os
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import yaml
from sqlalchemy import Engine, make_url

from signalq_billing.adapters.postgres.config_store import PostgresConfigStore
from signalq_billing.devstack.billing_orders.process import BillingOrdersProcess
from tests.integration.ytsaurus.conftest import TOKEN, Cluster
from tests.integration.ytsaurus.paid_week import EVENTS, WEEKLY, config

PERIOD = ("--cadence", WEEKLY.name, "--period", "2026-11-16")
PROGRAM = Path(sys.executable).with_name("signalq-billing")


@dataclass
class Done:
    """How a command ended, and how long it took."""

    code: int
    out: str
    err: str
    seconds: float


@dataclass
class Shell:
    """An operator's shell, connected to everything, with no metrics configured."""

    environment: dict[str, str]

    def does(self, *words: str, **more: str) -> Done:
        begun = time.monotonic()
        done = subprocess.run(
            [PROGRAM, *words], env=self.environment | more, capture_output=True, text=True, timeout=200, check=False
        )
        return Done(done.returncode, done.stdout, done.stderr, time.monotonic() - begun)


def shell(engine: Engine, cluster: Cluster, billing: BillingOrdersProcess, directory: Path) -> Shell:
    """A shell beside a week whose events are there and whose park has a config."""
    PostgresConfigStore(engine).apply([config()], "ada@ops")
    cluster.status_history(EVENTS)
    configs = directory / "config"
    configs.mkdir()
    cadence = {"name": WEEKLY.name, "every": "week", "anchor": "2026-01-05", "timezone": WEEKLY.timezone}
    source = {
        "table": cluster.source.table,
        "columns": {name: name for name in ("park_id", "device_id", "status", "status_at")},
        "result_directory": cluster.source.result_directory,
        "bad_row_share": 0.1,
    }
    (configs / "cadences.yaml").write_text(yaml.safe_dump([cadence]))
    (configs / "source.yaml").write_text(yaml.safe_dump(source))
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("AIRFLOW", "SIGNALQ", "OTEL"))}
    return Shell(kept | _connections(engine, cluster, billing) | _settings(directory, configs))


def _settings(directory: Path, configs: Path) -> dict[str, str]:
    (directory / "airflow").mkdir()
    return {"AIRFLOW_HOME": str(directory / "airflow"), "SIGNALQ_BILLING_CONFIG": str(configs)}


def _connections(engine: Engine, cluster: Cluster, billing: BillingOrdersProcess) -> dict[str, str]:
    url = make_url(engine.url)
    where = {"host": url.host, "port": url.port, "schema": url.database, "login": url.username}
    database = {"conn_type": "postgres", "password": url.password, **where}
    ytsaurus = {"conn_type": "ytsaurus_cluster", "extra": {"proxy": cluster.handle.proxy, "token": TOKEN}}
    orders = {"conn_type": "http", "host": billing.base_url, "password": billing.token}
    named = {"SIGNALQ_BILLING_DB": database, "YTSAURUS_DEFAULT": ytsaurus, "BILLING_ORDERS": orders}
    return {f"AIRFLOW_CONN_{name}": json.dumps(value) for name, value in named.items()}
