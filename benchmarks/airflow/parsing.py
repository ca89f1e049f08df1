"""What parsing the DAG folder costs by parks and by cadences, in processor time of a fresh process."""

from __future__ import annotations

from dataclasses import dataclass

from benchmarks.harness.bench import Bench, Measured
from benchmarks.harness.side import Side

_MODULE = "benchmarks.airflow.parse_side"
_CADENCES, _PARKS = 30, 10_000
_WHOLE, _OF_TASK = "parsing the DAG folder", "parsing the DAG file in a task"


@dataclass(frozen=True, slots=True)
class _Comparison:
    name: str
    size: dict[str, int]
    ours: Side
    other: Side
    goal: float | None = None
    same: bool = True  # whether both must give the same DAGs


def measure(bench: Bench) -> None:
    """10,000 parks against 10, 30 cadences against one, and what a task parses of 30 cadences."""
    repeats = 9 if bench.full else 3
    comparisons = [
        _Comparison(
            _WHOLE, {"cadences": _CADENCES, "parks": _PARKS}, _side(_CADENCES, _PARKS), _side(_CADENCES, 10), 1.05
        ),
        _Comparison(_WHOLE, {"cadences": _CADENCES, "parks": 10}, _side(_CADENCES, 10), _side(1, 10), same=False),
        _Comparison(_OF_TASK, {"cadences": _CADENCES, "parks": 10}, _task(_CADENCES), _task(1), 1.3),
    ]
    for each in comparisons:
        text = f"{each.name}, {each.ours.name}"
        ours, other = bench.in_turns(text, [each.ours, each.other], repeats, equal=each.same)
        _add(bench, each, ours, other)
    bench.note(
        "Parsing is processor time of a fresh process that has imported Airflow; `parks/*.yaml` is not read at all. A "
        "task builds the DAG of its own cadence alone."
    )


def _side(cadences: int, parks: int) -> Side:
    return Side(_name(cadences, parks), _MODULE, {"cadences": cadences, "parks": parks})


def _task(cadences: int) -> Side:
    asked = {"cadences": cadences, "parks": 10, "task_of": "signalq_payouts_bench_10"}
    return Side(_name(cadences, 10), _MODULE, asked)


def _name(cadences: int, parks: int) -> str:
    return f"{cadences} cadence{'s' if cadences > 1 else ''}, {parks:,} parks"


def _add(bench: Bench, asked: _Comparison, ours: Measured, other: Measured) -> None:
    bench.add(
        f"{asked.name}, processor time",
        size=asked.size,
        ours=ours.cpu_seconds,
        other=other.cpu_seconds,
        other_name=asked.other.name,
        repeats=len(ours.runs),
        peak_mb=ours.peak_mb,
        goal=asked.goal,
    )
