"""What the stores' tests share: one database, emptied before each test, which is quicker than a new one."""

from collections.abc import Callable, Iterator

import pytest
from sqlalchemy import Engine

from signalq_billing.adapters.postgres.engine import make_engine
from signalq_billing.adapters.postgres.tables import metadata
from tests.integration.postgres.adjustments import Payer
from tests.integration.postgres.factories import World


@pytest.fixture(scope="session")
def shared_engine(new_database: Callable[[], str]) -> Iterator[Engine]:
    made = make_engine(new_database())
    yield made
    made.dispose()


@pytest.fixture
def engine(shared_engine: Engine) -> Engine:
    """An engine on a migrated, empty database."""
    with shared_engine.begin() as connection:
        # As a replica, the server runs no triggers: neither those that keep the history nor foreign keys.
        connection.exec_driver_sql("SET LOCAL session_replication_role = replica")
        for table in metadata.sorted_tables:
            connection.execute(table.delete())
    return shared_engine


@pytest.fixture
def world(engine: Engine) -> Iterator[World]:
    """The stores on an empty database; whatever a test did, the history must be whole afterwards."""
    made = World(engine)
    yield made
    assert made.history_problems() == []


@pytest.fixture
def payer(world: World) -> Payer:
    return Payer(world)


@pytest.fixture
def paid(payer: Payer) -> Payer:
    """A week that paid 10.00 and 20.50."""
    payer.run({"cam-1": "10.00", "cam-2": "20.50"})
    payer.pay()
    return payer
