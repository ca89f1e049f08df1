"""Point 5: the payouts DAG under a real Airflow against no-op tasks and a plain DAG, and what parsing costs."""

from __future__ import annotations

import datetime as dt
import statistics
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from benchmarks.airflow import parsing
from benchmarks.airflow.fleet import Fleet
from benchmarks.airflow.stack import AirflowStack, DagRun, running
from benchmarks.harness.bench import AnswersDiffer, Bench

CAMERAS = 50
BOUND_SECONDS = 60.0  # for 1,000 parks with 50,000 cameras
MAX_MAP_LENGTH = 1024  # Airflow's default
MANY = 1000
_RUN_SECONDS, _PATIENCE_SECONDS = 1800.0, 600.0
_REPEATS = {10: 3, 100: 3, 1000: 3, 10_000: 1}
_NOOP, _PLAIN = "as many no-op tasks", "a plain DAG"
_NAME, _CPU = (
    "payouts DAG, from the end of extract to the end of report",
    "payouts DAG, processor time of the whole stack",
)


def measure(bench: Bench) -> None:
    """Parsing first, which needs no Airflow beside it; then one stack for all runs."""
    sizes = [10, 100, 1000, 10_000] if bench.full else [10, 100]
    repeats = _REPEATS if bench.full else {10: 3, 100: 1}
    parsing.measure(bench)
    fleets = [Fleet(size, CAMERAS, _last_days(repeats[size])) for size in sizes]
    paid: dict[int, Sequence[DagRun]] = {}
    peers = {_NOOP: Peer("bench_noop"), _PLAIN: Peer("bench_plain")}
    with bench.progress(3 * sum(repeats.values()) + 1, "Airflow") as step, running(bench.scratch, fleets) as stack:
        stack.run(peers[_NOOP].dag_id, {"parks": 8}, _RUN_SECONDS)  # whatever is slow only once
        step()
        for fleet in fleets:
            paid[fleet.parks] = _measure_fleet(bench, stack, fleet, peers, step)
    _growth(bench, paid)
    _notes(bench, peers)


@dataclass(slots=True)
class Peer:
    """A DAG with a task per park, and its runs of each size; a size that would take too long is left out."""

    dag_id: str
    runs: dict[int, list[DagRun]] = field(default_factory=dict)

    def expected(self, parks: int) -> float:
        """Seconds it would take if it grew in line from the largest size measured."""
        largest = max((size for size in self.runs if size < parks), default=None)
        return _seconds(self.runs[largest]) * parks / largest if largest else 0.0

    def repeats(self, fleet: Fleet) -> int:
        if fleet.parks > MAX_MAP_LENGTH or self.expected(fleet.parks) > _PATIENCE_SECONDS:
            return 0
        return len(fleet.days) if fleet.parks < MANY else 1  # its run of 1,000 parks takes minutes


def _measure_fleet(
    bench: Bench, stack: AirflowStack, fleet: Fleet, peers: Mapping[str, Peer], step: Callable[[], None]
) -> Sequence[DagRun]:
    ours: list[DagRun] = []
    repeats = {name: peer.repeats(fleet) for name, peer in peers.items()}
    for turn, day in enumerate(fleet.days):
        ours.append(_pay(stack, fleet, day))
        step()
        for name, peer in peers.items():
            if turn < repeats[name]:
                conf = {"parks": fleet.parks, "cadence": fleet.cadence, "period": day.isoformat()}
                peer.runs.setdefault(fleet.parks, []).append(stack.run(peer.dag_id, conf, _RUN_SECONDS))
            step()
        if turn < repeats[_PLAIN]:
            _check(f"plain_{fleet.cadence}", stack.totals(f"plain_{fleet.cadence}", day), fleet.totals(day))
    _rows(bench, fleet, ours, {name: peer.runs.get(fleet.parks, []) for name, peer in peers.items()})
    return ours


def _pay(stack: AirflowStack, fleet: Fleet, day: dt.date) -> DagRun:
    done = stack.run(f"signalq_payouts_{fleet.cadence}", {"period": day.isoformat()}, _RUN_SECONDS)
    _check(fleet.cadence, stack.totals(fleet.cadence, day), fleet.totals(day))
    return done


def _rows(bench: Bench, fleet: Fleet, ours: Sequence[DagRun], peers: Mapping[str, Sequence[DagRun]]) -> None:
    size = {"parks": fleet.parks, "cameras": fleet.parks * fleet.cameras}
    if fleet.parks == MANY:
        bound = {"other": BOUND_SECONDS, "other_name": "the bound", "goal": 1.0}
        bench.add(_NAME, size=size, ours=_seconds(ours), repeats=len(ours), **bound)  # type: ignore[arg-type]
    for other, runs in peers.items():
        if runs:
            named = {"size": size, "other_name": other, "repeats": len(runs)}
            bench.add(_NAME, ours=_seconds(ours), other=_seconds(runs), **named)  # type: ignore[arg-type]
            bench.add(_CPU, ours=_cpu(ours), other=_cpu(runs), **named)  # type: ignore[arg-type]


def _growth(bench: Bench, paid: Mapping[int, Sequence[DagRun]]) -> None:
    """Ten times the parks against ten times the cost."""
    for parks, runs in paid.items():
        if fewer := paid.get(parks // 10):
            named = {"size": {"parks": parks, "cameras": parks * CAMERAS}, "repeats": len(runs)}
            other = f"ten times {parks // 10:,} parks"
            bench.add(_NAME, ours=_seconds(runs), other=10 * _seconds(fewer), other_name=other, goal=1.0, **named)  # type: ignore[arg-type]


def _seconds(runs: Sequence[DagRun]) -> float:
    return statistics.median(run.between("extract", "report") for run in runs)


def _cpu(runs: Sequence[DagRun]) -> float:
    return statistics.median(run.cpu_seconds for run in runs)


def _check(cadence: str, found: Mapping[str, Decimal], expected: Mapping[str, Decimal]) -> None:
    if found != expected:
        wrong = sorted(park for park in {*found, *expected} if found.get(park) != expected.get(park))
        first = [(park, found.get(park), expected.get(park)) for park in wrong[:3]]
        raise AnswersDiffer(f"{cadence}: {len(wrong)} parks, (park, paid, to be paid) {first}")


def _last_days(number: int) -> tuple[dt.date, ...]:
    today = (dt.datetime.now(dt.UTC) + dt.timedelta(hours=3)).date()
    return tuple(today - dt.timedelta(days=back) for back in range(1, number + 1))


def _notes(bench: Bench, peers: Mapping[str, Peer]) -> None:
    bench.note(
        "Real Airflow 3.3 with LocalExecutor, eight slots, one PostgreSQL and the stand-ins on the same machine. "
        "Processor time is that of every process of the stack over the whole run, extraction included."
    )
    for name, peer in peers.items():
        largest = max(peer.runs)
        took = _seconds(peer.runs[largest])
        bench.note(
            f"Of {name} the largest size measured is {largest:,} parks ({took:.0f} s). More were left out where they "
            f"would have taken more than {_PATIENCE_SECONDS / 60:.0f} minutes; with 10,000 it fails: a mapped task "
            f"of Airflow has at most {MAX_MAP_LENGTH:,} instances unless told otherwise (`max_map_length`)."
        )
