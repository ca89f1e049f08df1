"""What is to happen when a time is over, for any number of calls under way: one thread for all, not one each."""

import heapq
import os
import threading
import time
from collections.abc import Callable
from itertools import count


class Alarms:
    """Acts to be done once their time comes. Whoever no longer wants one makes it do nothing."""

    def __init__(self) -> None:
        self._forget()
        os.register_at_fork(after_in_child=self._forget)

    def _forget(self) -> None:
        """Threads do not come along into a forked process, and what they held stays locked there."""
        self._due: list[tuple[float, int, Callable[[], None]]] = []
        self._numbers = count()
        self._changed = threading.Condition()
        self._watching = False

    def set(self, seconds: float, act: Callable[[], None]) -> None:
        """Have `act` called so many seconds from now, soon, in another thread. It must neither fail nor wait."""
        when = time.monotonic() + seconds
        with self._changed:
            heapq.heappush(self._due, (when, next(self._numbers), act))
            if not self._watching:
                threading.Thread(target=self._watch, name="billing-orders alarms", daemon=True).start()
                self._watching = True
            elif self._due[0][2] is act:
                self._changed.notify()

    def _watch(self) -> None:
        """Until nothing is to come any more."""
        with self._changed:
            while self._due:
                rest = self._due[0][0] - time.monotonic()
                if rest > 0:
                    self._changed.wait(rest)
                else:
                    heapq.heappop(self._due)[2]()
            self._watching = False
