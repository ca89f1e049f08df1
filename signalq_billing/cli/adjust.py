"""`adjust`: pay what late data and corrected configs change about periods that are paid."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from signalq_billing.cli import holds
from signalq_billing.cli.bootstrap import Wiring
from signalq_billing.cli.payouts import CadenceOption, JsonOption, ParksOption

if TYPE_CHECKING:
    from signalq_billing.domain.adjustment import Adjusted
    from signalq_billing.domain.period import Cadence, Period
    from signalq_billing.services.adjust import Adjuster, PeriodAdjusted
    from signalq_billing.services.run import Announce


def mount(app: typer.Typer) -> None:
    """Add the command to the command line."""
    app.command()(adjust)


def adjust(
    cadence: CadenceOption,
    period: Annotated[
        str | None, typer.Option("--period", "-p", help="The period that starts on this local date.")
    ] = None,
    window: Annotated[
        int | None, typer.Option("--window", min=1, help="Instead of --period: the last N complete periods.")
    ] = None,
    park: ParksOption = None,
    reform: Annotated[
        str | None,
        typer.Option("--reform", help="Form this park's rejected payout anew: retire its keys, pay as next revision."),
    ] = None,
    by: Annotated[str, typer.Option("--by", help="With --reform: your name.")] = "",
    note: Annotated[str, typer.Option("--note", help="With --reform: why it is right; it stays in the history.")] = "",
    rows_may_be_gone: Annotated[
        bool, typer.Option("--rows-may-be-gone", help="Adjust although the source has fewer rows than when it paid.")
    ] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only show what would happen.")] = False,
    json: JsonOption = False,
) -> None:
    """Recompute paid periods and pay the differences, as further revisions. Safe to repeat.

    More is ordered; less is carried into the park's next payouts in the same currency.

    Example: signalq-billing adjust --cadence weekly_msk --period 2026-11-16 --dry-run

    Example: signalq-billing adjust -c weekly_msk -p 2026-11-16 --reform park-7f3a --by "Ann Lee" --note "new account"
    """
    from signalq_billing.cli import display

    _check_usage(period, window, park, reform, rows_may_be_gone=rows_may_be_gone)
    who, why = (holds.said("--by", by), holds.said("--note", note)) if reform is not None else ("", "")
    wiring = Wiring()
    now, periods = wiring.clock.now(), _periods(wiring, cadence, period, window)
    with display.progress(quiet=json) as announce:
        adjuster = _adjuster(wiring, announce)
        if reform is not None:
            done = [adjuster.reform(periods[0], reform, by=who, note=why, now=now, dry_run=dry_run)]
        elif window is None:
            gone = rows_may_be_gone
            done = [adjuster.adjust(periods[0], park or (), now=now, dry_run=dry_run, rows_may_be_gone=gone)]
        else:
            gone = rows_may_be_gone
            done = list(adjuster.adjust_window(periods, park or (), now=now, dry_run=dry_run, rows_may_be_gone=gone))
    if json:
        display.print_json(adjustment_document(cadence, done, dry_run=dry_run))
    else:
        for each in done:
            _show(each, dry_run=dry_run)
    for problem in (problem for each in done for problem in each.orders.problems):
        typer.echo(problem, err=True)
    if code := _exit_code(done):
        raise typer.Exit(code)


def _check_usage(
    period: str | None, window: int | None, park: list[str] | None, reform: str | None, *, rows_may_be_gone: bool
) -> None:
    from signalq_billing.errors import UsageError

    if (period is None) == (window is None):
        raise UsageError("name either --period YYYY-MM-DD or --window N, the last N complete periods")
    if reform is not None and (period is None or park or rows_may_be_gone):
        raise UsageError("--reform PARK goes with --period and by itself: it is about one payout of one park")


def _periods(wiring: Wiring, name: str, period: str | None, window: int | None) -> list[Period]:
    from signalq_billing.services.adjust import last_periods
    from signalq_billing.services.selecting import cadence_named, parse_date, period_named

    cadence: Cadence = cadence_named(wiring.config.cadences, name)
    if period is not None:
        return [period_named(cadence, parse_date(period), wiring.clock.now())]
    return last_periods(cadence, wiring.clock.now(), window or 1)


def _adjuster(wiring: Wiring, announce: Announce) -> Adjuster:
    from signalq_billing.adapters.postgres.adjustment_store import PostgresAdjustments
    from signalq_billing.services.adjust import Adjuster

    return Adjuster(
        cadences=wiring.config.cadences,
        source=wiring.config.source,
        activity=wiring.activity,
        payouts=wiring.payouts,
        adjustments=PostgresAdjustments(wiring.engine),
        configs=wiring.configs,
        billing=wiring.billing,
        submitter=wiring.submitter,
        metrics=wiring.metrics,
        actor=wiring.actor,
        announce=announce,
    )


def _exit_code(done: list[PeriodAdjusted]) -> int:
    """1 where a person has to look or orders are not created yet, 3 where something is held or not settled."""
    if any(each.refused or each.problems or each.orders.pending for each in done):
        return 1
    return 3 if any(each.left or each.orders.held for each in done) else 0


def adjustment_document(cadence: str, done: list[PeriodAdjusted], *, dry_run: bool) -> dict[str, Any]:
    """What `adjust --json` prints; money as decimal strings."""
    return {"cadence": cadence, "dry_run": dry_run, "periods": [_period(each) for each in done]}


def _period(each: PeriodAdjusted) -> dict[str, Any]:
    from signalq_billing.cli.documents import period_document, source_document

    orders = each.orders
    return {
        "period": period_document(each.period),
        "parks": [_park(park) for park in each.parks],
        "orders": {"created": orders.created, "held": orders.held, "pending": orders.pending},
        "problems": list(orders.problems),
        "refused": each.refused or None,
        **(source_document(each.snapshot) if each.snapshot else {}),
    }


def _park(park: Adjusted) -> dict[str, Any]:
    from signalq_billing.domain.money import money_text

    amounts = ("paid", "recomputed", "difference", "carried", "ordered", "debt")
    return {
        "park_id": park.park_id,
        "currency": park.currency,
        "step": park.step.value,
        "revision": park.revision,
        **{name: money_text(getattr(park, name), park.currency) if park.currency else None for name in amounts},
        "retired": park.retired,
        "why": park.why or None,
    }


def _show(done: PeriodAdjusted, *, dry_run: bool) -> None:
    """One period: the parks with something to tell, then what it came to."""
    from signalq_billing.cli import display
    from signalq_billing.domain.adjustment import Step
    from signalq_billing.domain.adjustment_text import adjusted_text
    from signalq_billing.domain.money import money_text

    if done.refused:
        typer.echo(f"{done.period}: not adjusted: {done.refused}", err=True)
        return
    if not done.parks:
        typer.echo(f"{done.period}: nothing is stored for it, so there is nothing to adjust")
        return
    told = [park for park in done.parks if park.step is not Step.NOTHING]
    if told:
        amounts = ("paid", "recomputed", "difference")
        made = display.table("park", *amounts, "currency", "what happens", right=amounts, title=str(done.period))
        for park in told:
            money = [money_text(getattr(park, each), park.currency) if park.currency else "" for each in amounts]
            made.add_row(park.park_id, *money, park.currency, adjusted_text(park))
        display.print_table(made)
    same = len(done.parks) - len(told)
    typer.echo(f"{done.period}: {same} of {len(done.parks)} parks were paid what a recompute pays")
    if dry_run:
        typer.echo("dry run: nothing was stored or sent")
    else:
        typer.echo(f"orders: {done.orders.created} created now, {done.orders.held} held, {done.orders.pending} open")
