"""A task's process, forked and ended as Airflow's supervisor does it: nothing measured is lost, tags are kept."""

import subprocess
import sys

from tests.monitoring.paying import Shell
from tests.monitoring.receivers import Received, in_catalogue, otlp, statsd

# Airflow's supervisor forks with its own exporters inherited, runs the task runner, and leaves by os._exit.
SUPERVISED = """
import os, socket
from airflow.sdk.configuration import conf
from airflow.sdk.execution_time import supervisor
from airflow.sdk.observability import stats
from airflow.sdk.observability.metrics import stats_utils
from signalq_billing.orchestration import reconcile

def task():
    stats.initialize(factory=stats_utils.get_stats_factory(), export_legacy_names=False)  # as the task runner does
    reconcile._measure()

pairs = [socket.socketpair() for _ in range(4)]
if (pid := os.fork()) == 0:
    requests, out, err, logs = (child for child, _ in pairs)
    supervisor._fork_main(requests, out, err, logs.fileno(), task)
_, status = os.waitpid(pid, 0)
raise SystemExit(os.waitstatus_to_exitcode(status))
"""


def measured(shell: Shell, **environment: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", SUPERVISED],
        env=shell.environment | environment,
        capture_output=True,
        text=True,
        timeout=200,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]


def told(received: list[Received]) -> None:
    assert [each for each in received if not in_catalogue(each)] == []
    ups = {each.tags[0][1]: each.value for each in received if each.name == "dependencies.up"}
    assert ups == {"ytsaurus": 1, "postgresql": 1, "billing_orders": 1}
    assert [each.value for each in received if each.name == "standing.measured"] == [1]
    money = ("cadence", "weekly_msk"), ("currency", "RUB")
    assert [each.value for each in received if (each.name, each.tags) == ("payouts.open", money)] == [0]


def test_what_a_task_measures_arrives_by_statsd_and_by_opentelemetry(paying: Shell) -> None:
    with statsd() as receiver:
        measured(paying, **receiver.environment())
    told(receiver.ours)
    with otlp() as collector:
        measured(paying, **collector.environment())
    told(collector.ours)
