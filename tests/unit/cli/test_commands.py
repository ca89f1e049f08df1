"""Every command: an example that parses, one name for one thing, and help at once."""

import datetime as dt
import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
import typer
from typer.testing import CliRunner

from signalq_billing.cli.main import app
from signalq_billing.settings import settings

# What stands for one thing is called the same everywhere: option -> how its short form is called.
SAME_EVERYWHERE = {"--cadence": "-c", "--period": "-p", "--output": "-o", "--data": None, "--by": None, "--note": None}
OTHER_NAMES = {"--out", "--file", "--name", "--dry", "--preview", "--author", "--comment", "--parks", "--cadences"}
PRINTS_NO_LISTING = {"db upgrade", "db grant", "dev up", "dev down", "dev env", "dev seed", "dev demo"}


def commands(group: object, path: tuple[str, ...] = ()) -> Iterator[tuple[str, object]]:
    for name, command in sorted(group.commands.items()):  # type: ignore[attr-defined]
        if hasattr(command, "commands"):
            yield from commands(command, (*path, name))
        else:
            yield " ".join((*path, name)), command


ALL = dict(commands(typer.main.get_command(app)))


def options(name: str) -> dict[str, list[str]]:
    """The command's options: the long name, and all names it has."""
    return {each.opts[0]: [*each.opts] for each in ALL[name].params if each.opts[0].startswith("--")}  # type: ignore[attr-defined]


def examples(name: str) -> list[str]:
    text = " ".join((ALL[name].help or "").split())  # type: ignore[attr-defined]
    found = re.findall(r"Example(?:, [^:]*)?: [*/0-9 ]*(.*?)(?= Example[:,]|$)", text)  # of cron, or none
    return [match.removeprefix('eval "$(').removesuffix(')"') for match in found]


@pytest.mark.parametrize("name", ALL)
def test_every_command_has_an_example_that_is_one_of_its_own(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "conf").mkdir()
    monkeypatch.chdir(tmp_path)
    found = examples(name)
    assert found
    for example in found:
        program, *words = shlex.split(example)
        assert program == "signalq-billing"
        assert " ".join(words).startswith(name)
        # Parsed as it stands: options that there are, arguments that fit; not run.
        ALL[name].make_context(name, words[len(name.split()) :])  # type: ignore[attr-defined]


@pytest.mark.parametrize("name", ALL)
def test_one_thing_has_one_name_in_every_command(name: str) -> None:
    named = options(name)
    assert set(named) & OTHER_NAMES == set()
    for option, short in SAME_EVERYWHERE.items():
        if option in named and short:
            assert short in named[option]


@pytest.mark.parametrize("name", sorted(ALL.keys() - PRINTS_NO_LISTING))
def test_every_command_that_tells_something_tells_it_to_programs_too(name: str) -> None:
    assert "--json" in options(name)


@pytest.mark.parametrize("name", ["", *ALL])
def test_help_fits_eighty_columns_and_is_there_without_any_connection(name: str) -> None:
    result = CliRunner().invoke(app, [*name.split(), "--help"], env={"COLUMNS": "80", "NO_COLOR": "1"})
    assert result.exit_code == 0
    assert max(len(line) for line in result.stdout.splitlines()) <= 80


def test_completion_can_be_installed() -> None:
    result = CliRunner().invoke(app, ["--help"], env={"COLUMNS": "80"})
    assert "--install-completion" in result.stdout
    assert "--show-completion" in result.stdout


def completed(words: str, config: Path) -> list[str]:
    """What bash is offered for the last word."""
    said = CliRunner().invoke(
        app,
        [],
        prog_name="signalq-billing",
        env={
            "_SIGNALQ_BILLING_COMPLETE": "complete_bash",
            "COMP_WORDS": words,
            "COMP_CWORD": str(len(words.split(" ")) - 1),
            "SIGNALQ_BILLING_CONFIG": str(config),
        },
    )
    assert said.stderr == ""
    return said.stdout.split()


def test_the_shell_completes_commands_cadences_and_periods(tmp_path: Path) -> None:
    cadence = "{name: weekly_msk, every: week, count: 1, anchor: 2024-01-01, timezone: Europe/Moscow}"
    (tmp_path / "cadences.yaml").write_text(f"- {cadence}\n")
    settings.cache_clear()
    assert completed("signalq-billing prev", tmp_path) == ["preview"]
    assert completed("signalq-billing run --cadence w", tmp_path) == ["weekly_msk"]
    found = completed("signalq-billing run --cadence weekly_msk --period 2", tmp_path)
    assert len(found) == 8
    assert all(dt.date.fromisoformat(name).weekday() == 0 for name in found)
    settings.cache_clear()


def test_completing_without_a_config_offers_nothing_and_complains_of_nothing(tmp_path: Path) -> None:
    settings.cache_clear()
    assert completed("signalq-billing run --cadence w", tmp_path / "gone") == []
    settings.cache_clear()


def test_a_command_that_is_misspelt_is_bad_usage() -> None:
    assert CliRunner().invoke(app, ["pervew"]).exit_code == 2
    assert click.UsageError.exit_code == 2
