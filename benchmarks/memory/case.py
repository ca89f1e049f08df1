"""Memory is flat: the peak of our own process, without the servers it talks to, for a fleet and for one with ten times
the parks and devices. A result table is read from a YT stand-in by the real client, computed, and stored in a real
PostgreSQL or printed; then what is stored is listed."""

import statistics
from functools import partial
from typing import Any

from benchmarks.harness.bench import Bench
from benchmarks.harness.side import Run, Side, run_once
from benchmarks.memory.ground import cluster, write_result
from benchmarks.store.fleet import Fleet
from benchmarks.stored.database import database

DEVICES = 50  # of a park
PARKS = {"small": 100, "full": 400}
TIMES = 10
MOST = 1.2
_REPEATS = 2
EXPORT = "export"


def measure(bench: Bench) -> None:
    parks = PARKS[bench.size]
    found: dict[str, list[float]] = {}
    with bench.progress(2 * 5 * _REPEATS, "a fleet, and ten times as much") as step:
        for number, of in enumerate((parks, parks * TIMES)):
            with (
                cluster(bench.scratch / f"yt-{number}") as proxy,
                database(bench.scratch / f"postgres-{number}") as engine,
            ):
                url = engine.url.render_as_string(hide_password=False)
                for name, side in sides(proxy, url, of).items():
                    runs = []
                    for _ in range(_REPEATS):
                        runs.append(run_once(side))
                        step()
                    found.setdefault(name, []).append(peak(runs))
    size = {"devices": parks * TIMES * DEVICES, "parks": parks * TIMES}
    add = partial(bench.add, size=size, other_name="a tenth of the devices and parks", unit="MB")
    for name, (less, more) in found.items():
        add(f"memory: {name}", ours=more, other=less, repeats=_REPEATS, goal=None if name == EXPORT else MOST)
    bench.note("A register has a row per camera, so export grows with them, not with days: no goal.")
    bench.note("Peaks are of our process alone, interpreter and libraries included, sampled every 50 ms.")


def sides(proxy: str, database_url: str, parks: int) -> dict[str, Side]:
    """What is done with each fleet, in this order: what is stored is listed afterwards."""
    fleet = Fleet(parks, DEVICES)
    ordered, in_pieces = (write_result(proxy, fleet, in_pieces) for in_pieces in (False, True))
    size: dict[str, Any] = {"parks": parks, "devices": DEVICES}
    return {
        "compute and store": _side("storing", proxy=proxy, table=ordered, database_url=database_url, **size),
        "compute and store, from lines in no order": _side(
            "storing", proxy=proxy, table=in_pieces, database_url=database_url, **size
        ),
        "preview --json": _side("printing", proxy=proxy, table=ordered, **size),
        "status --json": _side("listing", database_url=database_url, what="status"),
        EXPORT: _side("listing", database_url=database_url, what="export"),
    }


def _side(module: str, **parameters: Any) -> Side:  # noqa: ANN401 - whatever JSON holds
    return Side(module, f"benchmarks.memory.{module}", parameters)


def peak(runs: list[Run]) -> float:
    """The median; all runs of one side must have given one answer."""
    assert all(run.answer == runs[0].answer for run in runs), [run.answer for run in runs]
    return statistics.median(run.peak_mb for run in runs)
