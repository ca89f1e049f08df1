"""`hold` and `release`: payouts of a period kept back, and let go by a named person with a note."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from decimal import Decimal
from typing import TYPE_CHECKING, Annotated, Any

import typer

from signalq_billing.cli import completion
from signalq_billing.cli.bootstrap import Wiring
from signalq_billing.cli.payouts import CadenceOption, JsonOption, ParksOption

if TYPE_CHECKING:
    from signalq_billing.services.holding import HoldOutcome

StoredPeriodOption = Annotated[
    str,
    typer.Option("--period", "-p", help="First local date of the period.", autocompletion=completion.periods),
]


def mount(app: typer.Typer) -> None:
    """Add the commands to the command line."""
    app.command()(hold)
    app.command()(release)


def hold(
    cadence: CadenceOption,
    period: StoredPeriodOption,
    reason: Annotated[str, typer.Option("--reason", help="Why; everybody sees it.")],
    park: ParksOption = None,
    json: JsonOption = False,
) -> None:
    """Keep payouts back: nothing is sent for them until somebody releases them.

    What is held already keeps its reason. An order that is being sent at this moment is not called back.

    Example: signalq-billing hold --cadence weekly_msk --period 2026-11-16 --park park-7f3a --reason "asked by the park"
    """
    from signalq_billing.services import holding

    wiring = Wiring()
    why = said("--reason", reason)
    payouts = holding.stored_payouts(wiring.payouts, cadence, period, park)
    tell(holding.hold(wiring.payouts, payouts, why, wiring.actor), json=json)


def release(
    cadence: CadenceOption,
    period: StoredPeriodOption,
    by: Annotated[str, typer.Option("--by", help="Your name: who lets the money go.")],
    note: Annotated[str, typer.Option("--note", help="Why it is right; it stays in the history.")],
    park: ParksOption = None,
    digest: Annotated[
        str | None,
        typer.Option("--digest", help="Release only what `status --json` showed under this digest, of one park."),
    ] = None,
    json: JsonOption = False,
) -> None:
    """Let held payouts go, as they stand: the next run or reconcile sends them.

    What is released passes all guards but the kill switch, unless it is computed anew. What was computed anew while
    you looked at it stays held (exit code 3).

    Example: signalq-billing release -c weekly_msk -p 2026-11-16 --park park-7f3a --by "Ann Lee" --note "checked"
    """
    from signalq_billing.services import holding

    wiring = Wiring()
    name, why = said("--by", by), said("--note", note)
    payouts = holding.stored_payouts(wiring.payouts, cadence, period, park)
    outcomes = holding.release(wiring.payouts, payouts, name, why, digest)
    tell(outcomes, json=json)
    if any(outcome.result is holding.HoldResult.CHANGED for outcome in outcomes):
        raise typer.Exit(3)


def said(option: str, text: str) -> str:
    """What an option says, in words. Raises UsageError if it says nothing."""
    from signalq_billing.errors import UsageError

    if not text.strip():
        raise UsageError(f"{option} is empty: say it in words, it goes into the history")
    return text.strip()


def tell(outcomes: Sequence[HoldOutcome], *, json: bool = False, err: bool = False) -> None:
    """What was done, payout by payout, and in money. `err`: on standard error, in short."""
    from signalq_billing.cli import display
    from signalq_billing.domain.money import money_text

    if json:
        display.print_json({"payouts": [_document(outcome) for outcome in outcomes]})
        return
    if not err:
        made = display.table("park", "rev", "total", "currency", "result", "why", right=("rev", "total"))
        for each in outcomes:
            payout = each.payout
            total = money_text(payout.total, payout.currency)
            made.add_row(payout.park_id, str(payout.revision), total, payout.currency, _words(each), each.reason or "")
        display.print_table(made)
    for line in summary(outcomes):
        typer.echo(line, err=err)


def summary(outcomes: Sequence[HoldOutcome]) -> list[str]:
    """One line per result and currency, in money; then what a release lets be sent."""
    from signalq_billing.domain.money import money_text

    sums: dict[tuple[str, str], list[Decimal]] = defaultdict(list)
    for each in outcomes:
        sums[each.result.value, each.payout.currency].append(each.payout.total)
    return [
        f"{result.replace('_', ' ')}: {len(totals)} payout{'s' if len(totals) != 1 else ''}, "
        f"{money_text(sum(totals, Decimal(0)), currency)} {currency}"
        for (result, currency), totals in sorted(sums.items())
    ] + _to_send(outcomes)


def _to_send(outcomes: Sequence[HoldOutcome]) -> list[str]:
    from signalq_billing.domain.money import money_text

    amounts: dict[str, list[Decimal]] = defaultdict(list)
    for each in outcomes:
        amounts[each.payout.currency] += [order.amount for order in each.to_send]
    return [
        f"will be sent: {len(some)} order{'s' if len(some) != 1 else ''}, "
        f"{money_text(sum(some, Decimal(0)), currency)} {currency}"
        for currency, some in sorted(amounts.items())
        if some
    ]


def _words(outcome: HoldOutcome) -> str:
    from signalq_billing.services.holding import HoldResult

    payout = outcome.payout
    if outcome.result is HoldResult.NOTHING_TO_HOLD:
        return "nothing to hold: all is created" if payout.orders else "nothing to hold: it pays nothing"
    if outcome.result is HoldResult.CHANGED:
        return "still held: computed anew since it was looked at"
    return outcome.result.value.replace("_", " ")


def _document(outcome: HoldOutcome) -> dict[str, Any]:
    from signalq_billing.domain.money import money_text

    payout = outcome.payout
    return {
        "park_id": payout.park_id,
        "cadence": payout.cadence,
        "period": payout.period_name.isoformat(),
        "revision": payout.revision,
        "currency": payout.currency,
        "total": money_text(payout.total, payout.currency),
        "to_send": money_text(sum((order.amount for order in outcome.to_send), Decimal(0)), payout.currency),
        "result": outcome.result.value,
        "reason": outcome.reason,
    }
