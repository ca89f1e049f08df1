"""A week of payouts computed and stored, on all charge models with all their units: from the Arrow bytes of an
extraction to committed payouts, lines, orders and history. Against the floor: a bare COPY of the very same rows into
the same tables, in one transaction. And how the cost grows with the parks."""

from benchmarks.harness.bench import Bench
from benchmarks.harness.side import Side

DEVICES = 50


def measure(bench: Bench) -> None:
    parks, repeats = (1_000, 5) if bench.full else (100, 3)

    def side(name: str, module: str, parks: int) -> Side:
        told = {"directory": str(bench.scratch), "parks": parks, "devices": DEVICES}
        return Side(name, f"benchmarks.store.{module}", told)

    size = {"parks": parks, "devices": parks * DEVICES}
    bench.compare(
        "compute and store", size, side("ours", "ours", parks), [side("a bare COPY", "floor", parks)], repeats=repeats
    )
    repeats = 3
    one, *more = bench.in_turns("growth", [side("ours", "ours", parks * times) for times in (1, 2, 10)], repeats)
    for times, found, goal in ((2, more[0], 2.2), (10, more[1], 11)):
        bench.add(
            f"compute and store: {times} times the parks, processor time",
            size={"parks": parks * times, "devices": parks * times * DEVICES},
            ours=found.cpu_seconds,
            other=one.cpu_seconds,
            other_name=f"{parks:,} parks",
            repeats=repeats,
            peak_mb=found.peak_mb,
            goal=goal,
        )
    bench.note(
        "A bare COPY has nothing to compute, and sends what PostgreSQL itself wrote out. The peak is of all processes, "
        "PostgreSQL's shared buffers among them, which fill up to 128 MB. Ten times the parks are "
        "enough for Python to walk through all of its objects a few times, for garbage; the fewer parks never are."
    )
