"""The local stack without Airflow, for real: up, seeded, killed, recovered, pointed elsewhere, down."""

import datetime as dt
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from yt.wrapper.errors import YtCypressTransactionLockConflict

from signalq_billing.adapters.config_files import load
from signalq_billing.adapters.ytsaurus.client import yt_client
from signalq_billing.connections import from_environment, ytsaurus_settings
from signalq_billing.devstack import environment, strays
from signalq_billing.devstack.home import Home
from signalq_billing.devstack.sample import seed, table
from signalq_billing.devstack.stack import Stack, running_stack

pytestmark = pytest.mark.timeout(300)

COMMAND = Path(sys.executable).with_name("signalq-billing")
TABLE = "//home/signalq/status_history"


class Shell:
    def __init__(self, home: Home) -> None:
        self.home = home
        self.environment = {"HOME": str(home.path.parent), "PATH": os.environ["PATH"]}

    def dev(self, *words: str, **more: str) -> subprocess.CompletedProcess[str]:
        command = [str(COMMAND), "dev", *words, "--data", str(self.home.path)]
        return subprocess.run(
            command, env={**self.environment, **more}, capture_output=True, text=True, timeout=250, check=False
        )

    def up(self, **more: str) -> str:
        done = self.dev("up", "--detach", "--no-airflow", **more)
        assert done.returncode == 0, done.stderr
        return done.stderr

    @property
    def stack(self) -> Stack:
        return running_stack(self.home, {})

    @property
    def cluster(self) -> Any:  # noqa: ANN401 - the client has no types
        found = from_environment("ytsaurus_default", self.stack.environment.exports)
        assert found
        return yt_client(*ytsaurus_settings(found))


@pytest.fixture(scope="module")
def shell(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shell]:
    made = Shell(Home(tmp_path_factory.mktemp("stack with 50% blanks") / "data"))
    try:
        yield made
    finally:
        made.dev("down")
        strays.end(made.home)


@pytest.fixture
def up(shell: Shell) -> Shell:
    shell.up()
    return shell


@pytest.fixture(scope="module")
def seeded(shell: Shell) -> Shell:
    shell.up()
    done = shell.dev("seed")
    assert done.returncode == 0, done.stderr
    assert "42 added" in done.stderr
    return shell


def test_seeding_twice_changes_nothing(seeded: Shell) -> None:
    before = seeded.cluster.get(f"{TABLE}/@id"), seeded.cluster.get(f"{TABLE}/@row_count")
    done = seeded.dev("seed")
    assert "42 unchanged" in done.stderr
    assert "fresh enough" in done.stderr
    assert (seeded.cluster.get(f"{TABLE}/@id"), seeded.cluster.get(f"{TABLE}/@row_count")) == before


def test_the_history_has_a_schema_and_reaches_to_now(seeded: Shell) -> None:
    types = {column["name"]: column["type"] for column in seeded.cluster.get(f"{TABLE}/@schema")}
    assert types["status_at"] == "timestamp"
    assert set(types) == {"park_id", "device_id", "status", "status_at", "event_id"}
    assert seeded.cluster.get(f"{TABLE}/@row_count") > 300_000
    reached = table.reaches(seeded.cluster, load(seeded.home.config).source)
    assert reached
    assert dt.datetime.now(dt.UTC) - reached < dt.timedelta(minutes=10)


def test_the_stack_feeds_itself_when_a_period_has_ended(seeded: Shell) -> None:
    source = load(seeded.home.config).source
    two_days_ago = dt.datetime.now(dt.UTC).replace(microsecond=0) - dt.timedelta(days=2)
    version = str(seeded.cluster.get(f"{TABLE}/@{table.MARK}")).partition(" ")[0]
    seeded.cluster.set(f"{TABLE}/@{table.MARK}", f"{version} {two_days_ago.isoformat()}")
    seed.refresh(seeded.stack.environment.exports, dt.datetime.now(dt.UTC), lambda _: None)
    reached = table.reaches(seeded.cluster, source)
    assert reached
    assert reached > two_days_ago
    seed.refresh(seeded.stack.environment.exports, dt.datetime.now(dt.UTC), pytest.fail)


