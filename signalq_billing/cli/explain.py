"""`explain PARK DEVICE --period DATE`: why a device earned what it did, from the amount down to the seconds."""

from __future__ import annotations

from typing import Annotated

import typer

from signalq_billing.cli.bootstrap import Wiring


def mount(app: typer.Typer) -> None:
    """Add the command to the command line."""
    app.command()(explain)


def explain(
    park: Annotated[str, typer.Argument(help="A park id.")],
    device: Annotated[str, typer.Argument(help="A device id: the camera that is asked about.")],
    period: Annotated[str, typer.Option("--period", "-p", help="First local date of the period.")],
    cadence: Annotated[
        str | None, typer.Option("--cadence", "-c", help="Only needed if the park has two with a period of that name.")
    ] = None,
    day: Annotated[
        list[str] | None, typer.Option("--day", help="Show all intervals of this local date; may be given many times.")
    ] = None,
    everything: Annotated[bool, typer.Option("--all", help="Show all intervals of every day.")] = False,
    offline: Annotated[bool, typer.Option("--offline", help="Leave YTsaurus alone: no intervals.")] = False,
    json: Annotated[bool, typer.Option("--json", help="Print JSON for programs.")] = False,
) -> None:
    """Explain what a device earned, or why it earned nothing: from the amount down to the seconds.

    A stored payout is explained by what it was computed from; one that is not stored is computed as a run would.

    With --json the first 2,000 intervals, those of --day, or with --all every one.

    Example: signalq-billing explain park-7f3a cam-0012 --period 2026-11-16

    Example: signalq-billing explain park-7f3a cam-0012 --period 2026-11-16 --day 2026-11-18 --json
    """
    from signalq_billing.cli import display
    from signalq_billing.cli.explain_document import explanation_document
    from signalq_billing.cli.explain_stored import stored_document, stored_text
    from signalq_billing.cli.explain_text import explanation_text
    from signalq_billing.errors import UsageError
    from signalq_billing.services.explain import Explainer, NotRecalculated
    from signalq_billing.services.selecting import parse_date

    wiring = Wiring()
    name, days = parse_date(period), [parse_date(each, "--day") for each in day or ()]
    explainer = Explainer(
        cadences=wiring.config.cadences,
        source=wiring.config.source,
        activity=wiring.activity,
        payouts=wiring.payouts,
        configs=wiring.configs,
        metrics=wiring.metrics,
        now=wiring.clock.now(),
    )
    try:
        with display.progress(quiet=json) as announce:
            announce(f"gathering what stands behind {device} in {park}")
            told = explainer.explain(park, device, name, cadence, intervals=not offline)
    except NotRecalculated as gone:
        if json:
            display.print_json(stored_document(gone, device))
        else:
            typer.echo(stored_text(gone, device))
        return
    if outside := [each for each in days if each not in told.period.days]:
        last = told.period.days[-1]
        raise UsageError(f"--day {outside[0]} is not in {told.period}, which goes to {last}")
    if json:
        display.print_json(explanation_document(told, days, everything=everything))
        return
    typer.echo(explanation_text(told, days, everything))
