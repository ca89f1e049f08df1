"""`python -m benchmarks --size small|full`: run the cases, keep their numbers, write docs/performance.md and what
docs/scaling.md works out from them."""

import argparse
import datetime as dt
import importlib
import shutil
import sys
import tempfile
import time
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from benchmarks import plan
from benchmarks.harness import machine, report, results
from benchmarks.harness.bench import Bench
from benchmarks.harness.results import CaseRun, Row

HERE = Path(__file__).parent
CACHE = HERE.parent / ".bench"


def cases() -> list[str]:
    return sorted(file.parent.name for file in HERE.glob("*/case.py"))


def measure(case: str, size: str, console: Console) -> bool:
    """Run one case and keep what it found; whether it came to its end."""
    module = importlib.import_module(f"benchmarks.{case}.case")
    about = (module.__doc__ or "").strip()
    run = CaseRun(case, size, about, at=dt.datetime.now(dt.UTC).isoformat(timespec="minutes"), machine=machine.told())
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    scratch, began = Path(tempfile.mkdtemp(prefix=f"bench-{case}-")), time.perf_counter()
    CACHE.mkdir(exist_ok=True)
    console.rule(f"{case}, {size}")
    try:
        with Progress(*columns, console=console, transient=True) as progress:
            bench = Bench(run, progress, scratch, CACHE)
            module.measure(bench)
    except Exception:
        console.print_exception()
        console.print(f"[red]{case}: nothing of it was kept[/red]")
        return False
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    run.seconds = round(time.perf_counter() - began)
    results.keep(run, bench.rows)
    show(bench.rows, run, console)
    return True


def show(rows: list[Row], run: CaseRun, console: Console) -> None:
    table = Table("what", "size", "ours", "other", "", "ratio", "goal")
    for row in rows:
        goal = run.goals.get(row.key)
        ours, other = f"{row.ours:,g} {row.unit}", f"{row.other:,g} {row.unit}"
        colour = "" if goal is None else "[green]" if row.ratio <= goal else "[red]"
        wanted = "" if goal is None else f"{colour}<= {goal:g}"
        table.add_row(row.name, row.size, ours, other, row.other_name, f"{colour}{row.ratio:.2f}", wanted)
    console.print(table)
    for note in run.notes:
        console.print(f"- {note}", highlight=False, markup=False)


def main() -> int:
    wanted = argparse.ArgumentParser(description=__doc__)
    wanted.add_argument("--size", choices=["small", "full"], default="small")
    wanted.add_argument(
        "--only", action="append", default=[], choices=cases(), help="one case; may be given many times"
    )
    told = wanted.parse_args()
    console = Console(width=None if sys.stdout.isatty() else 150)
    fine = [measure(case, told.size, console) for case in told.only or cases()]
    written = [*report.write(), plan.write()]
    console.print("written: " + ", ".join(str(file.relative_to(HERE.parent)) for file in written))
    return 0 if all(fine) else 1


if __name__ == "__main__":
    sys.exit(main())
