"""results.json and runs.json: what a new run of a case replaces, and what it leaves."""

from pathlib import Path

import pytest

from benchmarks.harness import results
from benchmarks.harness.results import CaseRun, Row

KEYS = ["name", "size", "ours", "other", "other_name", "ratio", "unit", "peak_mb", "repeats"]


@pytest.fixture(autouse=True)
def _own_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(results, "RESULTS", tmp_path / "results.json")
    monkeypatch.setattr(results, "RUNS", tmp_path / "runs.json")


def row(name: str = "submit", size: str = "1,000 orders", ours: float = 1, other_name: str = "floor") -> Row:
    return Row(name, size, ours, 1, other_name, ours, "s", None, 3)


def kept() -> list[tuple[str, str, float]]:
    return [(each.name, each.size, each.ours) for each in results.load()[0]]


def test_a_case_replaces_what_it_said_at_the_same_size_even_what_it_says_no_longer() -> None:
    results.keep(CaseRun("submit", "full", "about"), [row(), row("trouble")])
    results.keep(CaseRun("submit", "small", "about"), [row(size="200 orders")])
    results.keep(CaseRun("submit", "full", "about"), [row(ours=2)])

    assert kept() == [("submit", "200 orders", 1), ("submit", "1,000 orders", 2)]


def test_other_cases_stay() -> None:
    results.keep(CaseRun("page", "full", "about"), [row("page")])
    results.keep(CaseRun("submit", "full", "about"), [row()])

    assert [each[0] for each in kept()] == ["page", "submit"]
    assert [run.case for run in results.load()[1]] == ["page", "submit"]


def test_a_row_has_the_agreed_keys() -> None:
    results.keep(CaseRun("submit", "full", "about"), [row()])

    assert list(results.json.loads(results.RESULTS.read_text())[0]) == KEYS


def test_sizes_are_told_with_their_nouns_and_drawn_over_the_first() -> None:
    assert results.size_text({"events": 20_000_000, "devices": 20_000}) == "20,000,000 events, 20,000 devices"
    assert results.first_number("20,000,000 events, 20,000 devices") == 20_000_000
