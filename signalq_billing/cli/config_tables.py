"""What the config commands show people: versions, changes that many parks share as one, and who would be paid what."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from decimal import Decimal
from fractions import Fraction
from itertools import groupby

import typer

from signalq_billing.cli import display
from signalq_billing.cli.config_reading import some, tell_kept, tell_warnings
from signalq_billing.cli.documents import round_places
from signalq_billing.cli.source_text import print_source
from signalq_billing.domain.comparison import CurrencyTotal, Paid, ParkComparison, PeriodComparison
from signalq_billing.domain.config_changes import ChangeKind, grouped
from signalq_billing.domain.money import money_text
from signalq_billing.services.config_diff import ConfigDiff
from signalq_billing.services.configs import ConfigShown

PARKS_NAMED = 3


def print_shown(shown: ConfigShown) -> None:
    """A park's versions, and the one in force on the day in the words of the config files."""
    import yaml

    from signalq_billing.domain.config_body import to_body

    versions = display.table("config version", "cadence", "enabled", "paid with", "applied (UTC)", "by", "in force")
    for each in shown.versions:
        config = each.config
        paid, in_force = config.effective_from in shown.paid, each == shown.in_force
        versions.add_row(config.version, config.cadence, "yes" if config.enabled else "no", _yes(paid),
                         _minute(each.applied_at), each.applied_by, _yes(in_force))  # fmt: skip
    display.print_table(versions)
    if shown.superseded:
        gone = display.table("superseded version", "cadence", "applied (UTC)", "by", "superseded (UTC)", "by")
        for old in shown.superseded:
            config, version = old.version.config, old.version
            gone.add_row(config.version, config.cadence, _minute(version.applied_at), version.applied_by,
                         _minute(old.superseded_at), old.superseded_by)  # fmt: skip
        display.print_table(gone)
    elif shown.superseded is not None:
        typer.echo("no version of this park was superseded")
    if shown.in_force is None:
        typer.echo(f"nothing is in force on {shown.at}")
        return
    typer.echo(f"in force on {shown.at}:")
    body = {key: value for key, value in to_body(shown.in_force.config).items() if (key, value) != ("cadence", "")}
    typer.echo(yaml.safe_dump(body, sort_keys=False, allow_unicode=True))


def print_diff(found: ConfigDiff, top: int) -> None:
    """The changes, grouped: the same change of thousands of parks is one row."""
    tell_warnings(found.warnings)
    tell_kept(found.kept)
    groups = grouped(found.changes)
    if groups:
        made = display.table("parks", "version", "", "change", "which", right=("parks",))
        for group in groups[:top]:
            made.add_row(f"{len(group.park_ids):,}", group.version, group.kind.value, group.summary,
                         some(group.park_ids, PARKS_NAMED))  # fmt: skip
        display.print_table(made)
        if len(groups) > top:
            typer.echo(f"and {len(groups) - top:,} more kinds of changes: --top shows more, --json all")
    counts = (len(found.of(ChangeKind.ADDED)), len(found.of(ChangeKind.CHANGED)), found.unchanged)
    typer.echo("park configs, if applied: {:,} added, {:,} changed, {:,} unchanged".format(*counts))


def print_comparison(compared: PeriodComparison, top: int, told: set[str]) -> None:
    """One period: the largest movers of each currency, totals, and what could not be compared.

    `told` are the reasons of bad rows that examples were shown for already; those shown here are added.
    """
    period = compared.period
    typer.echo(f"\n{period}: what it paid, and what it would pay under these configs")
    if compared.refused:
        typer.echo(f"not compared: {compared.refused}")
        return
    if not (compared.parks or compared.not_compared):
        typer.echo("no park was or would be paid for it")
        return
    if compared.later:
        typer.echo(_later_text(compared.later))
    made = display.table(
        "park", "paid", "would pay", "difference", "share", "currency", "config", "note",
        right=("paid", "would pay", "difference", "share"),
    )  # fmt: skip
    left_out = []
    for currency, parks in groupby(compared.movers, key=_heading):
        movers = list(parks)
        for park in movers[:top]:
            made.add_row(*_row(park))
        if len(movers) > top:
            left_out.append(f"{len(movers) - top:,} more in {currency}")
    if compared.movers:
        display.print_table(made)
    if left_out:
        typer.echo(f"and {', '.join(left_out)}: --top shows more, --json all")
    _print_sums(compared, told)


def _later_text(later: Mapping[dt.date, int]) -> str:
    count = sum(later.values())
    since = [f"{parks:,} from {day}" if len(later) > 1 else f"from {day}" for day, parks in later.items()]
    are = "is priced by a version that takes" if count == 1 else "are priced by versions that take"
    return f"{_parks(count)} {are} effect later: {some(since)} on"


def _print_sums(compared: PeriodComparison, told: set[str]) -> None:
    unstored = [park for park in compared.parks if park.before and not park.before.stored]
    typer.echo(f"{_parks(compared.unchanged)} would be paid the same as before")
    if unstored:
        have = "has" if len(unstored) == 1 else "have"
        what = "compared with what the configs applied now would pay"
        typer.echo(f"{_parks(len(unstored))} {have} nothing stored: {what}")
    if compared.not_compared:
        which = some([f"{park_id} ({reason})" for park_id, reason in compared.not_compared])
        typer.echo(f"not compared: {_parks(len(compared.not_compared))}: {which}")
    if compared.snapshot:
        print_source(compared.snapshot, told)
    for total in compared.totals:
        typer.echo(_total_text(total))


def _heading(park: ParkComparison) -> str:
    return "another currency" if park.currency_changed else park.currency


def _row(park: ParkComparison) -> Sequence[str]:
    before, after = park.before, park.after
    currencies = dict.fromkeys(side.currency for side in (before, after) if side)
    versions = dict.fromkeys(each.isoformat() for each in (before and before.version, park.version_after) if each)
    return (
        park.park_id,
        _amount(before),
        _amount(after),
        "" if park.difference is None else _signed(park.difference, park.currency),
        "" if park.share is None else _percent(park.share),
        " -> ".join(currencies),
        " -> ".join(versions),
        _note(park),
    )


def _note(park: ParkComparison) -> str:
    if park.after is None:
        return f"disabled from {park.ended} on" if park.ended else "not paid any more"
    if park.before is None:
        return "not paid before"
    notes = ["another currency"] if park.currency_changed else []
    return ", ".join(notes if park.before.stored else [*notes, "not stored, computed"])


def _amount(side: Paid | None) -> str:
    return money_text(side.amount, side.currency) if side else "-"


def _signed(amount: Decimal, currency: str) -> str:
    return f"{'+' if amount > 0 else ''}{money_text(amount, currency)}"


def _percent(share: Fraction) -> str:
    return f"{round_places(share * 100, 1):+f} %"


def _total_text(total: CurrencyTotal) -> str:
    before, after = money_text(total.before, total.currency), money_text(total.after, total.currency)
    share = f", {_percent(Fraction(total.difference) / Fraction(total.before))}" if total.before else ""
    difference = _signed(total.difference, total.currency)
    return f"total {total.currency}: paid {before}, would pay {after}, difference {difference}{share}"


def _parks(count: int) -> str:
    return f"{count:,} park{'' if count == 1 else 's'}"


def _minute(instant: object) -> str:
    return f"{instant:%Y-%m-%d %H:%M}"


def _yes(value: bool) -> str:
    return "yes" if value else ""
