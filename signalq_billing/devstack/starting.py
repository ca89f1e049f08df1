"""Starting the local stack: what runs, in which order, and what is waited for."""

import hashlib
import json
import time
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path

from signalq_billing.devstack import airflow_settings, databases, health, programs, strays
from signalq_billing.devstack import environment as env
from signalq_billing.devstack.home import Home
from signalq_billing.devstack.local_ports import FAMILIAR, is_free
from signalq_billing.devstack.sample import configs
from signalq_billing.devstack.stack import Say, Stack, end_all, open_stack
from signalq_billing.devstack.steps import StackFailed, wait_for
from signalq_billing.devstack.supervisord import render

_SERVICE_SECONDS = 120
_AIRFLOW_SECONDS = 300
_PORT_FIGHTS = 3


class PortTaken(StackFailed):
    """Somebody else was quicker to listen on a port that was free when it was chosen."""


def up(home: Home, given: Mapping[str, str], airflow: bool = True, say: Say = print) -> Stack:
    """Start what does not run yet and wait until all of it answers. Raises StackFailed."""
    with home.locked():
        stack = open_stack(home, given, say)
        for fight in range(1, _PORT_FIGHTS + 1):
            _supervise(stack)
            if not stack.environment.is_given(env.CONFIG):
                configs.write_if_absent(home.config)
            try:
                _bring_up(stack, airflow)
                break
            except PortTaken:
                if fight == _PORT_FIGHTS:
                    raise
        return stack


def _supervise(stack: Stack) -> None:
    """A supervisord with today's programs and environment on ports of their own: kept if it is that, else made."""
    if stack.supervisor.running() and not _stolen(stack):
        if stack.memory.get("fingerprint") == _fingerprint(stack):
            return
        stack.say("settings changed: starting anew")
    end_all(stack)
    _step_around_taken_ports(stack)
    stack.supervisor.launch(_rendered(stack), stack.variables())
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
    for name in FAMILIAR:
        port = stack.memory.port(name)
        if not is_free(port):
            stack.memory.forget_port(name)
            stack.say(f"port {port} is taken: {name} moves to {stack.memory.port(name)}")
    stack.environment = env.compose(stack.home, stack.memory, stack.environment.given)


def _stolen(stack: Stack) -> bool:
    """Whether somebody else listens on a port of what we run: Airflow begins to listen seconds after its port was
    chosen."""
    started = {name for name, state in stack.supervisor.states().items() if state != "STOPPED"}
    return bool(strays.foreign_listeners(stack.home, {stack.memory.port(name) for name in FAMILIAR if name in started}))


def _bring_up(stack: Stack, airflow: bool) -> None:
    """All at once, each as soon as what it needs is there. The first that fails ends all of it."""
    wanted = [each.name for each in programs.embedded(stack.home, stack.memory, stack.environment, airflow)]
    services = [name for name in wanted if name not in programs.AIRFLOW]
    with ThreadPoolExecutor() as pool:
        try:
            stack.supervisor.start(services)
            others = [name for name in services if name not in (programs.POSTGRES, programs.FEED)]
            waiting = [pool.submit(_wait_for_service, stack, name) for name in others]
            if programs.POSTGRES in services:
                _wait_for_service(stack, programs.POSTGRES)
                databases.create(stack.home, stack.environment, airflow)
            waiting.append(pool.submit(_migrate_own, stack))
            if airflow:
                waiting.append(pool.submit(_start_airflow, stack))
            for each in as_completed(waiting):
                each.result()
        except BaseException:
            stack.supervisor.shut_down()
            raise


def _migrate_own(stack: Stack) -> None:
    _timed(stack, "schema of signalq_billing", lambda: databases.migrate_own(stack.environment.exports))


def _start_airflow(stack: Stack) -> None:
    airflow_settings.write_files(stack.home, stack.memory)
    variables = stack.variables()
    _timed(stack, "airflow db migrate", lambda: databases.migrate_airflow(stack.home, stack.memory, variables))
    stack.supervisor.start(programs.AIRFLOW)
    _wait(stack, "Airflow", programs.AIRFLOW, lambda: health.of_airflow(stack.memory), _AIRFLOW_SECONDS)


def _wait_for_service(stack: Stack, name: str) -> None:
    asked: dict[str, Callable[[], str | None]] = {
        programs.POSTGRES: lambda: health.of_postgres(stack.home.postgres),
        programs.YTSAURUS: lambda: health.of_ytsaurus(stack.memory),
        programs.BILLING_ORDERS: lambda: health.of_billing_orders(stack.memory),
    }
    _wait(stack, name, [name], asked[name], _SERVICE_SECONDS)


def _wait(stack: Stack, what: str, names: Iterable[str], ready: Callable[[], str | None], seconds: float) -> None:
    """Wait for `what`, made of the programs `names`; the log shown is that of the one in the worst state."""

    def doomed() -> bool:
        if _stolen(stack):
            raise PortTaken(what, "somebody else listens on its port", _worst_log(stack, names))
        states = stack.supervisor.states()
        return not states or any(states.get(name) == "FATAL" for name in names)

    _timed(stack, what, lambda: wait_for(what, ready, seconds, lambda: _worst_log(stack, names), doomed))


def _worst_log(stack: Stack, names: Iterable[str]) -> Path:
    states = stack.supervisor.states()
    order = ["FATAL", "BACKOFF", "EXITED", "STOPPED", "STARTING"]
    return stack.home.log(min(names, key=lambda name: [*order, states.get(name)].index(states.get(name))))


def _timed(stack: Stack, what: str, work: Callable[[], None]) -> None:
    began = time.monotonic()
    work()
    stack.say(f"  {what} is ready ({time.monotonic() - began:.1f} s)")
