"""The two databases of the local stack: Airflow's metadata and `signalq_billing`, each brought to its newest schema."""

import subprocess
import sys
from collections.abc import Mapping
from importlib.metadata import version
from typing import TYPE_CHECKING

import psycopg

from signalq_billing.devstack import airflow_settings, postgres
from signalq_billing.devstack.environment import DATABASE, Environment
from signalq_billing.devstack.home import PROJECT, Home
from signalq_billing.devstack.memory import Memory
from signalq_billing.devstack.steps import StackFailed, tail

if TYPE_CHECKING:
    from sqlalchemy import Engine

_MIGRATE_SECONDS = 300


def create(home: Home, environment: Environment, airflow: bool) -> None:
    """Create what is missing on the embedded server."""
    server = postgres.find(home.postgres)
    if server is None:
        raise StackFailed("PostgreSQL", "it ended again", home.log("postgres"))
    if not environment.is_given(DATABASE):
        postgres.ensure_database(server, "signalq_billing")
    if airflow:
        # Metadata of a local stack may lose its last second in a power cut; the money database may not.
        url = postgres.ensure_database(server, airflow_settings.DATABASE)
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute(f"ALTER DATABASE {airflow_settings.DATABASE} SET synchronous_commit = off")


def migrate_airflow(home: Home, memory: Memory, variables: Mapping[str, str]) -> None:
    """Bring the metadata database to the installed Airflow, which takes seconds: skipped when that was done before."""
    wanted = version("apache-airflow-core")
    if memory.get("airflow_migrated") == wanted and _has_tables(home):
        return
    log = home.log("airflow-db-migrate")
    with log.open("wb") as output:
        done = subprocess.run(
            [sys.executable, "-m", "airflow", "db", "migrate"],
            check=False,
            env=dict(variables),
            cwd=PROJECT,
            stdout=output,
            stderr=output,
            timeout=_MIGRATE_SECONDS,
        )
    if done.returncode:
        raise StackFailed("airflow db migrate", f"exit code {done.returncode}\n{tail(log)}", log)
    memory.put("airflow_migrated", wanted)


def _has_tables(home: Home) -> bool:
    with psycopg.connect(airflow_settings.url(home).replace("+psycopg2", "")) as connection:
        row = connection.execute("SELECT to_regclass('alembic_version') IS NOT NULL").fetchone()
        return bool(row and row[0])


def migrate_own(variables: Mapping[str, str]) -> None:
    """Bring `signalq_billing`, embedded or given, to the schema this code needs."""
    from signalq_billing.adapters.postgres import schema

    engine = own_engine(variables)
    try:
        schema.upgrade(engine)
    finally:
        engine.dispose()


def own_engine(variables: Mapping[str, str]) -> "Engine":
    """An engine for `signalq_billing` as the connection in `variables` says."""
    from signalq_billing.adapters.postgres.engine import make_engine
    from signalq_billing.connections import from_environment, postgres_url

    found = from_environment("signalq_billing_db", variables)
    assert found is not None, "the stack's environment has every connection"
    return make_engine(postgres_url(found), application_name="signalq-billing dev")
