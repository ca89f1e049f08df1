"""Which order a thread of a submit turns to next, so that one park's trouble keeps no other park waiting.

An order that waits for another try holds no thread while there are others to begin, and of a park whose last call
failed nothing new is begun before everybody else had their turn.
"""

from __future__ import annotations

import heapq
from collections import Counter, deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from itertools import count
from threading import Lock

from signalq_billing.domain.progress import OrderProgress, PayoutProgress
from signalq_billing.ports import Clock

_LOOK_AGAIN = 0.05  # seconds


@dataclass(eq=False, slots=True)
class Errand:
    """An order on its way, and how often it was tried."""

    payout: PayoutProgress
    order: OrderProgress
    tries: int = 0

    @property
    def park_id(self) -> str:
        return self.payout.park_id


class Turns:
    """The orders of a submit; threads may share it. `failing` says whether the last call of all had no answer: then
    orders that were begun go first, for billing-orders itself may be down."""

    def __init__(self, errands: Iterable[Errand], clock: Clock, failing: Callable[[], bool]) -> None:
        self._clock, self._failing, self._lock = clock, failing, Lock()
        self._new: dict[str, deque[Errand]] = {}
        for errand in errands:
            self._new.setdefault(errand.park_id, deque()).append(errand)
        self._calm, self._troubled = deque(self._new), deque[str]()
        self._in_trouble: set[str] = set()
        self._again: list[tuple[float, int, Errand]] = []
        self._numbers = count()
        self._under_way: Counter[str] = Counter()

    def next(self) -> tuple[Errand | None, float] | None:
        """An errand and how many seconds to wait before it; no errand: look again after the wait. None: all are begun,
        and those that were take care of themselves."""
        with self._lock:
            pause = self._again[0][0] - self._clock.elapsed() if self._again else None
            if pause is not None and pause > 0 and self._calm:
                if not self._failing():
                    return self._begin(), 0.0
                if self._under_way:
                    return None, min(pause, _LOOK_AGAIN)
            if pause is not None:
                errand = heapq.heappop(self._again)[2]
                self._under_way[errand.park_id] += 1
                return errand, max(round(pause, 3), 0.0)
            return (self._begin(), 0.0) if self._new else None

    def again(self, errand: Errand, pause: float, *, trouble: bool) -> None:
        """It is to be tried again, no sooner than in `pause` seconds."""
        with self._lock:
            self._ends(errand, trouble)
            heapq.heappush(self._again, (self._clock.elapsed() + pause, next(self._numbers), errand))

    def over(self, errand: Errand, *, trouble: bool) -> None:
        """Nothing more is done about it now."""
        with self._lock:
            self._ends(errand, trouble)

    def _begin(self) -> Errand:
        """A new one, of a park with as few as possible under way; those of parks in trouble come last."""
        parks = self._calm or self._troubled
        # No more parks than there are threads have any under way, so that the search is short.
        for _ in range(min(len(parks), len(self._under_way) + 1)):
            if not self._under_way[parks[0]]:
                break
            parks.rotate(-1)
        else:
            fewest = min(parks, key=lambda park: self._under_way[park])
            parks.rotate(-parks.index(fewest))
        park_id = parks.popleft()
        errand = self._new[park_id].popleft()
        if self._new[park_id]:
            parks.append(park_id)
        else:
            del self._new[park_id]
        self._under_way[park_id] += 1
        return errand

    def _ends(self, errand: Errand, trouble: bool) -> None:
        park_id = errand.park_id
        self._under_way[park_id] -= 1
        if not self._under_way[park_id]:
            del self._under_way[park_id]
        if trouble == (park_id in self._in_trouble):
            return
        (self._in_trouble.add if trouble else self._in_trouble.remove)(park_id)
        if park_id in self._new:
            here, there = (self._calm, self._troubled) if trouble else (self._troubled, self._calm)
            here.remove(park_id)
            there.append(park_id)
