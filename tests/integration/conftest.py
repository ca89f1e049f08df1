"""What tests of paying and of registers share."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine

from signalq_billing.cli.bootstrap import Wiring
from signalq_billing.devstack.billing_orders import process
from signalq_billing.devstack.billing_orders.process import BillingOrdersProcess
from signalq_billing.settings import settings
from tests.integration.registers import Desk, billing_connection


@pytest.fixture
def billing(tmp_path: Path) -> Iterator[BillingOrdersProcess]:
    """billing-orders, with empty books."""
    running = process.start(tmp_path / "billing", "secret-token")
    yield running
    running.stop()


@pytest.fixture
def desk(
    engine: Engine, billing: BillingOrdersProcess, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Desk]:
    """A shell connected to this test's database and billing-orders; a lease lasts ten minutes there."""
    monkeypatch.setattr(Wiring, "engine", engine)
    monkeypatch.setenv("AIRFLOW_CONN_BILLING_ORDERS", billing_connection(billing))
    monkeypatch.setenv("SIGNALQ_BILLING_LEASE_SECONDS", "600")
    settings.cache_clear()
    yield Desk(tmp_path)
    settings.cache_clear()
