"""One real PostgreSQL per test session, and for every test that asks a database of its own, migrated and empty."""

from collections.abc import Callable, Iterator
from itertools import count

import psycopg
import pytest
from psycopg import sql
from sqlalchemy import Engine

from signalq_billing.adapters.postgres import schema
from signalq_billing.adapters.postgres.engine import make_engine
from signalq_billing.devstack import postgres

_FAST = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "autovacuum": "off",
    "shared_buffers": "64MB",
}
_TEMPLATE = "migrated_template"


@pytest.fixture(scope="session")
def postgres_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[postgres.PostgresServer]:
    """A running server; it ends with the session, also when that is killed."""
    server = postgres.start(tmp_path_factory.mktemp("postgres"), end_with_parent=True, options=_FAST)
    yield server
    server.stop()


@pytest.fixture(scope="session")
def new_database(postgres_server: postgres.PostgresServer) -> Callable[[], str]:
    """Makes a fresh migrated database each time it is called; returns its URL."""
    engine = make_engine(postgres.ensure_database(postgres_server, _TEMPLATE))
    schema.upgrade(engine)
    engine.dispose()
    numbers = count(1)

    def make() -> str:
        name = f"test_{next(numbers)}"
        _execute(postgres_server, "CREATE DATABASE {} TEMPLATE {} STRATEGY FILE_COPY", name, _TEMPLATE)
        return postgres_server.url(name)

    return make


@pytest.fixture
def database_url(new_database: Callable[[], str], postgres_server: postgres.PostgresServer) -> Iterator[str]:
    """URL of a migrated, empty database for this test alone."""
    url = new_database()
    yield url
    _execute(postgres_server, "DROP DATABASE {} WITH (FORCE)", url.rsplit("/", 1)[1])


@pytest.fixture
def engine(database_url: str) -> Iterator[Engine]:
    """An engine on `database_url`."""
    made = make_engine(database_url)
    yield made
    made.dispose()


def _execute(server: postgres.PostgresServer, statement: str, *names: str) -> None:
    with psycopg.connect(server.url(), autocommit=True) as connection:
        connection.execute(sql.SQL(statement).format(*map(sql.Identifier, names)))
