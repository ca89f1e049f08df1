"""What `make run` does, for real and from nothing: start the stack, seed it, let Airflow pay; then again; then down."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pytest
import requests

from signalq_billing.devstack import strays
from signalq_billing.devstack.home import Home
from signalq_billing.devstack.memory import Memory

pytestmark = [pytest.mark.airflow, pytest.mark.timeout(900)]

COMMAND = Path(sys.executable).with_name("signalq-billing")


class Operator:
    """A person at a shell that has nothing but HOME and PATH."""

    def __init__(self, directory: Path) -> None:
        self.home = Home(directory / "stack")
        (directory / "home").mkdir()
        self.environment = {
            "HOME": str(directory / "home"),
            "PATH": os.environ["PATH"],
            "SIGNALQ_BILLING_DEV_DATA": str(self.home.path),
        }

    def types(self, *words: str, more: dict[str, str] | None = None) -> subprocess.CompletedProcess[str]:
        environment = {**self.environment, **(more or {})}
        return subprocess.run([COMMAND, *words], env=environment, capture_output=True, text=True, timeout=800)

    def does(self, *words: str, more: dict[str, str] | None = None) -> str:
        done = self.types(*words, more=more)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout + done.stderr

    def exports(self) -> dict[str, str]:
        script = (
            f'eval "$({COMMAND} dev env)"; "{sys.executable}" -c "import os, json; print(json.dumps(dict(os.environ)))"'
        )
        printed = subprocess.run(["sh", "-c", script], env=self.environment, capture_output=True, text=True, timeout=60)
        found: dict[str, str] = json.loads(printed.stdout)
        return found

    def payouts(self) -> list[dict[str, object]]:
        found: list[dict[str, object]] = json.loads(self.does("status", "--json", more=self.exports()))["payouts"]
        return found

    def orders(self) -> list[dict[str, object]]:
        """What billing-orders has, asked directly."""
        memory = Memory(self.home.memory)
        token = {"Authorization": f"Bearer {memory.secret('billing-orders')}"}
        base = f"http://127.0.0.1:{memory.port('billing-orders')}/v1/orders"
        found: list[dict[str, object]] = []
        for cadence, period in {(str(each["cadence"]), str(each["period"])) for each in self.payouts()}:
            query: dict[str, str] = {"cadence": cadence, "period": period}
            while True:
                page = requests.get(base, params=query, headers=token, timeout=30).json()
                found += page["orders"]
                if not page["cursor"]:
                    break
                query["cursor"] = page["cursor"]
        return found


@pytest.fixture(scope="module")
def operator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Operator]:
    made = Operator(tmp_path_factory.mktemp("make run"))
    try:
        yield made
    finally:
        made.types("dev", "down")
        strays.end(made.home)


@pytest.fixture(scope="module")
def paid(operator: Operator) -> str:
    operator.does("dev", "up", "--detach")
    operator.does("dev", "seed")
    return operator.does("dev", "demo")


def test_the_last_period_of_every_cadence_is_paid(operator: Operator, paid: str) -> None:
    payouts = operator.payouts()
    assert {each["cadence"] for each in payouts} == {"daily_ekb", "weekly_msk", "monthly_msk"}
    assert len(payouts) == 39
    open_ones = [each for each in payouts if Decimal(str(each["total"])) and each["payment_progress"] != "created"]
    assert open_ones == []
    nothing = [each["park_id"] for each in payouts if not Decimal(str(each["total"]))]
    assert nothing == ["ekb-sortirovka"]


def test_billing_orders_has_each_order_once_and_to_the_kopeck(operator: Operator, paid: str) -> None:
    told = {
        (order["external_ref"], order["amount"], order["doc_id"])
        for payout in operator.payouts()
        for order in payout["orders"]  # type: ignore[attr-defined]
    }
    held = [(order["external_ref"], order["amount"], order["doc_id"]) for order in operator.orders()]
    assert len(held) == len(set(held))
    assert set(held) == told
    assert len(told) > 39


def test_the_demo_ends_with_parks_totals_the_address_and_its_login(operator: Operator, paid: str) -> None:
    memory = Memory(operator.home.memory)
    address = f"http://127.0.0.1:{memory.port('api-server')}"
    for expected in ("msk-arbat", "ekb-шарташ", "created", "nothing to pay", "total", "RUB", "KZT", address):
        assert expected in paid
    assert memory.secret("airflow") in paid
    login = {"username": "admin", "password": memory.secret("airflow")}
    assert requests.post(f"{address}/auth/token", json=login, timeout=30).status_code == 201


def test_a_second_time_is_harmless_and_pays_nobody_twice(operator: Operator, paid: str) -> None:
    before = sorted(json.dumps(order, sort_keys=True) for order in operator.orders())
    operator.does("dev", "up", "--detach")
    assert "42 unchanged" in operator.does("dev", "seed")
    operator.does("dev", "demo")
    assert sorted(json.dumps(order, sort_keys=True) for order in operator.orders()) == before


def test_the_shell_that_took_the_exports_works_with_the_same_stack(operator: Operator, paid: str) -> None:
    assert len(json.loads(operator.does("status", "--cadence", "daily_ekb", "--json", more=operator.exports()))) == 1
    before = Memory(operator.home.memory).get("fingerprint")
    operator.does("dev", "up", "--detach", more=operator.exports())
    assert Memory(operator.home.memory).get("fingerprint") == before


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
