"""Point 5: the payouts DAG under a real Airflow against no-op tasks and a plain DAG, and what parsing costs."""

from __future__ import annotations

import datetime as dt
import statistics
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal

from benchmarks.airflow import parsing
from benchmarks.airflow.fleet import Fleet
from benchmarks.airflow.stack import AirflowStack, DagRun, running
from benchmarks.harness.bench import AnswersDiffer, Bench

CAMERAS = 50
BOUND_SECONDS = 60.0  # for 1,000 parks with 50,000 cameras
_RUN_SECONDS = 900.0
_REPEATS = {10: 3, 100: 3, 1000: 3, 10_000: 1}
_PEER_REPEATS = {10: 3, 100: 3, 1000: 1}  # a peer's run of 1,000 parks takes minutes
_NOOP, _PLAIN = "as many no-op tasks", "a plain DAG"
_NAME, _CPU = (
    "payouts DAG, from the end of extract to the end of report",
    "payouts DAG, processor time of the whole stack",
)


def measure(bench: Bench) -> None:
    """Everything at once: one stack for all runs, then parsing without one."""
    sizes = [10, 100, 1000, 10_000] if bench.full else [10, 100]
    repeats = _REPEATS if bench.full else dict.fromkeys(sizes, 1)
    peers = {size: min(repeats[size], _PEER_REPEATS[size]) for size in sizes if size in _PEER_REPEATS}
    parsing.measure(bench)
    fleets = [Fleet(size, CAMERAS, _last_days(repeats[size])) for size in sizes]
    paid: dict[int, Sequence[DagRun]] = {}
    steps = sum(repeats.values()) + 2 * sum(peers.values()) + 1
    with bench.progress(steps, "Airflow") as step, running(bench.scratch, fleets) as stack:
        step()
        for fleet in fleets:
            paid[fleet.parks] = _measure_fleet(bench, stack, fleet, peers.get(fleet.parks, 0), step)
    _growth(bench, paid)
    _notes(bench)


def _measure_fleet(
    bench: Bench, stack: AirflowStack, fleet: Fleet, peer_repeats: int, step: Callable[[], None]
) -> Sequence[DagRun]:
    ours: list[DagRun] = []
    peers: dict[str, list[DagRun]] = {_NOOP: [], _PLAIN: []}
    for turn, day in enumerate(fleet.days):
        ours.append(_pay(stack, fleet, day))
        step()
        if turn >= peer_repeats:
            continue
        conf = {"parks": fleet.parks, "cadence": fleet.cadence, "period": day.isoformat()}
        peers[_NOOP].append(stack.run("bench_noop", conf, _RUN_SECONDS))
        step()
        peers[_PLAIN].append(stack.run("bench_plain", conf, _RUN_SECONDS))
        step()
        _check(f"plain_{fleet.cadence}", stack.totals(f"plain_{fleet.cadence}", day), fleet.totals(day))
    _rows(bench, fleet, ours, peers)
    return ours


def _pay(stack: AirflowStack, fleet: Fleet, day: dt.date) -> DagRun:
    done = stack.run(f"signalq_payouts_{fleet.cadence}", {"period": day.isoformat()}, _RUN_SECONDS)
    _check(fleet.cadence, stack.totals(fleet.cadence, day), fleet.totals(day))
    return done


def _rows(bench: Bench, fleet: Fleet, ours: Sequence[DagRun], peers: Mapping[str, Sequence[DagRun]]) -> None:
    size = {"parks": fleet.parks, "cameras": fleet.parks * fleet.cameras}
    if fleet.parks == 1000:
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


def _notes(bench: Bench) -> None:
    bench.note(
        "Real Airflow 3.3 with LocalExecutor, eight slots, one PostgreSQL and the stand-ins on the same machine. "
        "Processor time is that of every process of the stack over the whole run, extraction included."
    )
    bench.note(
        "No-op tasks and the plain DAG are not measured with 10,000 parks: a mapped task of Airflow may have 1,024 "
        "instances by default (`max_map_length`), at which both fail, and with more they take most of an hour."
    )
