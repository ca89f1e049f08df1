"""Commands about payouts: preview, run, reconcile, status."""

from __future__ import annotations

from contextlib import ExitStack
from itertools import chain, islice
from typing import TYPE_CHECKING, Annotated

import typer

from signalq_billing.cli import completion
from signalq_billing.cli.bootstrap import Wiring
from signalq_billing.cli.reconcile import reconcile

if TYPE_CHECKING:
    from signalq_billing.domain.config import ParkConfig
    from signalq_billing.domain.period import Period
    from signalq_billing.services.submit import SubmitReport

CadenceOption = Annotated[
    str,
    typer.Option("--cadence", "-c", help="A cadence of cadences.yaml.", autocompletion=completion.cadences),
]
PeriodOption = Annotated[
    str | None,
    typer.Option(
        "--period",
        "-p",
        help="First local date of the period; default: the last complete one.",
        autocompletion=completion.periods,
    ),
]
ParksOption = Annotated[
    list[str] | None, typer.Option("--park", help="Only this park; may be given many times. Default: all parks.")
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON for programs.")]


def mount(app: typer.Typer) -> None:
    """Add the commands to the command line."""
    app.command()(preview)
    app.command()(run)
    app.command()(reconcile)
    app.command()(status)


def preview(
    cadence: CadenceOption, period: PeriodOption = None, park: ParksOption = None, json: JsonOption = False
) -> None:
    """Compute what a period pays; store and send nothing.

    Example: signalq-billing preview --cadence weekly_msk --period 2026-11-16 --park park-7f3a --json
    """
    from signalq_billing.cli import display
    from signalq_billing.cli.documents import preview_document
    from signalq_billing.cli.source_text import print_source
    from signalq_billing.services.preview import preview as compute_preview

    wiring = Wiring()
    now = wiring.clock.now()
    chosen = _period(wiring, cadence, period)
    configs = _configs(wiring, chosen, park)
    computing = compute_preview(
        *(chosen, configs),
        source=wiring.config.source,
        activity=wiring.activity,
        metrics=wiring.metrics,
        now=now,
        narrow=bool(park),
    )
    with ExitStack() as stack:
        with display.progress(quiet=json) as announce:
            announce(f"computing {chosen} in YTsaurus")
            result = stack.enter_context(computing)
        if json:
            display.print_json(preview_document(result))
        else:
            display.print_payouts(result.payouts)
            print_source(result.snapshot)
    for problem in result.not_computed:
        typer.echo(f"not computed: {problem}", err=True)
    if result.not_computed:
        raise typer.Exit(1)


def run(
    cadence: CadenceOption,
    period: PeriodOption = None,
    park: ParksOption = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Same as preview: store and send nothing.")] = False,
    no_submit: Annotated[
        bool, typer.Option("--no-submit", help="Compute and store only: billing-orders is not even asked.")
    ] = False,
    json: JsonOption = False,
) -> None:
    """Do what the payouts DAG does, for one period: extract, compute, create orders. Safe to repeat.

    Example: signalq-billing run --cadence weekly_msk --period 2026-11-16
    """
    from signalq_billing.cli import display
    from signalq_billing.cli.documents import run_document
    from signalq_billing.cli.source_text import print_source

    if dry_run:
        preview(cadence, period, park, json)
        return
    wiring = Wiring()
    chosen = _period(wiring, cadence, period)
    configs = _configs(wiring, chosen, park)
    with display.progress(quiet=json) as announce:
        runner, now = wiring.runner(announce), wiring.clock.now()
        result = runner.run(chosen, configs, all_parks=not park, now=now, submit=not no_submit)
    if json:
        display.print_json(run_document(result))
    else:
        display.print_progress(result.payouts)
        print_source(result.snapshot)
        typer.echo(_hint_by_hand(chosen) if no_submit else _orders_text(result.orders))
    for problem in [*result.orders.problems, *result.warnings]:
        typer.echo(problem, err=True)
    if result.unfinished:
        for each in result.unfinished:
            typer.echo(f"not settled: {each}", err=True)
        typer.echo("Run again once that is mended; what is not created yet is also left to reconcile.", err=True)
        raise typer.Exit(1)
    if result.held:
        raise typer.Exit(3)


def _orders_text(orders: SubmitReport) -> str:
    return (
        f"orders: {orders.created} created now, {orders.found} found created, {orders.already_created} before, "
        f"{orders.held} held"
    )


def _hint_by_hand(period: Period) -> str:
    return (
        "nothing was sent: the next run or reconcile sends what is stored. To pay by hand, keep it back first: "
        f"`signalq-billing export -c {period.cadence} -p {period.name} --output FILE.xlsx --hold REASON`"
    )


def status(
    cadence: Annotated[
        str | None,
        typer.Option("--cadence", "-c", help="Only this cadence.", autocompletion=completion.cadences),
    ] = None,
    period: Annotated[
        str | None,
        typer.Option(
            "--period", "-p", help="Only the period that starts on this date.", autocompletion=completion.periods
        ),
    ] = None,
    json: JsonOption = False,
) -> None:
    """Show how far every payout got.

    Example: signalq-billing status --cadence weekly_msk --period 2026-11-16
    """
    from signalq_billing.cli import display
    from signalq_billing.cli.documents import payout_document
    from signalq_billing.services.selecting import cadence_named, parse_date

    wiring = Wiring()
    payouts = wiring.payouts.each_payout(cadence, parse_date(period) if period is not None else None)
    first = list(islice(payouts, 1))
    if cadence is not None and not first:
        cadence_named(wiring.config.cadences, cadence)  # a name nobody knows is a slip of the finger, not an empty list
    if json:
        display.print_json({"payouts": map(payout_document, chain(first, payouts))})
    elif first:
        display.print_progress([*first, *payouts])
    else:
        typer.echo("no payouts are stored for that yet")


def _period(wiring: Wiring, cadence: str, name: str | None) -> Period:
    from signalq_billing.services.selecting import cadence_named, parse_date, period_named

    found = cadence_named(wiring.config.cadences, cadence)
    return period_named(found, parse_date(name) if name is not None else None, wiring.clock.now())


def _configs(wiring: Wiring, period: Period, parks: list[str] | None) -> list[ParkConfig]:
    from signalq_billing.services.selecting import configs_for

    configs = configs_for(wiring.configs.current(), wiring.config.cadences, period, parks or ())
    if not configs:
        typer.echo(
            f"no park has a config in force for {period}: nothing to pay. `config apply` stores configs", err=True
        )
    return configs
