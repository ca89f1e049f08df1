"""Starting and ending the local stack: what runs, in which order, and what is waited for."""

import hashlib
import json
import os
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

from signalq_billing.devstack import airflow_settings, databases, health, programs, strays
from signalq_billing.devstack import environment as env
from signalq_billing.devstack.environment import Environment
from signalq_billing.devstack.home import Home
from signalq_billing.devstack.local_ports import is_free
from signalq_billing.devstack.memory import Memory
from signalq_billing.devstack.sample import configs
from signalq_billing.devstack.steps import wait_for
from signalq_billing.devstack.supervisord import Supervisor, render

Say = Callable[[str], None]
_SERVICE_SECONDS = 60
_AIRFLOW_SECONDS = 180


@dataclass(slots=True)
class Stack:
    """One local stack: its home, what it remembers, and the environment it gives its programs."""

    home: Home
    memory: Memory
    environment: Environment
    say: Say = field(default=print)

    @property
    def supervisor(self) -> Supervisor:
        return Supervisor(self.home, self.memory.port("supervisor"), self.memory.secret("supervisor"))

    def variables(self) -> dict[str, str]:
        return env.for_programs(self.home, self.memory, self.environment, os.environ)


def open_stack(home: Home, given: Mapping[str, str], say: Say = print) -> Stack:
    """The stack of `home` with what the environment names; makes its directories and secrets if there are none."""
    home.prepare()
    memory = Memory(home.memory)
    return Stack(home, memory, env.compose(home, memory, given), say)


def running_stack(home: Home, given: Mapping[str, str], say: Say = print) -> Stack:
    """The stack as it was started: connections that were given then stay, whatever this shell has."""
    remembered = Memory(home.memory).get("given") or {}
    stack = open_stack(home, {**given, **remembered}, say)
    return stack if stack.supervisor.running() else open_stack(home, given, say)


def up(home: Home, given: Mapping[str, str], airflow: bool = True, say: Say = print) -> Stack:
    """Start what does not run yet and wait until all of it answers. Raises StackFailed."""
    with home.locked():
        stack = open_stack(home, given, say)
        _supervise(stack)
        if not stack.environment.is_given(env.CONFIG):
            configs.write_if_absent(home.config)
        _bring_up(stack, airflow)
        return stack


def down(home: Home, say: Say = print) -> None:
    """End every process of the stack, supervised or not."""
    with home.locked():
        _end_all(open_stack(home, {}, say))


def _end_all(stack: Stack) -> None:
    stack.supervisor.shut_down()
    if ended := strays.end(stack.home):
        stack.say(f"ended {ended} process{'es' if ended > 1 else ''} nobody supervised")


def _supervise(stack: Stack) -> None:
    """A supervisord with today's programs and environment: kept if it is that already, else made."""
    if stack.supervisor.running():
        if stack.memory.get("fingerprint") == _fingerprint(stack):
            return
        stack.say("settings changed: starting anew")
    _end_all(stack)
    _step_around_taken_ports(stack)
    rendered = _rendered(stack)
    stack.supervisor.launch(rendered, stack.variables())
    stack.memory.put("given", dict(stack.environment.given))
    stack.memory.put("fingerprint", _fingerprint(stack))


def _rendered(stack: Stack) -> str:
    every = programs.embedded(stack.home, stack.memory, stack.environment)
    return render(stack.home, every, stack.supervisor.port, stack.supervisor.password)


def _fingerprint(stack: Stack) -> str:
    """Changes when the running programs would have to be started differently."""
    ours = {name: value for name, value in stack.variables().items() if name.startswith(("AIRFLOW", "SIGNALQ"))}
    told = json.dumps([_rendered(stack), sorted(ours.items())])
    return hashlib.sha256(told.encode()).hexdigest()


def _step_around_taken_ports(stack: Stack) -> None:
    for name in ("api-server", "billing-orders", "ytsaurus", "postgres", "supervisor"):
        port = stack.memory.port(name)
        if not is_free(port):
            stack.memory.forget_port(name)
            stack.say(f"port {port} is taken: {name} moves to {stack.memory.port(name)}")
    stack.environment = env.compose(stack.home, stack.memory, stack.environment.given)


def _bring_up(stack: Stack, airflow: bool) -> None:
    """PostgreSQL and the stand-ins at once, then both schemas at once, then Airflow."""
    wanted = [each.name for each in programs.embedded(stack.home, stack.memory, stack.environment, airflow)]
    services = [name for name in wanted if name not in programs.AIRFLOW]
    stack.supervisor.start(services)
    with ThreadPoolExecutor() as pool:
        waiting = [pool.submit(_wait_for_service, stack, name) for name in services if name != programs.POSTGRES]
        if programs.POSTGRES in services:
            _wait_for_service(stack, programs.POSTGRES)
            databases.create(stack.home, stack.environment, airflow)
        waiting.append(pool.submit(_timed, stack, "schema of signalq_billing", _migrate_own(stack)))
        if airflow:
            _timed(stack, "airflow db migrate", _migrate_airflow(stack))
            stack.supervisor.start(programs.AIRFLOW)
            _timed(stack, "Airflow", lambda: _wait_for_airflow(stack))
        for each in waiting:
            each.result()


def _migrate_own(stack: Stack) -> Callable[[], None]:
    return lambda: databases.migrate_own(stack.environment.exports)


def _migrate_airflow(stack: Stack) -> Callable[[], None]:
    def migrate() -> None:
        airflow_settings.write_files(stack.home, stack.memory)
        databases.migrate_airflow(stack.home, stack.memory, stack.variables())

    return migrate


def _wait_for_service(stack: Stack, name: str) -> None:
    asked: dict[str, Callable[[], str | None]] = {
        programs.POSTGRES: lambda: health.of_postgres(stack.home.postgres),
        programs.YTSAURUS: lambda: health.of_ytsaurus(stack.memory),
        programs.BILLING_ORDERS: lambda: health.of_billing_orders(stack.memory),
    }
    log = stack.home.log(name)
    _timed(stack, name, lambda: wait_for(name, asked[name], _SERVICE_SECONDS, log, lambda: _fatal(stack, [name])))


def _wait_for_airflow(stack: Stack) -> None:
    log = stack.home.log("api-server")
    wait_for(
        "Airflow",
        lambda: health.of_airflow(stack.memory),
        _AIRFLOW_SECONDS,
        log,
        lambda: _fatal(stack, programs.AIRFLOW),
    )


def _fatal(stack: Stack, names: object) -> bool:
    states = stack.supervisor.states()
    return any(states.get(name) == "FATAL" for name in list(names))  # type: ignore[call-overload]


def _timed(stack: Stack, what: str, work: Callable[[], None]) -> None:
    began = time.monotonic()
    work()
    stack.say(f"  {what} is ready ({time.monotonic() - began:.1f} s)")
