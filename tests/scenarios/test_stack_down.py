"""`make down` at its worst: the last scenario, for it ends the stack that the others share."""

import os

import pytest
import requests

from signalq_billing.devstack import strays
from signalq_billing.devstack.home import Home
from signalq_billing.devstack.memory import Memory
from tests.scenarios.operator import Operator

pytestmark = [pytest.mark.airflow, pytest.mark.timeout(900)]


def test_down_leaves_no_process_even_after_its_supervisor_was_killed(operator: Operator, paid: str) -> None:
    assert len(strays.find(operator.home)) > 10
    os.kill(int((operator.home.supervisor / "supervisord.pid").read_text()), 9)
    operator.does("dev", "down")
    assert strays.find(operator.home) == []
    assert not [port for port in _ports(operator.home) if _answers(port)]


def _ports(home: Home) -> list[int]:
    memory = Memory(home.memory)
    return [memory.port(name) for name in ("api-server", "billing-orders", "ytsaurus", "postgres", "supervisor")]


def _answers(port: int) -> bool:
    try:
        requests.get(f"http://127.0.0.1:{port}/", timeout=5)
    except requests.ConnectionError as error:
        return "refused" not in str(error)
    return True
