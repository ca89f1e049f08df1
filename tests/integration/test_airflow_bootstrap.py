"""Airflow's connections become adapters that reach what the connections name, with all they say."""

import os
import subprocess
import sys
from pathlib import Path

from sqlalchemy import make_url

PROBE = """
from signalq_billing.orchestration import bootstrap
bootstrap.payout_store().ping()
with bootstrap._engine().connect() as connection:
    print(connection.exec_driver_sql("show application_name").scalar())
bootstrap.billing_orders()
"""


def test_what_a_connection_says_beyond_host_and_login_is_obeyed(database_url: str, tmp_path: Path) -> None:
    url = make_url(database_url)
    uri = f"postgres://{url.username}:{url.password}@{url.host}:{url.port}/{url.database}?application_name=from-extra"
    env = {name: value for name, value in os.environ.items() if not name.startswith(("AIRFLOW", "SIGNALQ"))}
    env |= {
        "AIRFLOW_HOME": str(tmp_path),
        "AIRFLOW_CONN_SIGNALQ_BILLING_DB": uri,
        "AIRFLOW_CONN_BILLING_ORDERS": '{"conn_type": "http", "host": "127.0.0.1", "port": 1, "password": "t"}',
    }
    done = subprocess.run(
        [sys.executable, "-c", PROBE], env=env, capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stderr[-2000:]
    assert "from-extra" in done.stdout
