"""Rows of results.json, and what else is known of the runs they are from (runs.json): machine, goals, notes."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path

DIRECTORY = Path(__file__).parents[1]
RESULTS, RUNS = DIRECTORY / "results.json", DIRECTORY / "runs.json"


@dataclass(frozen=True, slots=True)
class Row:
    """One number beside another: medians over `repeats`; `ratio` is ours / other, so that less is better for us."""

    name: str
    size: str
    ours: float
    other: float
    other_name: str
    ratio: float
    unit: str
    peak_mb: float | None
    repeats: int

    @property
    def key(self) -> str:
        return " | ".join((self.name, self.size, self.other_name, self.unit))


@dataclass(slots=True)
class CaseRun:
    """One run of one case at one SIZE: what it is about, on what machine, its rows and what they should be."""

    case: str
    size: str
    about: str
    at: str = ""
    machine: dict[str, str] = field(default_factory=dict)
    seconds: float = 0
    elsewhere: float = 0
    rows: list[str] = field(default_factory=list)
    goals: dict[str, float] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)


def size_text(size: Mapping[str, int]) -> str:
    """{"events": 20_000_000, "devices": 20_000} as "20,000,000 events, 20,000 devices"."""
    return ", ".join(f"{number:,} {what}" for what, number in size.items())


def first_number(size: str) -> int:
    """What a growth curve is drawn over: the first number of a size."""
    return int(size.split(" ")[0].replace(",", ""))


def rounded(number: float) -> float:
    """Four digits: more would be noise."""
    return float(f"{number:.4g}")


def load() -> tuple[list[Row], list[CaseRun]]:
    rows = [Row(**each) for each in json.loads(RESULTS.read_text())] if RESULTS.exists() else []
    runs = [CaseRun(**each) for each in json.loads(RUNS.read_text())] if RUNS.exists() else []
    return rows, runs


def keep(run: CaseRun, rows: Iterable[Row]) -> None:
    """Put a case's new rows in the place of those that the same case gave at the same SIZE before."""
    made = list(rows)
    old_rows, old_runs = load()
    run.rows = [row.key for row in made]
    gone = {key for each in old_runs if (each.case, each.size) == (run.case, run.size) for key in each.rows}
    kept_rows = [row for row in old_rows if row.key not in gone | set(run.rows)]
    kept_runs = [each for each in old_runs if (each.case, each.size) != (run.case, run.size)]
    _write(RESULTS, sorted([asdict(row) for row in [*kept_rows, *made]], key=_place))
    _write(RUNS, sorted([asdict(each) for each in [*kept_runs, run]], key=lambda each: (each["case"], each["size"])))


def _place(row: Mapping[str, object]) -> tuple[object, ...]:
    return row["name"], first_number(str(row["size"])), row["size"], row["other_name"], row["unit"]


def _write(file: Path, content: object) -> None:
    file.write_text(json.dumps(content, indent=1, ensure_ascii=False) + "\n")
