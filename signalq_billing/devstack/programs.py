"""The programs of the stack, and how the supervisor runs each."""

import sys
from dataclasses import dataclass

from signalq_billing.devstack import environment as env
from signalq_billing.devstack.environment import Environment
from signalq_billing.devstack.home import Home
from signalq_billing.devstack.local_ports import HOST
from signalq_billing.devstack.memory import Memory

POSTGRES, YTSAURUS, BILLING_ORDERS = "postgres", "ytsaurus", "billing-orders"
FEED = "sample-feed"
AIRFLOW = ("api-server", "scheduler", "dag-processor", "triggerer")


@dataclass(frozen=True, slots=True)
class Program:
    """A process that is started again whenever it ends, unless it ends within `start_seconds` again and again.

    The one with the higher `priority` ends first.
    """

    name: str
    command: tuple[str, ...]
    priority: int
    stop_signal: str = "TERM"
    stop_seconds: int = 8
    start_seconds: int = 1


def embedded(home: Home, memory: Memory, environment: Environment, airflow: bool = True) -> list[Program]:
    """What this stack runs itself: nothing that the environment names a real one for."""
    programs = []
    if airflow or not environment.is_given(env.DATABASE):
        postgres = _python("postgres", str(home.postgres), str(memory.port(POSTGRES)))
        programs.append(Program(POSTGRES, postgres, 10, stop_signal="INT", stop_seconds=15))
    if not environment.is_given(env.YTSAURUS):
        cluster = _stand_in("ytsaurus", YTSAURUS, str(home.ytsaurus), memory)
        programs.append(Program(YTSAURUS, cluster, 20, start_seconds=10))
        programs.append(Program(FEED, _python("sample.feed"), 30, start_seconds=10))
    if not environment.is_given(env.BILLING_ORDERS):
        orders = _stand_in("billing_orders", BILLING_ORDERS, str(home.billing_orders), memory)
        programs.append(Program(BILLING_ORDERS, orders, 20, start_seconds=10))
    if airflow:
        programs += [Program(name, _airflow(name), 30, start_seconds=30) for name in AIRFLOW]
    return programs


def _python(module: str, *arguments: str) -> tuple[str, ...]:
    return (sys.executable, "-m", f"signalq_billing.devstack.{module}", *arguments)


def _stand_in(module: str, name: str, data: str, memory: Memory) -> tuple[str, ...]:
    where = ("--host", HOST, "--port", str(memory.port(name)))
    return _python(module, *where, "--data", data, "--token", memory.secret(name))


def _airflow(name: str) -> tuple[str, ...]:
    # Logs are read from the shared directory, so nobody needs to serve them on a port of its own.
    alone = ("--skip-serve-logs",) if name in ("scheduler", "triggerer") else ()
    return (sys.executable, "-m", "airflow", name, *alone)
