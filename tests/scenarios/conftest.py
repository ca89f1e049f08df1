"""One local stack for all scenarios: started, seeded and paid once; the last of them ends it."""

from collections.abc import Iterator

import pytest

from signalq_billing.devstack import strays
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
