"""A local stack without Airflow, seeded, and an operator at a shell beside it."""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from signalq_billing.devstack import strays
from signalq_billing.devstack.billing_orders.process import FaultControl, Remote
from signalq_billing.devstack.memory import Memory
from tests.scenarios.operator import Operator


class Desk(Operator):
    """An operator whose shell knows the stack; what is typed in it runs in the operator's directory."""

    config: Path

    def start(self) -> None:
        self.does("dev", "up", "--detach", "--no-airflow")
        self.does("dev", "seed")
        # A lease as in production: nothing here waits for one.
        self.environment = self.exports() | {"SIGNALQ_BILLING_LEASE_SECONDS": "60"}
        self.config = Path(self.environment["SIGNALQ_BILLING_CONFIG"])

    def follows(self, commands: list[list[str]]) -> str:
        """Types one command after the other; each has to succeed. The doctor finds nothing wrong but Airflow, which is
        not there."""
        return "".join(self.consults() if words == ["doctor"] else self.does(*words) for words in commands)

    def consults(self) -> str:
        done = self.types("doctor")
        assert [line.split()[0] for line in done.stdout.splitlines() if " WRONG " in line] == ["Airflow"]
        assert done.returncode == 1
        return done.stdout

    def switch(self, on: bool) -> None:
        guards = self.config / "guards.yaml"
        was, now = f"kill_switch: {str(not on).lower()}", f"kill_switch: {str(on).lower()}"
        text = guards.read_text()
        assert was in text
        guards.write_text(text.replace(was, now))

    def status(self, period: str) -> dict[str, dict[str, object]]:
        """The payouts of a weekly period, by park; of several revisions the last."""
        printed = self.does("status", "-c", "weekly_msk", "-p", period, "--json")
        return {str(each["park_id"]): each for each in json.loads(printed)["payouts"]}

    def books(self) -> list[tuple[str, str, str]]:
        """(key, document, amount) of everything that billing-orders has."""
        memory = Memory(self.home.memory)
        remote = Remote(f"http://127.0.0.1:{memory.port('billing-orders')}", memory.secret("billing-orders"))
        try:
            orders = remote.call("GET", "/_books")["orders"]
        finally:
            remote.close()
        return sorted((each["external_ref"], each["doc_id"], each["amount"]) for each in orders)


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    made = Desk(tmp_path_factory.mktemp("rehearsal"))
    try:
        made.start()
        yield made
    finally:
        made.types("dev", "down")
        strays.end(made.home)


@pytest.fixture
def faults(desk: Desk) -> Iterator[FaultControl]:
    memory = Memory(desk.home.memory)
    remote = Remote(f"http://127.0.0.1:{memory.port('billing-orders')}", memory.secret("billing-orders"))
    control = FaultControl(remote)
    yield control
    control.clear()
    remote.close()


@pytest.fixture
def as_it_was(desk: Desk, tmp_path: Path) -> Iterator[None]:
    """The config directory is put back afterwards."""
    shutil.copytree(desk.config, tmp_path / "config")
    yield
    shutil.copytree(tmp_path / "config", desk.config, dirs_exist_ok=True)
