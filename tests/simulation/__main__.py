"""`make simulate`: as many schedules as wanted, on all processors, with a progress bar; or one seed with its trace."""

from __future__ import annotations

import argparse
import os
import sys
from collections import Counter
from concurrent.futures import ProcessPoolExecutor, as_completed
from contextlib import ExitStack

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from tests.simulation.mutations import MUTATIONS
from tests.simulation.schedule import play

_AT_ONCE = 50
_SHOWN = 10


def main() -> int:
    asked = _arguments()
    if asked.mutations:
        return _all_mutations(asked.first, asked.seeds)
    if asked.seed is not None:
        with ExitStack() as mutated:
            if asked.mutation:
                mutated.enter_context(MUTATIONS[asked.mutation]())
            played = play(asked.seed)
        print(played)  # noqa: T201
        return 1 if played.violation else 0
    return _many(asked.first, asked.seeds, asked.mutation)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make simulate", description=__doc__)
    parser.add_argument("--seeds", type=int, default=10_000, help="how many schedules to play")
    parser.add_argument("--first", type=int, default=0, help="the first seed")
    parser.add_argument("--seed", type=int, help="play this one and print what happened")
    parser.add_argument("--mutation", choices=sorted(MUTATIONS), help="break the protocol like this")
    parser.add_argument("--mutations", action="store_true", help="how many seeds it takes to notice each of them")
    return parser.parse_args()


def _all_mutations(first: int, seeds: int) -> int:
    missed = 0
    for name, mutation in MUTATIONS.items():
        with mutation():
            played = (play(seed) for seed in range(first, first + seeds))
            found = next((each for each in played if each.violation), None)
        missed += found is None
        print(f"{found.seed - first + 1 if found else '-':>6}  {name}\n        {found and found.violation}")  # noqa: T201
    return 1 if missed else 0


def _many(first: int, seeds: int, mutation: str | None) -> int:
    console, counts, broken = Console(stderr=True), Counter[str](), dict[int, str]()
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, TimeRemainingColumn(), console=console) as bar, ProcessPoolExecutor(os.cpu_count()) as pool:
        task = bar.add_task("schedules", total=seeds)
        starts = range(first, first + seeds, _AT_ONCE)
        parts = [pool.submit(_some, start, min(_AT_ONCE, first + seeds - start), mutation) for start in starts]
        for part in as_completed(parts):
            count, told, found = part.result()
            counts += told
            broken |= found
            failing = f"schedules, {len(broken)} of them break an invariant" if broken else "schedules"
            bar.update(task, advance=count, description=failing)
    for name, number in sorted(counts.items()):
        console.print(f"  {name:<28} {number:>12,}", highlight=False)
    for seed in sorted(broken)[:_SHOWN]:
        print(f"seed {seed}: {broken[seed]}\n  replay with: make simulate SEED={seed}")  # noqa: T201
    told = f"{len(broken):,} of them break an invariant" if broken else "every invariant holds in all of them"
    print(f"{seeds:,} schedules, seeds {first} to {first + seeds - 1}: {told}")  # noqa: T201
    return 1 if broken else 0


def _some(first: int, seeds: int, mutation: str | None) -> tuple[int, Counter[str], dict[int, str]]:
    counts, broken = Counter[str](), dict[int, str]()
    with ExitStack() as mutated:
        if mutation:
            mutated.enter_context(MUTATIONS[mutation]())
        for seed in range(first, first + seeds):
            played = play(seed)
            counts += played.counts
            if played.violation:
                broken[seed] = played.violation
    return seeds, counts, broken


if __name__ == "__main__":
    sys.exit(main())
