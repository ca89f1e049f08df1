"""`config check|apply|show`: park configs from files to the database that runs read them from."""

from __future__ import annotations

import datetime as dt
import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from signalq_billing.cli.bootstrap import DATABASE, Wiring

if TYPE_CHECKING:
    from signalq_billing.domain.config import ParkConfig
    from signalq_billing.domain.configs import Configs
    from signalq_billing.services.configs import ConfigChanges

app = typer.Typer(no_args_is_help=True, help="Check, apply and show park configs.")

Directory = Annotated[
    Path | None,
    typer.Argument(help="Directory of cadences.yaml, parks/*.yaml, ...; default: SIGNALQ_BILLING_CONFIG.", exists=True),
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON for programs.")]


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
    with _problems_as_json(json):
        loaded = _load(wiring, directory)
        stored = wiring.configs.current() if compare else []
        changes = service.check(loaded, stored, wiring.configs.paid_versions() if compare else ())
    _tell(changes, "if applied" if compare else "valid; applied to an empty database", json=json)


@app.command()
def apply(directory: Directory = None, json: JsonOption = False) -> None:
    """Check everything and store it, whole or not at all, with who and when.

    Example: signalq-billing config apply conf
    """
    from signalq_billing.services import configs as service

    wiring = Wiring()
    with _problems_as_json(json):
        changes = service.apply(_load(wiring, directory), wiring.configs, wiring.actor)
    _tell(changes, "applied", json=json)


@app.command()
def show(
    park: Annotated[str, typer.Argument(help="A park id.")],
    at: Annotated[str | None, typer.Option("--at", help="Local date; default: today.")] = None,
    json: JsonOption = False,
) -> None:
    """Show a park's versions and the one in force on a date.

    Example: signalq-billing config show park-7f3a --at 2026-11-16
    """
    import yaml

    from signalq_billing.cli import display
    from signalq_billing.domain.config_body import to_body
    from signalq_billing.services import configs as service
    from signalq_billing.services.selecting import parse_date

    day = parse_date(at, "--at") if at else dt.datetime.now(dt.UTC).date()
    shown = service.show(Wiring().configs, park, day)
    body = to_body(shown.in_force) if shown.in_force else None
    if json:
        versions = [{"config_version": each.version, "enabled": each.enabled, "cadence": each.cadence,
                     "paid_with": each.effective_from in shown.paid} for each in shown.versions]  # fmt: skip
        display.print_json({"park_id": park, "at": day.isoformat(), "in_force": body, "versions": versions})
        return
    made = display.table("config version", "cadence", "enabled", "paid with", f"in force on {day}")
    for each in shown.versions:
        made.add_row(each.version, each.cadence, _yes(each.enabled), _yes(each.effective_from in shown.paid),
                     _yes(each == shown.in_force))  # fmt: skip
    display.print_table(made)
    typer.echo(yaml.safe_dump(body, sort_keys=False, allow_unicode=True) if body else f"nothing is in force on {day}")


class _problems_as_json:
    """With --json, problems are printed as JSON too; the exit code stays."""

    def __init__(self, wanted: bool) -> None:
        self._wanted = wanted

    def __enter__(self) -> None: ...

    def __exit__(self, kind: object, error: object, trace: object) -> None:
        from signalq_billing.cli import display
        from signalq_billing.errors import ConfigInvalid

        if self._wanted and isinstance(error, ConfigInvalid):
            rows = [{"file": p.file, "line": p.line, "park_id": p.park_id, "field": p.field, "message": p.message}
                    for p in error.problems]  # fmt: skip
            display.print_json({"problems": rows})
            raise typer.Exit(error.exit_code)


def _load(wiring: Wiring, directory: Path | None) -> Configs:
    from signalq_billing.adapters.config_files import load

    return load(directory or wiring.settings.config_directory)


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
    for warning in changes.warnings:
        typer.echo(f"warning: {warning}", err=True)
    if changes.kept:
        typer.echo(
            f"{len(changes.kept)} applied versions are not in the directory and stay in force: "
            f"{', '.join(names(changes.kept)[:5])}{' ...' if len(changes.kept) > 5 else ''}. "
            "To stop paying a park write a version with `enabled: false`",
            err=True,
        )
    counts = f"{len(changes.added)} added, {len(changes.changed)} changed, {len(changes.unchanged)} unchanged"
    typer.echo(f"park configs, {verb}: {counts}")


def _yes(value: bool) -> str:
    return "yes" if value else ""
