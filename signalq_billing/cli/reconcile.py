"""`reconcile`: go on with unfinished payouts; or, with `--compare`, hold what is created against billing-orders."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from signalq_billing.adapters.no_metrics import NoMetrics
from signalq_billing.cli.bootstrap import Wiring

if TYPE_CHECKING:
    from signalq_billing.domain.discrepancy import ComparedPeriod, Discrepancy, MoneyOff, OwnOrder
    from signalq_billing.domain.order import BillingOrder
    from signalq_billing.services.comparing import Comparison, PeriodKey

_OF_COMPARING = "With --compare: "


def reconcile(
    compare: Annotated[
        bool,
        typer.Option("--compare", help="Only compare with billing-orders; sends and changes nothing."),
    ] = False,
    cadence: Annotated[str | None, typer.Option("--cadence", "-c", help=f"{_OF_COMPARING}only this cadence.")] = None,
    period: Annotated[
        str | None, typer.Option("--period", "-p", help=f"{_OF_COMPARING}only the period that starts on this date.")
    ] = None,
    everything: Annotated[
        bool, typer.Option("--compare-all", help="Compare every period there is, not only those that changed lately.")
    ] = False,
    hold: Annotated[
        str | None,
        typer.Option(
            "--hold",
            help=f"{_OF_COMPARING}hold, for this reason, parks of which billing-orders has orders unknown here.",
        ),
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Print JSON for programs.")] = False,
) -> None:
    """Go on with unfinished payouts of all periods: ask about stale ones, create what is not created.

    With --compare it only looks: order by order, what we call created against what billing-orders has, in money. It
    covers the periods that changed within SIGNALQ_BILLING_COMPARE_DAYS, or those named. Exit code 1 if the two differ
    or a period could not be compared.

    With --hold, after a restore from backup: what is stored of those parks may have been paid under another key.

    Example: signalq-billing reconcile

    Example: signalq-billing reconcile --compare --cadence weekly_msk --period 2026-11-16

    Example: signalq-billing reconcile --compare-all --hold "restored from backup"
    """
    from signalq_billing.cli.holds import said
    from signalq_billing.errors import UsageError

    if compare or everything:
        _compare(cadence, period, said("--hold", hold) if hold is not None else None, everything=everything, json=json)
        return
    if cadence is not None or period is not None or hold is not None:
        raise UsageError("--cadence, --period and --hold go with --compare; without it reconcile looks at all periods")
    _settle(json=json)


def _settle(*, json: bool) -> None:
    from signalq_billing.cli import display
    from signalq_billing.services.holding import expired_holds
    from signalq_billing.services.reconcile import reconcile as settle

    wiring = Wiring()
    expired = expired_holds(wiring.payouts, wiring.clock.now())
    with display.progress(quiet=json) as announce:
        announce("asking billing-orders about unfinished payouts")
        try:
            report = settle(
                activity=wiring.activity, payouts=wiring.payouts, billing=wiring.billing, submitter=wiring.submitter
            )
        finally:
            wiring.measure()
    orders = report.orders
    counts = {
        "payouts": report.payouts,
        "created": orders.created,
        "found": orders.found,
        "already_created": orders.already_created,
        "held": orders.held,
        "pending": orders.pending,
    }
    if json:
        display.print_json({**counts, "problems": [*orders.problems, *expired]})
    else:
        typer.echo(", ".join(f"{name.replace('_', ' ')}: {count}" for name, count in counts.items()))
        for problem in [*orders.problems, *expired]:
            typer.echo(problem, err=True)
    if orders.pending:
        raise typer.Exit(1)


def _compare(cadence: str | None, period: str | None, hold: str | None, *, everything: bool, json: bool) -> None:
    from signalq_billing.cli import display
    from signalq_billing.services.comparing import compare

    wiring = Wiring()
    periods = _periods(wiring, cadence, period, everything=everything)
    # A part that is clean tells nothing about the rest: gauges are of all periods.
    metrics = wiring.metrics if cadence is None and period is None else NoMetrics()
    with display.progress(quiet=json) as announce:
        comparison = compare(
            periods, orders=wiring.order_books, billing=wiring.billing, metrics=metrics, announce=announce
        )
    if json:
        display.print_json(comparison_document(comparison))
    else:
        _show(comparison)
    if hold is not None:
        _hold_beside_unknown(wiring, comparison, hold)
    if not comparison.clean:
        raise typer.Exit(1)


def _hold_beside_unknown(wiring: Wiring, comparison: Comparison, reason: str) -> None:
    """Told on standard error, so that `--json` stays one document."""
    from signalq_billing.cli import holds
    from signalq_billing.services.restoring import hold_beside_unknown

    done = hold_beside_unknown(comparison, wiring.payouts, reason, wiring.actor)
    holds.tell(done.outcomes, err=True)
    for ref in done.nothing_stored:
        typer.echo(f"{ref}: nothing is stored here for its park and period, so nothing was held", err=True)
    if comparison.not_compared:
        typer.echo(f"{len(comparison.not_compared)} periods were not compared: nothing was held of them", err=True)


def _periods(wiring: Wiring, cadence: str | None, period: str | None, *, everything: bool) -> list[PeriodKey]:
    """What to compare. A cadence and a period together need not be known here: billing-orders may know them."""
    from datetime import timedelta

    from signalq_billing.errors import UsageError
    from signalq_billing.services.comparing import periods_to_compare
    from signalq_billing.services.selecting import parse_date

    name = parse_date(period) if period is not None else None
    if cadence is not None and name is not None:
        return [(cadence, name)]
    window = timedelta(days=wiring.settings.compare_days)
    found = periods_to_compare(wiring.order_books, wiring.config.cadences, window, wiring.clock.now())
    if everything or name is not None:
        found = sorted({*found, *wiring.order_books.periods_touched(None)}, key=lambda key: key[1], reverse=True)
    chosen = [key for key in found if cadence in (None, key[0]) and name in (None, key[1])]
    if not chosen and (cadence is not None or name is not None):
        known = ", ".join(sorted({key[0] for key in found}))
        raise UsageError(
            f"no period to compare for {cadence or 'any cadence'} {name or ''}: known here are {known or 'none'}; "
            "--cadence with --period compares a period whether or not anything is stored for it"
        )
    return chosen


def comparison_document(comparison: Comparison) -> dict[str, Any]:
    """What `reconcile --compare --json` prints. Money as decimal strings, summed up by kind and currency."""
    return {
        "clean": comparison.clean,
        "discrepancies": len(comparison.discrepancies),
        "money": [_money(off) for off in comparison.money],
        "periods": [_period(period) for period in comparison.periods],
    }


def _money(off: MoneyOff) -> dict[str, Any]:
    return {
        "kind": off.kind.value,
        "currency": off.currency or None,
        "orders": off.count,
        "more_in_billing_orders": format(off.more, "f"),
        "less_in_billing_orders": format(off.less, "f"),
    }


def _period(period: ComparedPeriod) -> dict[str, Any]:
    return {
        "cadence": period.cadence,
        "period": period.period_name.isoformat(),
        "created_here": period.here,
        "listed_there": period.there,
        "under_way": period.under_way,
        "not_compared": period.not_compared or None,
        "warnings": list(period.warnings),
        "discrepancies": [_discrepancy(each) for each in period.discrepancies],
    }


def _discrepancy(each: Discrepancy) -> dict[str, Any]:
    return {
        "kind": each.kind.value,
        "external_ref": each.external_ref,
        "park_id": each.ours.park_id if each.ours else None,
        "differences": {currency: format(amount, "f") for currency, amount in each.differences.items()},
        "here": _side(each.ours, {"payment_progress": each.ours.payment_progress.value}) if each.ours else None,
        "billing_orders": _side(each.theirs, {"created_at": each.theirs.created_at}) if each.theirs else None,
        "detail": each.detail,
    }


def _side(order: OwnOrder | BillingOrder, more: dict[str, Any]) -> dict[str, Any]:
    return {"doc_id": order.doc_id, "amount": format(order.amount, "f"), "currency": order.currency, **more}


def _show(comparison: Comparison) -> None:
    from signalq_billing.cli import display

    made = display.table("period", "kind", "park", "order", "what is wrong")
    for period in comparison.periods:
        for warning in period.warnings:
            typer.echo(f"{period.cadence} {period.period_name}: {warning}", err=True)
        if period.not_compared:
            typer.echo(f"{period.cadence} {period.period_name}: not compared: {period.not_compared}", err=True)
        for each in period.discrepancies:
            park = each.ours.park_id if each.ours else ""
            name = f"{period.cadence} {period.period_name}"
            made.add_row(name, each.kind.value.replace("_", " "), park, each.external_ref, each.detail)
    if made.row_count:
        display.print_table(made)
    for off in comparison.money:
        typer.echo(
            f"{off.kind.value.replace('_', ' ')}: {off.count:,} orders"
            + (f", billing-orders has {off.more:f} {off.currency} more and {off.less:f} less" if off.currency else "")
        )
    compared = [period for period in comparison.periods if not period.not_compared]
    listed = sum(period.there for period in compared)
    wrong = len(comparison.discrepancies)
    typer.echo(
        f"{len(compared)} of {len(comparison.periods)} periods compared, {listed:,} orders in billing-orders: "
        + (f"{wrong:,} discrepancies" if wrong else "both sides say the same" if compared else "nothing is known")
    )
