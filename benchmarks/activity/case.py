"""Activity of 30 days out of millions of status events, per-park rules joined in. Ours is the product's statement
through the product's path: a real ytsaurus-client over HTTP, Query Tracker, a result table, its lines as the product's
values. DuckDB and Polars, as fast as we could make them, read the same Parquet files, and so does a pass by hand in
numpy, a floor to look at. All give the same lines, to the second. What people write first, read_table row by row and
into pandas, is measured at a size where it ends. Peak memory of ours is that of client, stand-in and clique."""

import statistics
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from benchmarks.activity import files
from benchmarks.activity.fleet import Fleet
from benchmarks.harness.bench import Bench, Measured
from benchmarks.harness.side import Side
from signalq_billing.devstack.ytsaurus.chunks import ROWS_PER_GROUP

DUCKDB, POLARS = "DuckDB", "Polars"
OURS, FLOOR = "ours", "numpy by hand (the floor)"
FASTER = round(1 / 1.3, 2)
MILLION = 1_000_000
PEAK_MB, BOUNDED_PEAK_MB = 2_500, 1_000
BOUNDED: Mapping[str, Any] = {"device_buckets": 4}
Size = tuple[int, int]  # events, devices


def measure(bench: Bench) -> None:
    """All comparisons, the smallest first."""
    for events, repeats in ((5, 1), (20, 3), (100, 3)) if bench.full else ((1, 1), (2, 3)):
        devices = events * 1_000
        if repeats == 1:
            _against_first_attempts(bench, (events * MILLION, devices))
        else:
            _against_the_best(bench, (events * MILLION, devices), repeats)
    _growth(bench, (20 * MILLION, 20_000) if bench.full else (2 * MILLION, 2_000))
    bench.note(
        "DuckDB, Polars and numpy read files where they lie: no HTTP, no result table, no values of the product."
    )
    bench.note(
        "`read_table` is served by the stand-in, in Python, on the same processors; a cluster would use its own."
    )
    if not bench.full:
        bench.note("At a few million events most of ours is what a query costs before it reads anything.")
    if bench.full:
        _bounded(bench, (100 * MILLION, 100_000))


def _against_the_best(bench: Bench, size: Size, repeats: int) -> None:
    timings = bench.scratch / f"timings-{size[0]}"
    others = [
        _side(bench, name, module, size)
        for name, module in ((DUCKDB, "with_duckdb"), (POLARS, "with_polars"), (FLOOR, "with_numpy"))
    ]
    ours = _side(bench, OURS, "ours", size, timings=str(timings))
    # At a few million events what a query costs before it reads anything is most of ours.
    goal = {DUCKDB: FASTER, POLARS: FASTER} if bench.full else None
    found = bench.compare("activity", _size(size), ours, others, repeats=repeats, goal=goal)
    _tell_parts(bench, timings, size)
    if size[0] == 100 * MILLION:
        _bound(bench, "activity: peak memory", size, found[OURS], PEAK_MB, repeats)


def _against_first_attempts(bench: Bench, size: Size) -> None:
    """Once: they take long, and nobody needs to know exactly how long."""
    others = [
        _side(bench, "read_table, row by row", "row_loop", size),
        _side(bench, "read_table into pandas", "with_pandas", size),
    ]
    bench.compare("activity, as written first", _size(size), _side(bench, OURS, "ours", size), others, repeats=1)


def _growth(bench: Bench, base: Size) -> None:
    """Twice the rows, and twice the rows and devices: in turns, so that a busy minute is busy for all of them."""
    rows, both = (2 * base[0], base[1]), (2 * base[0], 2 * base[1])
    repeats = 3
    half, *found = bench.in_turns("growth", [_side(bench, OURS, "ours", size) for size in (base, rows, both)], repeats)
    for name, size, whole, goal in (
        ("activity: twice the rows", rows, found[0], 2.1),
        ("activity: twice the rows and devices", both, found[1], 2.2),
    ):
        other = f"ours at {base[0]:,} events, {base[1]:,} devices"
        same: dict[str, Any] = {"size": _size(size), "other_name": other, "repeats": repeats}
        bench.add(name, ours=whole.seconds, other=half.seconds, peak_mb=whole.peak_mb, goal=goal, **same)
        bench.add(f"{name}: peak memory", ours=whole.peak_mb, other=half.peak_mb, unit="MB", **same)


def _bounded(bench: Bench, size: Size) -> None:
    """The setting that trades time for memory, beside what is without it."""
    repeats = 2
    sides = [
        _side(bench, OURS, "ours", size),
        _side(bench, f"ours with {BOUNDED}", "ours", size, settings=dict(BOUNDED)),
    ]
    free, bounded = bench.in_turns("within 1 GB", sides, repeats, equal=True)
    name = "activity within 1 GB"
    _bound(bench, f"{name}: peak memory", size, bounded, BOUNDED_PEAK_MB, repeats)
    bench.add(
        name,
        size=_size(size),
        ours=bounded.seconds,
        other=free.seconds,
        other_name="ours with all the memory it likes",
        peak_mb=bounded.peak_mb,
        repeats=repeats,
    )
    bench.note(f"Within 1 GB: {', '.join(f'`{key}: {value}`' for key, value in BOUNDED.items())} in source.yaml.")


def _bound(bench: Bench, name: str, size: Size, found: Measured, most: int, repeats: int) -> None:
    bench.add(
        name,
        size=_size(size),
        ours=found.peak_mb,
        other=most,
        other_name="the bound",
        unit="MB",
        goal=1,
        repeats=repeats,
    )


def _side(bench: Bench, name: str, module: str, size: Size, **more: Any) -> Side:  # noqa: ANN401 - a side's parameters
    events, devices = size
    fleet = Fleet(devices)
    with bench.progress(events // ROWS_PER_GROUP + 1, f"making up {events:,} events") as step:
        directory = files.make(bench.cache, fleet, events, step)
    return Side(name, f"benchmarks.activity.{module}", {"files": str(directory), "devices": devices, **more})


def _tell_parts(bench: Bench, timings: Path, size: Size) -> None:
    """How long computing and reading took: medians of what the side itself wrote down."""
    lines = [line.split() for line in timings.read_text().splitlines()]
    extracting, reading = (statistics.median(map(float, column)) for column in zip(*lines, strict=True))
    bench.note(
        f"{size[0]:,} events: of ours {extracting:.1f} s are the extraction, {reading:.1f} s reading what came of it."
    )


def _size(size: Size) -> dict[str, int]:
    return {"events": size[0], "devices": size[1]}
