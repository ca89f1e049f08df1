"""Against which billing-orders the contract is tested: our stand-in, and the real service where one is named."""

import os
from collections.abc import Iterator

import pytest

from signalq_billing.adapters.billing_orders import BillingOrdersApi, connect
from signalq_billing.devstack.billing_orders import process
from tests.contract.billing_orders.orders import Wire

REAL = "BILLING_ORDERS_URL"


@pytest.fixture(scope="session")
def stand_in(tmp_path_factory: pytest.TempPathFactory) -> Iterator[process.BillingOrdersProcess]:
    """The stand-in as a process of its own, with pages of two so that listings have several."""
    running = process.start(tmp_path_factory.mktemp("billing-orders"), "stand-in-token", page_size=2)
    yield running
    running.stop()


@pytest.fixture(params=["stand-in", *(["real"] if REAL in os.environ else [])])
def wire(request: pytest.FixtureRequest) -> Wire:
    """The service under test, with its token."""
    if request.param == "stand-in":
        running: process.BillingOrdersProcess = request.getfixturevalue("stand_in")
        return Wire(running.base_url, running.token)
    return Wire(os.environ[REAL].rstrip("/"), os.environ["BILLING_ORDERS_TOKEN"])


@pytest.fixture
def service(wire: Wire) -> BillingOrdersApi:
    """Our adapter, connected to the service under test."""
    return connect(wire.base_url, wire.token, timeout_seconds=30)
