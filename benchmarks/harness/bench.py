"""What a case is given to measure with: comparisons of sides, single numbers, notes, files and a progress bar."""

import statistics
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from rich.progress import Progress

from benchmarks.harness.results import CaseRun, Row, rounded, size_text
from benchmarks.harness.side import Run, Side, run_once


class AnswersDiffer(Exception):
    """Two sides of a comparison gave different answers: none of their numbers means anything."""


@dataclass(frozen=True, slots=True)
class Measured:
    """All runs of one side, and their medians."""

    runs: Sequence[Run]

    @property
    def seconds(self) -> float:
        return statistics.median(run.seconds for run in self.runs)

    @property
    def cpu_seconds(self) -> float:
        return statistics.median(run.cpu_seconds for run in self.runs)

    @property
    def peak_mb(self) -> float:
        return statistics.median(run.peak_mb for run in self.runs)

    @property
    def answer(self) -> Any:  # noqa: ANN401 - whatever JSON holds
        return self.runs[0].answer


class Bench:
    """One case's measuring at one SIZE. `scratch` is emptied afterwards, `cache` is kept for later runs."""

    def __init__(self, run: CaseRun, progress: Progress, scratch: Path, cache: Path) -> None:
        self.run, self.bar, self.scratch, self.cache = run, progress, scratch, cache
        self.rows: list[Row] = []

    @property
    def size(self) -> str:
        return self.run.size

    @property
    def full(self) -> bool:
        return self.run.size == "full"

    def compare(
        self,
        name: str,
        size: Mapping[str, int],
        ours: Side,
        others: Sequence[Side],
        *,
        repeats: int,
        goal: float | Mapping[str, float] | None = None,
    ) -> dict[str, Measured]:
        """Run every side `repeats` times in turns; a row of wall seconds and one of peak memory for each other side.

        `goal` is the largest ratio wanted, of all others or of those named. Raises SideFailed, AnswersDiffer.
        """
        sides = [ours, *others]
        measured = self.in_turns(f"{name}, {size_text(size)}", sides, repeats, equal=True)
        found = {side.name: each for side, each in zip(sides, measured, strict=True)}
        mine = found[ours.name]
        for other in others:
            theirs = found[other.name]
            wanted = goal.get(other.name) if isinstance(goal, Mapping) else goal
            add = partial(self.add, size=size, other_name=other.name, repeats=repeats)
            add(name, ours=mine.seconds, other=theirs.seconds, peak_mb=mine.peak_mb, goal=wanted)
            add(f"{name}: peak memory", ours=mine.peak_mb, other=theirs.peak_mb, unit="MB")
        return found

    def add(
        self,
        name: str,
        *,
        size: Mapping[str, int],
        ours: float,
        other: float,
        other_name: str,
        repeats: int,
        unit: str = "s",
        peak_mb: float | None = None,
        goal: float | None = None,
    ) -> None:
        """A row of what was measured otherwise. An absolute bound is an other named "the bound", with goal 1."""
        peak = None if peak_mb is None else rounded(peak_mb)
        numbers = rounded(ours), rounded(other), other_name, rounded(ours / other)
        row = Row(name, size_text(size), *numbers, unit, peak, repeats)
        self.rows.append(row)
        if goal is not None:
            self.run.goals[row.key] = goal

    def note(self, text: str) -> None:
        """A sentence for docs/performance.md: what was not measured, or differently."""
        self.run.notes.append(text)

    @contextmanager
    def progress(self, total: int, text: str) -> Iterator[Callable[[], None]]:
        """A bar of `total` steps; what it gives is called once a step."""
        task = self.bar.add_task(text, total=total)
        try:
            yield lambda: self.bar.advance(task)
        finally:
            self.bar.remove_task(task)

    def in_turns(self, text: str, sides: Sequence[Side], repeats: int, *, equal: bool = False) -> list[Measured]:
        """Run every side `repeats` times, in turns, so that a busy minute is busy for all of them.

        Each must give one answer; if `equal`, all of them the same. Raises SideFailed, AnswersDiffer.
        """
        runs: list[list[Run]] = [[] for _ in sides]
        with self.progress(repeats * len(sides), text) as step:
            for turn in range(repeats):
                for place in [(turn + number) % len(sides) for number in range(len(sides))]:
                    runs[place].append(run_once(sides[place]))
                    first = 0 if equal else place
                    _check_equal(text, (sides[first], runs[first][0]), (sides[place], runs[place][-1]))
                    step()
        self.run.elsewhere = max(self.run.elsewhere, *(run.elsewhere for each in runs for run in each))
        return [Measured(each) for each in runs]


def _check_equal(text: str, *of_sides: tuple[Side, Run]) -> None:
    (first, said), (other, says) = of_sides
    if said.answer != says.answer:
        told = f"{first.name} says {str(said.answer)[:500]}, {other.name} says {str(says.answer)[:500]}"
        raise AnswersDiffer(f"{text}: {told}")
