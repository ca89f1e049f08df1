"""How a run's parks are cut into mapped tasks: one each while there are few, a few balanced batches above that."""

from __future__ import annotations

import heapq
import math
from collections.abc import Sequence
from dataclasses import dataclass

TASKS = 16
LARGEST = 1000  # parks of one task: what it holds, and repeats when it is tried again, stays small


@dataclass(frozen=True, slots=True)
class Batch:
    """The parks of one mapped task. `label` is what people see it called."""

    label: str
    park_ids: tuple[str, ...]


def batches(orders_by_park: Sequence[tuple[str, int]], tasks: int = TASKS) -> list[Batch]:
    """Cut parks, each with its number of orders, into batches of about equal work.

    Up to twice `tasks` parks: one batch per park, named by it. Above that `tasks` of them, or as many as keep about
    LARGEST parks each. A task costs Airflow as much as the orders of dozens of parks cost us. Deterministic; within a
    batch parks are sorted bytewise.
    """
    ordered = sorted(orders_by_park, key=lambda pair: pair[0].encode())
    if len(ordered) <= 2 * tasks:
        return [Batch(park_id, (park_id,)) for park_id, _ in ordered]
    number = max(tasks, math.ceil(len(ordered) / LARGEST))
    heap: list[tuple[int, int, list[str]]] = [(0, index, []) for index in range(number)]
    for park_id, orders in sorted(ordered, key=lambda pair: (-pair[1], pair[0].encode())):
        load, index, parks = heapq.heappop(heap)
        parks.append(park_id)
        heapq.heappush(heap, (load + max(orders, 1), index, parks))
    filled = sorted((sorted(parks, key=str.encode) for _, _, parks in heap), key=lambda parks: parks[0].encode())
    return [Batch(_label(parks), tuple(parks)) for parks in filled]


def _label(parks: Sequence[str]) -> str:
    return f"{parks[0]} and {len(parks) - 1} more" if len(parks) > 1 else parks[0]
