from pathlib import Path

import pytest

from signalq_billing.devstack.steps import StackFailed, tail, wait_for


def test_waiting_ends_as_soon_as_it_is_ready(tmp_path: Path) -> None:
    answers = iter(["not yet", "not yet", None])
    wait_for("thing", lambda: next(answers), 5, lambda: tmp_path / "log")
    assert list(answers) == []


def test_a_step_that_takes_too_long_says_which_why_and_where(tmp_path: Path) -> None:
    log = tmp_path / "thing.log"
    log.write_text("first\nlast words\n")
    with pytest.raises(StackFailed) as failed:
        wait_for("thing", lambda: "it does not listen yet", 0.1, lambda: log)
    assert "thing failed" in str(failed.value)
    assert "it does not listen yet" in str(failed.value)
    assert "last words" in str(failed.value)
    assert str(log) in str(failed.value)
    assert failed.value.exit_code == 1


def test_waiting_ends_at_once_for_what_keeps_ending(tmp_path: Path) -> None:
    with pytest.raises(StackFailed, match="it cannot start"):
        wait_for("thing", lambda: "no", 600, lambda: tmp_path / "log", doomed=lambda: True)


def test_the_tail_is_the_end_of_the_log(tmp_path: Path) -> None:
    log = tmp_path / "log"
    log.write_text("".join(f"line {number}\n" for number in range(100_000)))
    assert tail(log, 2).split("\n") == ["    line 99998", "    line 99999"]


def test_a_log_nobody_wrote_has_a_tail(tmp_path: Path) -> None:
    assert "empty" in tail(tmp_path / "none")
