"""One local stack: its home, what it remembers, the environment its programs get; and ending it."""

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from signalq_billing.devstack import environment as env
from signalq_billing.devstack import strays
from signalq_billing.devstack.environment import Environment
from signalq_billing.devstack.home import Home
from signalq_billing.devstack.memory import Memory
from signalq_billing.devstack.supervisord import Supervisor

Say = Callable[[str], None]


@dataclass(slots=True)
class Stack:
    """A stack, running or not."""

    home: Home
    memory: Memory
    environment: Environment
    say: Say = field(default=print)

    @property
    def supervisor(self) -> Supervisor:
        return Supervisor(self.home, self.memory.port("supervisor"), self.memory.secret("supervisor"))

    def variables(self) -> dict[str, str]:
        """What its programs are started with."""
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


def down(home: Home, say: Say = print) -> None:
    """End every process of the stack, supervised or not."""
    with home.locked():
        end_all(open_stack(home, {}, say))


def end_all(stack: Stack) -> None:
    """`down` for whoever holds the lock of the home."""
    stack.supervisor.shut_down()
    if ended := strays.end(stack.home):
        stack.say(f"ended {ended} process{'es' if ended > 1 else ''} nobody supervised")
