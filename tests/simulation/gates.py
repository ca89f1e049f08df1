"""Where the services meet the outside: every call of a port passes here, can be interleaved with all others, can be the
last one of its process, and is seen by the invariants. Which methods a port has is not listed: all of them pass."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from functools import partial
from typing import Any

from signalq_billing.errors import StorageUnavailable
from tests.simulation.weather import STORE
from tests.simulation.world import EPOCH, SECOND, Process, World

# While a claim is held a pause or a crash matters most.
_RISKS = {"create": 3, "find": 3, "record": 3}
# Between a look at what is to be marked and the marking, an order moves in one schedule of hundreds only.
_PAUSES = {"mark_created": 10}
Seen = Callable[[str, tuple[Any, ...], object], None]


class Gate:
    """A port as one process sees it."""

    def __init__(
        self,
        target: object,
        world: World,
        process: Process,
        *,
        asked: Seen | None = None,
        before: Seen | None = None,
        after: Seen | None = None,
    ) -> None:
        """`asked` hears of a call as it is made, `before` when it takes effect, which may be much later."""
        self._target, self._world, self._process = target, world, process
        self._asked = asked
        self._before, self._after = before, after

    def __getattr__(self, name: str) -> Callable[..., Any]:
        method = getattr(self._target, name)

        def call(*arguments: object, **named: object) -> object:
            return self._call(name, partial(method, *arguments, **named), (*arguments, *named.values()))

        return call

    def _call(self, name: str, act: Callable[[], object], arguments: tuple[Any, ...]) -> object:
        world, process = self._world, self._process
        risk = _RISKS.get(name, 1)
        if self._asked:
            self._asked(name, arguments, None)
        world.pass_time(process, risk, pauses=_PAUSES.get(name, 1), sending=name == "create")
        if self._before:
            self._before(name, arguments, None)
        result = self._effect(name, act, arguments)
        if self._after:
            self._after(name, arguments, result)
        world.pass_time(process, risk)
        return result

    def _effect(self, name: str, act: Callable[[], object], arguments: tuple[Any, ...]) -> object:
        result = act()
        self._world.trace.call(self._world.now, self._process.name, name, arguments, result)
        return result


class StoreGate(Gate):
    """The store may be away, and may have committed what nobody hears of."""

    def _effect(self, name: str, act: Callable[[], object], arguments: tuple[Any, ...]) -> object:
        world = self._world
        fault = world.weather.first_of(STORE, world.rng)
        if fault == "down_before_commit" or world.weather.within("store_down", world.now):
            self._fail("store_unavailable", name, "nothing was done")
        result = super()._effect(name, act, arguments)
        if fault == "down_after_commit":
            if self._after:
                self._after(name, arguments, result)
            self._fail("store_unacknowledged", name, "but it was committed")
        return result

    def _fail(self, count: str, name: str, what: str) -> None:
        self._world.counts[count] += 1
        self._world.trace.add(self._world.now, self._process.name, f"{name}: StorageUnavailable, {what}")
        raise StorageUnavailable(f"PostgreSQL: the server closed the connection ({what})")


class WorkerClock:
    """The time of one machine, which may be wrong and may jump; the store goes by its own."""

    def __init__(self, world: World, process: Process) -> None:
        self._world, self._process = world, process

    def now(self) -> dt.datetime:
        if self._world.weather.clocks_jump and self._world.rng.random() < 0.5:
            self._world.counts["clock_jump"] += 1
            self._process.clock_offset += self._world.rng.randrange(-7200 * SECOND, 7200 * SECOND)
        return EPOCH + dt.timedelta(microseconds=self._world.now + self._process.clock_offset)

    def elapsed(self) -> float:
        """Goes on while the process is paused, and does not jump."""
        return self._world.now / SECOND

    def sleep(self, seconds: float) -> None:
        self._world.pass_time(self._process)
        self._world.trace.add(self._world.now, self._process.name, f"sleeps {seconds:.3f} s")
        self._world.wait(self._process, max(1, int(seconds * SECOND)))
