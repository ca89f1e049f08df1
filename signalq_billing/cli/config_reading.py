"""What the config commands share: their options, the directory as read, problems and warnings as they are told."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from signalq_billing.cli.bootstrap import Wiring
    from signalq_billing.domain.config import ParkConfig
    from signalq_billing.domain.configs import Configs
    from signalq_billing.errors import ConfigProblem

MOST_WARNINGS = 20
MOST_NAMES = 5

Directory = Annotated[
    Path | None,
    typer.Argument(
        help="Directory of cadences.yaml, parks/*.yaml, ...; default: SIGNALQ_BILLING_CONFIG.",
        exists=True,
        file_okay=False,
    ),
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON for programs.")]


def load(wiring: Wiring, directory: Path | None) -> Configs:
    """The directory, or the one the service goes by. Raises ConfigInvalid with all of its problems."""
    from signalq_billing.adapters.config_files import load as load_directory

    return load_directory(directory or wiring.settings.config_directory)


class problems_as_json:
    """With --json, problems are printed as JSON too; the exit code stays."""

    def __init__(self, wanted: bool) -> None:
        self._wanted = wanted

    def __enter__(self) -> None: ...

    def __exit__(self, kind: object, error: object, trace: object) -> None:
        from signalq_billing.cli import display
        from signalq_billing.errors import ConfigInvalid

        if self._wanted and isinstance(error, ConfigInvalid):
            document = {"problems": [_problem(each) for each in error.problems]}
            if error.warnings:
                document["warnings"] = [_problem(each) for each in error.warnings]
            display.print_json(document)
            raise typer.Exit(error.exit_code)


def _problem(problem: ConfigProblem) -> dict[str, str | int]:
    return {
        "file": problem.file,
        "line": problem.line,
        "park_id": problem.park_id,
        "field": problem.field,
        "message": problem.message,
    }


def tell_warnings(warnings: Sequence[ConfigProblem]) -> None:
    """Warnings on standard error, the first twenty of them."""
    from signalq_billing.errors import told_once

    told = told_once(warnings)
    for warning in told[:MOST_WARNINGS]:
        typer.echo(f"warning: {warning}", err=True)
    if len(told) > MOST_WARNINGS:
        typer.echo(f"warning: and {len(told) - MOST_WARNINGS:,} more; `--json` lists all of them", err=True)


def tell_kept(kept: Sequence[ParkConfig]) -> None:
    """On standard error: which applied versions the directory does not have, and how to stop paying a park."""
    if not kept:
        return
    shown = some([f"{config.park_id} {config.version}" for config in kept])
    which = (
        f"{len(kept):,} applied versions are not in the directory and stay"
        if len(kept) > 1
        else "1 applied version is not in the directory and stays"
    )
    typer.echo(f"{which} in force: {shown}. To stop paying a park write a version with `enabled: false`", err=True)


def some(names: Sequence[str], most: int = MOST_NAMES) -> str:
    """The first few names, and how many more there are."""
    more = f" and {len(names) - most:,} more" if len(names) > most else ""
    return ", ".join(names[:most]) + more
