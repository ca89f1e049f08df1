"""`config diff`: what applying a directory would change, and with --money what the last periods would have paid."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from signalq_billing.cli.bootstrap import Wiring
from signalq_billing.cli.config_reading import Directory, JsonOption, load, problems_as_json

if TYPE_CHECKING:
    from collections.abc import Sequence

    from signalq_billing.domain.comparison import PeriodComparison
    from signalq_billing.domain.config import ParkConfig
    from signalq_billing.domain.configs import Configs

REFUSED = 3


def mount(app: typer.Typer) -> None:
    """Add the command to `config`."""
    app.command()(diff)


def diff(
    directory: Directory = None,
    money: Annotated[
        bool, typer.Option("--money", help="Also compute what the last complete periods would have paid.")
    ] = False,
    cadence: Annotated[
        list[str] | None, typer.Option("--cadence", "-c", help="With --money: only this cadence; may be repeated.")
    ] = None,
    period: Annotated[
        str | None,
        typer.Option("--period", "-p", help="With --money: the period that starts on this date, not the last one."),
    ] = None,
    in_force: Annotated[
        bool,
        typer.Option(
            "--in-force",
            help="With --money: price by the versions in force in that period, not by those that take effect later.",
        ),
    ] = False,
    top: Annotated[int, typer.Option("--top", min=1, help="How many rows to show.")] = 20,
    json: JsonOption = False,
) -> None:
    """Show what applying a directory would change, park by park; store nothing.

    With --money a park is priced by the newest version that the directory adds or changes for it, though that may take
    effect only later; where there is none, by the version in force in the period.

    Exit code 2 if it could not be applied, with all problems; 3 if a period cannot be compared.

    Example: signalq-billing config diff conf --money --cadence weekly_msk
    """
    from signalq_billing.cli import config_documents, config_tables, display
    from signalq_billing.errors import UsageError
    from signalq_billing.services import configs as service
    from signalq_billing.services.config_diff import diff as compare

    if not money and (cadence or period is not None or in_force):
        raise UsageError("--cadence, --period and --in-force choose what --money compares; add --money")
    wiring = Wiring()
    with problems_as_json(json):
        loaded = load(wiring, directory)
        stored = wiring.configs.current()
        found = compare(loaded, stored, service.compare(loaded, wiring.configs, stored))
    if not json:
        config_tables.print_diff(found, top)
    compared = None
    if money:
        compared = _compared(wiring, loaded, stored, cadence or (), period, in_force=in_force, quiet=json)
    if json:
        display.print_json(config_documents.diff_document(found, compared))
    else:
        told: set[str] = set()
        for each in compared or ():
            config_tables.print_comparison(each, top, told)
    if any(each.refused for each in compared or ()):
        raise typer.Exit(REFUSED)


def _compared(
    wiring: Wiring,
    configs: Configs,
    stored: Sequence[ParkConfig],
    cadences: Sequence[str],
    day: str | None,
    *,
    in_force: bool,
    quiet: bool,
) -> list[PeriodComparison]:
    from signalq_billing.cli import display
    from signalq_billing.services.config_money import MoneyComparer, periods_to_compare
    from signalq_billing.services.selecting import parse_date

    now = wiring.clock.now()
    periods = periods_to_compare(configs, cadences, parse_date(day) if day is not None else None, now)
    with display.progress(quiet) as announce:
        comparer = MoneyComparer(
            configs=configs,
            stored=stored,
            activity=wiring.activity_of(configs.source),
            payouts=wiring.payouts,
            metrics=wiring.metrics,
            now=now,
            announce=announce,
            in_force=in_force,
        )
        return [comparer.compare(each) for each in periods]
