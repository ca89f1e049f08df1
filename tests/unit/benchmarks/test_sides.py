"""Sides of a comparison: what is measured of them, and that unequal answers keep no numbers."""

from pathlib import Path

import pytest
from rich.progress import Progress

from benchmarks.harness import process_tree
from benchmarks.harness.bench import AnswersDiffer, Bench
from benchmarks.harness.results import CaseRun
from benchmarks.harness.side import Run, Side, SideFailed, run_once

MODULE = "tests.unit.benchmarks.side"


def side(name: str = "ours", **parameters: object) -> Side:
    return Side(name, MODULE, parameters)


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(CaseRun("case", "small", "about"), Progress(disable=True), tmp_path, tmp_path)


@pytest.fixture
def looks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A file that grows by a byte with every look at the memory, so that a side can wait until it was looked at."""
    file, look = tmp_path / "looks", process_tree.own_mb
    file.touch()

    def counted(pid: int) -> float:
        found = look(pid)
        with file.open("ab") as counting:
            counting.write(b".")
        return found

    monkeypatch.setattr(process_tree, "own_mb", counted)
    return str(file)


def test_memory_is_that_of_the_whole_tree_while_it_runs(looks: str) -> None:
    small, own = run_once(side(prepared_mb=400)), run_once(side(own_mb=200, looks=looks))
    child = run_once(side(child_mb=200, looks=looks))

    assert small.peak_mb < 150
    assert 200 <= own.peak_mb < 300
    assert 200 <= child.peak_mb < 400


def test_preparing_is_not_timed_and_the_answer_comes_back_as_it_was() -> None:
    run = run_once(side(answer={"lines": 3, "digest": "ü"}))

    assert run.answer == {"lines": 3, "digest": "ü"}
    assert run.seconds >= 0.3
    assert run.cpu_seconds < run.seconds


def test_a_side_that_fails_says_why() -> None:
    with pytest.raises(SideFailed, match=r"ours: (?s:.)*the disk of the sample is full"):
        run_once(side(fails=True))


def test_a_comparison_gives_a_row_of_time_and_one_of_memory_per_other_side(bench: Bench) -> None:
    found = bench.compare("sum", {"events": 2000, "devices": 3}, side(), [side("peer")], repeats=2, goal=0.77)

    assert [len(each.runs) for each in found.values()] == [2, 2]
    assert [(row.name, row.size, row.other_name, row.unit, row.repeats) for row in bench.rows] == [
        ("sum", "2,000 events, 3 devices", "peer", "s", 2),
        ("sum: peak memory", "2,000 events, 3 devices", "peer", "MB", 2),
    ]
    assert bench.run.goals == {bench.rows[0].key: 0.77}
    assert bench.rows[0].ratio == pytest.approx(bench.rows[0].ours / bench.rows[0].other, rel=0.01)


def test_unequal_answers_keep_no_numbers(bench: Bench) -> None:
    with pytest.raises(AnswersDiffer, match=r"sum, 1 events: ours says 1, peer says 2"):
        bench.compare("sum", {"events": 1}, side(answer=1), [side("peer", answer=2)], repeats=1)

    assert bench.rows == []


def test_sides_take_turns_and_come_back_in_their_own_order(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    ran: list[str] = []

    def runs(side: Side) -> Run:
        ran.append(side.name)
        return Run(float(len(ran)), 0.0, 1.0, 0.25 if len(ran) == 4 else 0.0, side.name)

    monkeypatch.setattr("benchmarks.harness.bench.run_once", runs)
    found = bench.in_turns("growth", [side("one"), side("two"), side("ten")], 3)

    assert ran == ["one", "two", "ten", "two", "ten", "one", "ten", "one", "two"]
    assert [(each.answer, each.seconds) for each in found] == [("one", 6.0), ("two", 4.0), ("ten", 5.0)]
    assert bench.run.elsewhere == 0.25


def test_a_side_that_answers_differently_the_next_time_measures_nothing(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    answers = iter([1, 2, 2, 3])
    monkeypatch.setattr("benchmarks.harness.bench.run_once", lambda _: Run(1.0, 1.0, 1.0, 0.0, next(answers)))

    with pytest.raises(AnswersDiffer, match=r"growth: one says 1, one says 3"):
        bench.in_turns("growth", [side("one"), side("two")], 2)
