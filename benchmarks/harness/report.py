"""docs/performance.md, written whole from results.json and runs.json: nothing in it is typed by hand."""

from collections.abc import Iterator, Sequence
from itertools import groupby
from pathlib import Path

from benchmarks.harness import charts, results
from benchmarks.harness.results import CaseRun, Row

DOCS = Path(__file__).parents[2] / "docs"
PAGE, CHARTS = DOCS / "performance.md", DOCS / "performance"
HEAD = """# Performance

Written by `make bench` (`SIZE=small` or `full`, `ONLY=case` for one); nothing here is typed by hand. The numbers are
[benchmarks/results.json](../benchmarks/results.json); runs.json beside it says what they were measured on, and
`benchmarks/<case>/` how.

- **ratio** is ours / other: below 1 we are quicker, or smaller. **goal** is the largest ratio wanted; ✗: missed.
- Every number is a median of *n* repeats. The sides of a comparison take turns within one run, each in a process of
  its own, and their answers are checked to be equal: a comparison whose answers differ keeps no numbers.
- **peak** is anonymous and shared memory of the whole process tree, ours, in MB (10^6 bytes).
- Seconds mean little on machines that are shared; ratios mean more. *Elsewhere* is the largest share of the processors
  that other processes took during a run: where it is high, so is the noise.
"""


def write() -> list[Path]:
    """Write the page and its charts. Returns every file written."""
    rows, runs = results.load()
    CHARTS.mkdir(parents=True, exist_ok=True)
    parts, files = [HEAD], [results.RESULTS, results.RUNS, PAGE]
    for case, both in groupby(runs, key=lambda run: run.case):
        sizes = list(both)
        parts.append(f"## {case}\n\n{sizes[0].about}\n")
        keys = {key for run in sizes for key in run.rows}
        drawn = charts.draw([row for row in rows if row.key in keys], CHARTS, case)
        parts.extend(f"![{title}](performance/{file.name})\n" for title, file in drawn)
        files.extend(file for _, file in drawn)
        parts.extend(_run(run, rows) for run in sizes)
    PAGE.write_text("\n".join(parts))
    for stale in set(CHARTS.glob("*.svg")) - set(files):
        stale.unlink()
    return files


def _run(run: CaseRun, rows: Sequence[Row]) -> str:
    known = {row.key: row for row in rows}
    table = "\n".join(_lines(run, [known[key] for key in run.rows]))
    on = ", ".join(f"{name} {value}" for name, value in run.machine.items())
    told = f"SIZE={run.size}, {run.at}, {run.seconds:,.0f} s in all, elsewhere {run.elsewhere:.0%}; {on}."
    notes = "".join(f"- {note}\n" for note in run.notes)
    return f"### {run.case}, {run.size}\n\n{table}\n\n{notes}\n{told}\n"


def _lines(run: CaseRun, rows: Sequence[Row]) -> Iterator[str]:
    yield "| what | size | ours | other | | ratio | goal | peak, MB | n |"
    yield "|---|---|--:|--:|---|--:|--:|--:|--:|"
    for row in rows:
        goal = run.goals.get(row.key)
        wanted = "" if goal is None else f"{'✓' if row.ratio <= goal else '✗'} ≤ {goal:g}"
        peak = "" if row.peak_mb is None else f"{row.peak_mb:,.0f}"
        cells = [row.name, row.size, _number(row.ours, row.unit), _number(row.other, row.unit), row.other_name]
        yield "| " + " | ".join([*cells, f"**{row.ratio:.2f}**", wanted, peak, str(row.repeats)]) + " |"


def _number(number: float, unit: str) -> str:
    return f"{number:,.0f} {unit}" if number >= 1000 else f"{number:.4g} {unit}"