def test_a_history_that_is_not_the_samples_is_left_alone(seeded: Shell) -> None:
    kept = f"{TABLE}_aside"
    move_between_feeds(seeded.cluster, TABLE, kept)
    try:
        seeded.cluster.create("table", TABLE, attributes={"schema": [{"name": "park_id", "type": "string"}]})
        seeded.cluster.write_table(TABLE, [{"park_id": "somebody's"}])
        done = seeded.dev("seed")
        assert done.returncode == 0
        assert "left as it is" in done.stderr
        assert list(seeded.cluster.read_table(TABLE)) == [{"park_id": "somebody's"}]
    finally:
        seeded.cluster.remove(TABLE)
        move_between_feeds(seeded.cluster, kept, TABLE)


def move_between_feeds(cluster: Any, source: str, target: str) -> None:  # noqa: ANN401 - the client has no types
    """Move a table; while the stack feeds its history, which it may begin at any time, it holds a lock on it."""
    deadline = time.monotonic() + 60
    while True:
        try:
            cluster.move(source, target)
            return
        except YtCypressTransactionLockConflict:
            assert time.monotonic() < deadline
            time.sleep(0.2)


def test_up_is_harmless_while_it_runs(up: Shell) -> None:
    before = {process.pid for process in strays.find(up.home)}
    up.up()
    assert {process.pid for process in strays.find(up.home)} >= before - {os.getpid()}


def test_up_recovers_from_a_killed_supervisor(seeded: Shell) -> None:
    rows = seeded.cluster.get(f"{TABLE}/@row_count")
    pid = seeded.stack.supervisor.pid()
    assert pid
    os.kill(pid, signal.SIGKILL)
    assert "nobody supervised" in seeded.up()
    assert seeded.cluster.get(f"{TABLE}/@row_count") == rows


def test_a_named_billing_service_is_used_everywhere_until_it_is_named_no_more(up: Shell) -> None:
    named = json.dumps({"conn_type": "http", "host": "billing.example", "password": "x"})
    assert "settings changed" in up.up(AIRFLOW_CONN_BILLING_ORDERS=named)
    assert "billing-orders" not in up.stack.supervisor.states()
    assert up.stack.environment[environment.BILLING_ORDERS] == named
    assert "billing.example" in up.dev("env").stdout
    up.up()
    assert up.stack.supervisor.states()["billing-orders"] in ("STARTING", "RUNNING")
    assert "billing.example" not in up.dev("env").stdout


def test_a_service_that_cannot_start_is_named_with_its_log(tmp_path: Path) -> None:
    broken = Shell(Home(tmp_path / "data"))
    broken.home.path.mkdir()
    broken.home.billing_orders.write_text("not a directory")
    done = broken.dev("up", "--detach", "--no-airflow")
    assert done.returncode == 1
    assert "billing-orders failed" in done.stderr
    assert str(broken.home.log("billing-orders")) in done.stderr
    assert strays.find(broken.home) == []


def test_seeding_a_stack_that_is_down_says_so(tmp_path: Path) -> None:
    done = Shell(Home(tmp_path / "data")).dev("seed")
    assert done.returncode == 1
    assert "dev up" in done.stderr


def test_ctrl_c_ends_the_stack(tmp_path: Path) -> None:
    shell = Shell(Home(tmp_path / "data"))
    command = [str(COMMAND), "dev", "up", "--no-airflow", "--data", str(shell.home.path)]
    with subprocess.Popen(command, env=shell.environment, stderr=subprocess.PIPE, text=True) as running:
        assert running.stderr
        assert any("Ctrl-C" in line for line in running.stderr)
        assert strays.find(shell.home)
        running.send_signal(signal.SIGINT)
        assert running.wait(60) == 0
    assert strays.find(shell.home) == []


def test_down_leaves_no_process_and_up_brings_the_data_back(seeded: Shell) -> None:
    rows = seeded.cluster.get(f"{TABLE}/@row_count")
    assert seeded.dev("down").returncode == 0
    assert strays.find(seeded.home) == []
    seeded.up()
    assert seeded.cluster.get(f"{TABLE}/@row_count") == rows
