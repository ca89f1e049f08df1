"""One local stack for all scenarios: started, seeded and paid once; the last of them ends it."""

from collections.abc import Iterator

import pytest

from signalq_billing.devstack import strays
from signalq_billing.devstack.billing_orders.process import FaultControl, Remote
from signalq_billing.devstack.memory import Memory
from tests.scenarios.airflow_ui import Ui
from tests.scenarios.operator import Operator


@pytest.fixture(scope="session")
def operator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Operator]:
    made = Operator(tmp_path_factory.mktemp("make run"))
    try:
        yield made
    finally:
        made.types("dev", "down")
        strays.end(made.home)


@pytest.fixture(scope="session")
def paid(operator: Operator) -> str:
    operator.does("dev", "up", "--detach")
    operator.does("dev", "seed")
    return operator.does("dev", "demo")


@pytest.fixture(scope="session")
def ui(operator: Operator, paid: str) -> Ui:
    return Ui(operator.home)


@pytest.fixture
def faults(operator: Operator, paid: str) -> Iterator[FaultControl]:
    memory = Memory(operator.home.memory)
    remote = Remote(f"http://127.0.0.1:{memory.port('billing-orders')}", memory.secret("billing-orders"))
    control = FaultControl(remote)
    yield control
    control.clear()
    remote.close()
