"""`config check|apply|show`: park configs from files to the database that runs read them from."""

from __future__ import annotations

import datetime as dt
import os
from typing import TYPE_CHECKING, Annotated

import typer

from signalq_billing.cli import config_diff
from signalq_billing.cli.bootstrap import DATABASE, Wiring
from signalq_billing.cli.config_reading import (
    Directory,
    JsonOption,
    load,
    problems_as_json,
    tell_kept,
    tell_warnings,
)

if TYPE_CHECKING:
    from signalq_billing.domain.config import ParkConfig
    from signalq_billing.services.configs import ConfigChanges

app = typer.Typer(no_args_is_help=True, help="Check, compare, apply and show park configs.")


@app.command()
def check(
    directory: Directory = None,
    offline: Annotated[bool, typer.Option("--offline", help="Do not compare with what is applied.")] = False,
    json: JsonOption = False,
) -> None:
    """Report every problem at once: file, line, park, field, what is wrong, what would be right.

    Also compares with the versions that are applied, if the database is known.

    Example: signalq-billing config check conf
    """
    from signalq_billing.connections import from_environment
    from signalq_billing.services import configs as service

    wiring = Wiring()
    compare = not offline and from_environment(DATABASE, os.environ) is not None
    with problems_as_json(json):
        loaded = load(wiring, directory)
        changes = service.compare(loaded, wiring.configs) if compare else service.check(loaded, [])
    _tell(changes, "if applied" if compare else "valid; applied to an empty database", json=json)


config_diff.mount(app)


@app.command()
def apply(directory: Directory = None, json: JsonOption = False) -> None:
    """Check everything and store it, whole or not at all, with who and when.

    Example: signalq-billing config apply conf
    """
    from signalq_billing.cli import display
    from signalq_billing.services import configs as service

    wiring = Wiring()
    with problems_as_json(json), display.progress(quiet=json) as announce:
        announce("reading and checking every file")
        loaded = load(wiring, directory)
        announce(f"storing {len(loaded.park_configs):,} versions, whole or not at all")
        changes = service.apply(loaded, wiring.configs, wiring.actor)
    _tell(changes, "applied", json=json)


@app.command()
def show(
    park: Annotated[str, typer.Argument(help="A park id.")],
    at: Annotated[str | None, typer.Option("--at", help="Local date; default: today.")] = None,
    all_versions: Annotated[
        bool, typer.Option("--all", help="Also versions that others of their date took the place of.")
    ] = False,
    json: JsonOption = False,
) -> None:
    """Show a park's versions, who applied each and when, and the one in force on a date.

    Example: signalq-billing config show park-7f3a --at 2026-11-16
    """
    from signalq_billing.cli import config_tables, display
    from signalq_billing.cli.config_documents import shown_document
    from signalq_billing.services import configs as service
    from signalq_billing.services.selecting import parse_date

    day = parse_date(at, "--at") if at else dt.datetime.now(dt.UTC).date()
    shown = service.show(Wiring().configs, park, day, superseded=all_versions)
    if json:
        display.print_json(shown_document(shown))
    else:
        config_tables.print_shown(shown)


def _tell(changes: ConfigChanges, verb: str, *, json: bool) -> None:
    from signalq_billing.cli import display

    def names(configs: tuple[ParkConfig, ...]) -> list[str]:
        return [f"{config.park_id} {config.version}" for config in configs]

    if json:
        display.print_json(
            {
                "added": names(changes.added),
                "changed": names(changes.changed),
                "unchanged": len(changes.unchanged),
                "kept": names(changes.kept),
                "warnings": [str(warning) for warning in changes.warnings],
            }
        )
        return
    tell_warnings(changes.warnings)
    tell_kept(changes.kept)
    counts = f"{len(changes.added):,} added, {len(changes.changed):,} changed, {len(changes.unchanged):,} unchanged"
    typer.echo(f"park configs, {verb}: {counts}")
