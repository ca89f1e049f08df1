"""The two databases of the local stack: Airflow's metadata and `signalq_billing`, each brought to its newest schema."""

import subprocess
import sys
from collections.abc import Mapping
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

import psycopg
from psycopg import sql

from signalq_billing.connections import from_environment, postgres_url
from signalq_billing.devstack import airflow_settings, postgres
from signalq_billing.devstack.environment import DATABASE, DATABASE_OWNER, SERVICE_ROLE, Environment
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
        service = from_environment("signalq_billing_db", environment.exports)
        assert service is not None
        assert service.password is not None, "the stack makes up a password for its service"
        with psycopg.connect(server.url(), autocommit=True) as connection:
            _ensure_role(connection, SERVICE_ROLE, service.password)
    if airflow:
        # Metadata of a local stack may lose its last second in a power cut; the money database may not.
        url = postgres.ensure_database(server, airflow_settings.DATABASE)
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute(f"ALTER DATABASE {airflow_settings.DATABASE} SET synchronous_commit = off")
            # A killed scheduler's workers live on and keep its connection open: what it had locked is free again after
            # this, else never, and the run it was at would stand still.
            connection.execute(
                f"ALTER DATABASE {airflow_settings.DATABASE} SET idle_in_transaction_session_timeout = '60s'"
            )


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
    """Bring `signalq_billing`, embedded or given, to the schema this code needs, as its owner where one is named; the
    embedded server's service role may then use it."""
    from signalq_billing.adapters.postgres import privileges, schema

    engine = own_engine(variables, "signalq_billing_db_owner" if DATABASE_OWNER in variables else "signalq_billing_db")
    try:
        schema.upgrade(engine)
        if login := _service_login(variables):
            privileges.grant(engine, login)
    finally:
        engine.dispose()


def _service_login(variables: Mapping[str, str]) -> str | None:
    """The role of the service where it is not the owner's; None where both connect as one."""
    logins = [from_environment(name, variables) for name in ("signalq_billing_db", "signalq_billing_db_owner")]
    service, owner = (found.login if found else None for found in logins)
    return service if owner is not None and service != owner else None


def _ensure_role(connection: "psycopg.Connection[Any]", name: str, password: str) -> None:
    """A login of that name with that password."""
    known = connection.execute("SELECT FROM pg_roles WHERE rolname = %s", (name,)).fetchone() is not None
    words = "ALTER ROLE {} LOGIN PASSWORD {}" if known else "CREATE ROLE {} LOGIN PASSWORD {}"
    connection.execute(sql.SQL(words).format(sql.Identifier(name), sql.Literal(password)))


def own_engine(variables: Mapping[str, str], conn_id: str = "signalq_billing_db") -> "Engine":
    """An engine for `signalq_billing` as the connection in `variables` says."""
    from signalq_billing.adapters.postgres.engine import make_engine

    found = from_environment(conn_id, variables)
    assert found is not None, "the stack's environment has every connection"
    return make_engine(postgres_url(found), application_name="signalq-billing dev")
