"""A database, billing-orders and a server of processes, for tests of crashes and faults."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine

from signalq_billing.devstack.billing_orders import process
from signalq_billing.devstack.billing_orders.process import BillingOrdersProcess
from tests.faults.drill import Drill
from tests.faults.prefork import Prefork


@pytest.fixture(scope="session")
def prefork(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Prefork]:
    server = Prefork(tmp_path_factory.mktemp("prefork"))
    yield server
    server.stop()


@pytest.fixture
def billing(tmp_path: Path) -> Iterator[BillingOrdersProcess]:
    """billing-orders, with empty books."""
    running = process.start(tmp_path / "billing", "secret-token")
    yield running
    running.stop()


@pytest.fixture
def drill(engine: Engine, database_url: str, billing: BillingOrdersProcess, prefork: Prefork) -> Drill:
    return Drill(engine, database_url, billing, prefork)
