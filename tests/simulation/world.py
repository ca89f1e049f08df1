"""Simulated time and who acts next: the real, synchronous services as greenlets that switch wherever they wait.

One thing happens at a time, in an order that the seed alone decides. Time is whole microseconds and jumps from one
event to the next.
"""

from __future__ import annotations

import datetime as dt
import heapq
import random
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial

from greenlet import getcurrent, greenlet

from signalq_billing.errors import SignalqBillingError
from tests.simulation.trace import Trace
from tests.simulation.weather import Weather

EPOCH = dt.datetime(2026, 11, 23, 6, tzinfo=dt.UTC)
SECOND = 1_000_000
MILLISECOND = 1_000


class Crashed(BaseException):
    """The process ends here and now; nothing of it runs any more."""


class Violation(AssertionError):
    """An invariant does not hold; the first one ends the schedule."""


@dataclass(eq=False, slots=True)
class Process:
    """What dies together: a worker with its threads. `clock_offset` is how wrong its clock is."""

    name: str
    alive: bool = True
    tasks: list[greenlet] = field(default_factory=list)
    clock_offset: int = 0


class World:
    """The scheduler. `rng` decides everything, so that a seed is a schedule."""

    def __init__(self, seed: int) -> None:
        self.rng = random.Random(seed)
        self.weather = Weather.drawn(self.rng)
        self.now = 0
        self.trace = Trace()
        self.counts: Counter[str] = Counter()
        self.violation: Violation | None = None
        self._events: list[tuple[int, int, Callable[[], object]]] = []
        self._number = 0
        self._hub = getcurrent()
        self._owners: dict[greenlet, Process] = {}

    def at(self, when: int, act: Callable[[], object]) -> None:
        """Have something happen then, after what was told earlier for the same moment."""
        self._number += 1
        heapq.heappush(self._events, (when, self._number, act))

    def run(self) -> None:
        """Let everything happen until nothing is left to happen. Raises the first Violation."""
        while self._events:
            when, _, act = heapq.heappop(self._events)
            self.now = max(self.now, when)
            act()
            if self.violation:
                raise self.violation

    def violated(self, what: str) -> None:
        """Note that an invariant is broken, and stop."""
        self.violation = self.violation or Violation(what)
        raise self.violation

    def start(self, process: Process, act: Callable[[], object], at: int | None = None) -> greenlet:
        """A thread of `process` that begins to act then."""
        task = greenlet(lambda: self._to_its_end(process, act), self._hub)
        process.tasks.append(task)
        self._owners[task] = process
        self.at(self.now if at is None else at, lambda: self._resume(process, task))
        return task

    def acting(self) -> Process:
        """The process whose thread runs at this moment."""
        return self._owners[getcurrent()]

    def _to_its_end(self, process: Process, act: Callable[[], object]) -> None:
        try:
            act()
        except Crashed:
            return
        except SignalqBillingError as error:
            self.trace.add(self.now, process.name, f"ends with {type(error).__name__}: {str(error).splitlines()[0]}")

    def _resume(self, process: Process, task: greenlet) -> None:
        if process.alive and not task.dead:
            task.switch()

    def wait(self, process: Process, microseconds: int) -> None:
        """Let time pass for one thread while others act. Raises Crashed if its process died meanwhile."""
        task = getcurrent()
        self.at(self.now + microseconds, lambda: self._resume(process, task))
        self.park(process)

    def park(self, process: Process) -> None:
        """Stand still until somebody wakes this thread."""
        self._hub.switch()
        if not process.alive:
            raise Crashed

    def wake(self, process: Process, task: greenlet) -> None:
        """Let a parked thread go on, now."""
        self.at(self.now, lambda: self._resume(process, task))

    def kill(self, process: Process) -> None:
        """End a process; called by one of its own threads. Raises Crashed."""
        self.counts["crash"] += 1
        self.trace.add(self.now, process.name, "*** dies ***")
        process.alive = False
        own = getcurrent()
        for task in process.tasks:
            if task is not own:
                self.at(self.now, partial(_end, task))
        raise Crashed

    def pass_time(self, process: Process, risk: int = 1, *, pauses: int = 1, sending: bool = False) -> None:
        """What lies between any two steps: a moment, now and then a pause longer than a lease, or the end. `risk` makes
        what is rare that much likelier, `pauses` a pause; `sending`: nothing is looked at any more before
        billing-orders is called."""
        weather, rng = self.weather, self.rng
        if not process.alive:
            raise Crashed
        if rng.random() < weather.crash * risk:
            self.kill(process)
        delay = rng.randrange(1, weather.step)
        if rng.random() < weather.pause * risk * pauses:
            self.counts["pause"] += 1
            delay = rng.randrange(weather.longest_pause_sending if sending else weather.longest_pause)
            self.trace.add(self.now, process.name, f"... is paused for {delay / SECOND:.1f} s ...")
        self.wait(process, delay)
        if not process.alive:
            raise Crashed


def _end(task: greenlet) -> None:
    """Have a thread that has begun fall where it stands."""
    if task:
        task.throw(Crashed)
