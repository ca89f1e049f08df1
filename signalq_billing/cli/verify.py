"""`verify`: a paid period computed once more and held against what is stored, in money, line by line."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from signalq_billing.cli.bootstrap import Wiring

if TYPE_CHECKING:
    from signalq_billing.domain.payout import PayoutLine
    from signalq_billing.services.verify import LineDifference, ParkVerification, Verification


def mount(app: typer.Typer) -> None:
    """Add the command to the command line."""
    app.command()(verify)


def verify(
    cadence: Annotated[str | None, typer.Option("--cadence", "-c", help="A cadence of cadences.yaml.")] = None,
    period: Annotated[
        str | None,
        typer.Option("--period", "-p", help="First local date of the period; default: the last complete one."),
    ] = None,
    park: Annotated[
        list[str] | None, typer.Option("--park", help="Only this park; may be given many times. Default: all stored.")
    ] = None,
    history: Annotated[
        bool, typer.Option("--history", help="Check the history instead: was anything changed, added or taken out?")
    ] = False,
    checkpoint: Annotated[
        Path | None,
        typer.Option(
            "--checkpoint", help="With --history: a file kept elsewhere; what it has must still be there. Then updated."
        ),
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Print JSON for programs.")] = False,
) -> None:
    """Recompute a stored period from YTsaurus and compare it with what was paid; changes nothing.

    Exit code 1 if anything differs, 3 if nothing could be compared. Each payout is recomputed by the config version it
    was computed with. With --history: walk every park's chain of hashes, and hold what is stored against it.

    Example: signalq-billing verify --cadence weekly_msk --period 2026-11-16

    Example: signalq-billing verify --history --checkpoint /safe/signalq-history.json
    """
    if history:
        from signalq_billing.cli.verify_history import verify_history

        verify_history(checkpoint, as_json=json)
        return
    _verify_period(cadence, period, park, json=json)


def _verify_period(cadence: str | None, period: str | None, park: list[str] | None, *, json: bool) -> None:
    from signalq_billing.cli import display
    from signalq_billing.errors import BadRowsExceeded, UsageError
    from signalq_billing.services.selecting import cadence_named, parse_date, period_named
    from signalq_billing.services.verify import verify as recompute

    if cadence is None:
        raise UsageError("name the period to verify with --cadence and --period, or check the history with --history")
    wiring = Wiring()
    now = wiring.clock.now()
    if period is None:
        name = period_named(cadence_named(wiring.config.cadences, cadence), None, now).name
    else:
        name = parse_date(period)
    with display.progress(quiet=json) as announce:
        announce(f"recomputing {cadence} {name} in YTsaurus")
        try:
            found = recompute(
                cadence,
                name,
                park or (),
                source=wiring.config.source,
                activity=wiring.activity,
                payouts=wiring.payouts,
                metrics=wiring.metrics,
                now=now,
            )
        except BadRowsExceeded as error:  # 1 says that something differs; this says that nothing was compared
            typer.echo(f"nothing was compared: {error}", err=True)
            raise typer.Exit(3) from None
    if json:
        display.print_json(verification_document(found))
    else:
        _show(found)
    if not found.as_stored:
        raise typer.Exit(1)


def verification_document(found: Verification) -> dict[str, Any]:
    """What `verify --json` prints: every park, and of the lines those that differ. Money as decimal strings."""
    from signalq_billing.domain.money import money_text

    totals = [
        {
            "currency": currency,
            "paid": money_text(paid, currency),
            "computed": money_text(computed, currency),
            "difference": money_text(computed - paid, currency),
        }
        for currency, (paid, computed) in _totals(found)
    ]
    return {
        "as_stored": found.as_stored,
        "parks": [_park(park) for park in found.parks],
        "totals": totals,
        "not_computed": list(found.not_computed),
    }


def _totals(found: Verification) -> list[tuple[str, tuple[Decimal, Decimal]]]:
    """(currency, (paid, computed now)), by currency."""
    totals: dict[str, tuple[Decimal, Decimal]] = {}
    for park in found.parks:
        paid, computed = totals.get(park.currency, (Decimal(0), Decimal(0)))
        totals[park.currency] = (paid + park.paid, computed + park.computed.total)
    return sorted(totals.items())


def _park(park: ParkVerification) -> dict[str, Any]:
    from signalq_billing.domain.money import money_text

    terms = park.computed.config.terms
    unit = terms.charge.unit if terms else None
    return {
        "park_id": park.park_id,
        "currency": park.currency,
        "as_stored": park.as_stored,
        "paid": money_text(park.paid, park.currency),
        "computed": money_text(park.computed.total, park.currency),
        "difference": money_text(park.amount, park.currency),
        "revisions": [record.progress.revision for record in park.records],
        "config_version": park.computed.config.version,
        "code_versions": sorted({record.origin.code_version for record in park.records}),
        "problems": list(park.problems),
        "differences": [_difference(each, park.currency, unit) for each in park.differences],
    }


def _difference(each: LineDifference, currency: str, unit: str | None) -> dict[str, Any]:
    from signalq_billing.domain.money import money_text

    return {
        "device_id": each.device_id,
        "cause": each.cause.value,
        "paid": money_text(each.paid, currency),
        "difference": money_text(each.amount, currency),
        "stored": _line(each.stored, currency, unit),
        "computed": _line(each.computed, currency, unit),
    }


def _line(line: PayoutLine | None, currency: str, unit: str | None) -> dict[str, Any] | None:
    from signalq_billing.cli.documents import units_text
    from signalq_billing.domain.money import money_text

    if line is None:
        return None
    return {
        "active_seconds": line.active_seconds,
        "active_days": line.active_days,
        "day_seconds": list(line.day_seconds),
        "units": units_text(line.units, unit),
        "amount": money_text(line.amount, currency),
        "reason": line.reason,
    }


def _show(found: Verification) -> None:
    from signalq_billing.cli import display
    from signalq_billing.domain.money import money_text

    wrong = [park for park in found.parks if not park.as_stored]
    for park in wrong:
        for problem in park.problems:
            typer.echo(problem, err=True)
    if wrong:
        display.print_table(_table(wrong))
    for currency, (paid, computed) in _totals(found):
        amounts = [money_text(each, currency) for each in (paid, computed, computed - paid)]
        typer.echo(f"{currency}: paid {amounts[0]}, computed now {amounts[1]}, difference {amounts[2]}")
    for problem in found.not_computed:
        typer.echo(f"not compared: {problem}", err=True)
    same = len(found.parks) - len(wrong)
    typer.echo(f"{same} of {len(found.parks)} parks are as stored, to the line")


def _table(parks: list[ParkVerification]) -> Any:  # noqa: ANN401 - rich is imported where it is shown
    from signalq_billing.cli import display
    from signalq_billing.domain.money import money_text

    made = display.table(
        *("park", "device", "seconds", "units", "paid", "now", "difference", "cause"),
        right=("seconds", "units", "paid", "now", "difference"),
    )
    for park in parks:
        for each in park.differences:
            now = each.computed.amount if each.computed else Decimal(0)
            made.add_row(
                park.park_id,
                each.device_id,
                _change(each, lambda line: str(line.active_seconds)),
                _change(each, _units),
                money_text(each.paid, park.currency),
                money_text(now, park.currency),
                money_text(each.amount, park.currency),
                each.cause.value.replace("_", " "),
            )
        total = [money_text(amount, park.currency) for amount in (park.paid, park.computed.total, park.amount)]
        made.add_row(park.park_id, "together", "", "", *total, park.currency, style="bold", end_section=True)
    return made


def _units(line: PayoutLine) -> str:
    from signalq_billing.domain.readable import number_text

    return number_text(line.units)


def _change(each: LineDifference, shown: Any) -> str:  # noqa: ANN401 - a function of a line
    texts = [shown(line) if line is not None else "no line" for line in (each.stored, each.computed)]
    return texts[0] if texts[0] == texts[1] else " -> ".join(texts)
