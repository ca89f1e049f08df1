"""Growth curves: for every name measured at several sizes, ours and the others over the size, both axes logarithmic."""

import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from itertools import groupby
from pathlib import Path

import matplotlib as mpl
from matplotlib.figure import Figure
from matplotlib.ticker import EngFormatter, LogLocator, NullFormatter

from benchmarks.harness.results import Row, first_number

mpl.rcParams["svg.hashsalt"] = "signalq-billing"  # the same numbers give the same file
_COLOURS = ("#0b6e4f", "#c8553d", "#2d5d9f", "#8d6a9f", "#b08900", "#5c6b73", "#d17ba0")
Points = dict[str, dict[int, float]]


def draw(rows: Sequence[Row], directory: Path, case: str) -> list[tuple[str, Path]]:
    """Charts of one case: title and file of each."""
    drawn = []
    for (name, unit), same in groupby(sorted(rows, key=_kind), key=_kind):
        points, over = _points(list(same))
        if len(points.get("ours", {})) < 2:
            continue
        file = directory / f"{case}-{re.sub(r'[^a-z0-9]+', '-', name.lower()).strip('-')}.svg"
        _chart(f"{name}, {unit}", over, points, file)
        drawn.append((f"{name}, {unit}", file))
    return drawn


def _kind(row: Row) -> tuple[str, str]:
    return row.name, row.unit


def _points(rows: Sequence[Row]) -> tuple[Points, str]:
    """Of sizes that share their first number the last is drawn: what varies besides has charts of its own."""
    points: Points = defaultdict(dict)
    for row in rows:
        points["ours"][first_number(row.size)] = row.ours
        points[row.other_name][first_number(row.size)] = row.other
    return points, rows[0].size.split(", ")[0].partition(" ")[2]


def _chart(title: str, over: str, points: Points, file: Path) -> None:
    figure = Figure(figsize=(6.4, 3.6), layout="constrained")
    axes = figure.add_subplot(xscale="log", yscale="log", title=title, xlabel=over)
    for colour, (name, found) in zip(_cycled(len(points)), points.items(), strict=True):
        at = sorted(found)
        width = 2.4 if name == "ours" else 1.4
        axes.plot(at, [found[each] for each in at], marker="o", label=name, color=colour, linewidth=width, markersize=4)
    ours = points["ours"]
    first, last = min(ours), max(ours)
    in_line = [ours[first], ours[first] * last / first]
    axes.plot([first, last], in_line, linestyle=":", color="#999999", label="in line with the size", linewidth=1)
    for axis, formatter in ((axes.xaxis, EngFormatter(sep="")), (axes.yaxis, "{x:,g}")):
        axis.set_major_locator(LogLocator(subs=(1, 2, 5)))
        axis.set_major_formatter(formatter)
        axis.set_minor_formatter(NullFormatter())
    axes.grid(visible=True, which="major", color="#e4e4e4")
    axes.legend(fontsize=8, frameon=False)
    figure.savefig(file, metadata={"Date": None})


def _cycled(count: int) -> Iterator[str]:
    for number in range(count):
        yield _COLOURS[number % len(_COLOURS)]
