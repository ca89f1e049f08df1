"""What people write first: read_table row by row, a list per camera, and a loop over each."""

from bisect import bisect_right
from collections import Counter, defaultdict
from collections.abc import Iterator
from itertools import pairwise
from typing import Any

from benchmarks.activity import cluster, ours
from benchmarks.activity.answer import answer
from benchmarks.activity.bounds import DAYS, EARLIEST, LATEST, MIDNIGHTS, PERIOD_END, PERIOD_START, WINDOW_START
from benchmarks.activity.fleet import MICROS, Fleet
from signalq_billing.domain.activity import ActivityRules

Event = tuple[int, str, str]
prepare, finish = ours.prepare, ours.finish


def run(devices: int, proxy: str, **_: Any) -> Any:  # noqa: ANN401 - whatever parameters there are
    """Every row comes as a dict over HTTP."""
    rules = Fleet(devices).rules
    events: dict[str, list[Event]] = defaultdict(list)
    rows, bad = 0, Counter[str]()
    for row in cluster.client(proxy).read_table(cluster.TABLE):
        rows += 1
        at, park, device, status = row["status_at"], row["park_id"], row["device_id"], row["status"]
        reason = reason_of(at, park, device, status)
        inside = at is not None and WINDOW_START <= at < PERIOD_END
        if reason is None and inside:
            events[device].append((int(at), park, status))
        elif reason is not None and (inside or reason.startswith("status_at")):
            bad[reason] += 1
    lines: dict[tuple[bytes, bytes], list[int]] = {}
    for device, timeline in events.items():
        for park, start, end, active in _intervals(sorted(timeline), rules):
            days = lines.setdefault((park.encode(), device.encode()), [0] * DAYS)
            if active:
                _add(days, start, end)
    names = sorted(lines)
    return answer(names, [[micros // MICROS for micros in lines[name]] for name in names], rows, bad)


def reason_of(at: Any, *texts: Any) -> str | None:  # noqa: ANN401 - what the client makes of bytes that are no text
    """Why a row is bad; texts are park, device and status."""
    if at is None:
        return "status_at_missing"
    if at < EARLIEST:
        return "status_at_before_2000"
    if at > LATEST:
        return "status_at_in_the_future"
    for text, name in zip(texts, ("park_id", "device_id", "status"), strict=True):
        if text is None or text == "":
            return f"{name}_missing"
    return None if all(isinstance(text, str) for text in texts) else "not_utf8"


def _intervals(timeline: list[Event], rules: dict[str, ActivityRules]) -> Iterator[tuple[str, int, int, bool]]:
    """Park, begin, end and whether it is active, of each interval that is left of one camera's events."""
    for (at, park, status), (next_at, _, _) in pairwise([*timeline, (PERIOD_END, "", "")]):
        rule = rules.get(park)
        if rule is None:
            continue
        silence = rule.max_silence_seconds
        end = next_at if silence is None else min(next_at, at + silence * MICROS)
        if end > max(at, PERIOD_START):
            yield park, max(at, PERIOD_START), end, status in rule.active_statuses


def _add(days: list[int], start: int, end: int) -> None:
    """Split at local midnights."""
    day = bisect_right(MIDNIGHTS, start) - 1
    while start < end:
        stop = min(end, MIDNIGHTS[day + 1])
        days[day] += stop - start
        start, day = stop, day + 1
