"""How a run's parks are cut into mapped tasks: one each while there are few, balanced batches above that."""

from __future__ import annotations

import heapq
from collections.abc import Sequence
from dataclasses import dataclass

MOST_BATCHES = 100


@dataclass(frozen=True, slots=True)
class Batch:
    """The parks of one mapped task. `label` is what people see it called."""

    label: str
    park_ids: tuple[str, ...]


def batches(orders_by_park: Sequence[tuple[str, int]], most: int = MOST_BATCHES) -> list[Batch]:
    """Cut parks, each with its number of orders, into at most `most` batches of about equal work.

    Up to `most` parks: one batch per park, named by it. Deterministic; within a batch parks are sorted bytewise.
    """
    ordered = sorted(orders_by_park, key=lambda pair: pair[0].encode())
    if len(ordered) <= most:
        return [Batch(park_id, (park_id,)) for park_id, _ in ordered]
    heap: list[tuple[int, int, list[str]]] = [(0, index, []) for index in range(most)]
    for park_id, orders in sorted(ordered, key=lambda pair: (-pair[1], pair[0].encode())):
        load, index, parks = heapq.heappop(heap)
        parks.append(park_id)
        heapq.heappush(heap, (load + max(orders, 1), index, parks))
    filled = sorted((sorted(parks, key=str.encode) for _, _, parks in heap), key=lambda parks: parks[0].encode())
    return [Batch(_label(parks), tuple(parks)) for parks in filled]


def _label(parks: Sequence[str]) -> str:
    return f"{parks[0]} and {len(parks) - 1} more" if len(parks) > 1 else parks[0]
