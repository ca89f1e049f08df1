"""Threads of a service as threads of its simulated process, and what they wait for each other with: they take the place
of ThreadPoolExecutor and BoundedSemaphore for a schedule."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any
from unittest.mock import patch

from greenlet import getcurrent, greenlet

from tests.simulation.world import Process, World

_USERS = ("signalq_billing.services.submit", "signalq_billing.services.mark_created")


class Pool:
    """As many threads as asked for, that take tasks in their order; the caller waits for all of them."""

    def __init__(self, world: World, process: Process, threads: int) -> None:
        self._world, self._process, self._threads = world, process, threads

    def __enter__(self) -> Pool:
        return self

    def __exit__(self, *_: object) -> None:
        return None

    def map(self, act: Callable[[Any], Any], items: Iterable[Any]) -> Iterator[Any]:
        todo = list(enumerate(items))
        todo.reverse()
        results: dict[int, Any] = {}
        failures: dict[int, BaseException] = {}
        caller, running = getcurrent(), min(self._threads, len(todo))

        def work() -> None:
            nonlocal running
            while todo:
                index, item = todo.pop()
                try:
                    results[index] = act(item)
                except Exception as error:
                    failures[index] = error
            running -= 1
            if not running:
                self._world.wake(self._process, caller)

        if not todo:
            return iter(())
        count = len(todo)
        for _ in range(running):
            self._world.start(self._process, work)
        self._world.park(self._process)
        if failures:
            raise failures[min(failures)]
        return iter([results[index] for index in range(count)])


class Semaphore:
    """Lets in so many threads of one process, who waits longest first."""

    def __init__(self, world: World, process: Process, free: int) -> None:
        self._world, self._process, self._free = world, process, free
        self._waiting = deque[greenlet]()

    def __enter__(self) -> None:
        if self._free:
            self._free -= 1
            return
        self._waiting.append(getcurrent())
        self._world.park(self._process)

    def __exit__(self, *_: object) -> None:
        if self._waiting:
            self._world.wake(self._process, self._waiting.popleft())
        else:
            self._free += 1


@contextmanager
def simulated_pools(world: World) -> Iterator[None]:
    """Have the services' pools and semaphores belong to the process whose thread opens them."""

    def pool(threads: int, **_: object) -> Pool:
        return Pool(world, world.acting(), threads)

    def semaphore(free: int) -> Semaphore:
        return Semaphore(world, world.acting(), free)

    first, second = (patch(f"{user}.ThreadPoolExecutor", pool) for user in _USERS)
    with first, second, patch(f"{_USERS[0]}.BoundedSemaphore", semaphore):
        yield
