"""`export` and `mark-created`: the register of a period as a file, and the file taken back after manual payment."""

from __future__ import annotations

import os
import sys
from collections import defaultdict
from collections.abc import Sequence
from datetime import timedelta
from decimal import Decimal
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from signalq_billing.cli import holds
from signalq_billing.cli.bootstrap import Wiring
from signalq_billing.cli.payouts import CadenceOption, JsonOption, ParksOption

if TYPE_CHECKING:
    from signalq_billing.domain.marking import Mark
    from signalq_billing.domain.register import Register
    from signalq_billing.domain.register_file import RowProblem
    from signalq_billing.services.mark_created import MarkReport


class Format(StrEnum):
    """What a register is written as."""

    CSV = "csv"
    XLSX = "xlsx"
    JSON = "json"


def mount(app: typer.Typer) -> None:
    """Add the commands to the command line."""
    app.command()(export)
    app.command(name="mark-created")(mark_created)


def export(
    cadence: CadenceOption,
    period: holds.StoredPeriodOption,
    park: ParksOption = None,
    format_: Annotated[
        Format | None, typer.Option("--format", "-f", help="Default: as FILE's name ends, else csv.")
    ] = None,
    output: Annotated[Path | None, typer.Option("--output", "-o", help="Default: standard output.")] = None,
    hold: Annotated[
        str | None, typer.Option("--hold", help="Hold first what is not settled, for this reason: to pay by hand.")
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Write over a file that is there.")] = False,
    json: Annotated[bool, typer.Option("--json", help="Same as --format json.")] = False,
) -> None:
    """Write the register of a period: every line, every order, sums at the bottom.

    For an accountant, or to pay by hand while billing-orders is down: then with --hold, so that no run pays the same
    meanwhile. Fill in doc_id and give the file back with mark-created.

    Example: signalq-billing export --cadence weekly_msk --period 2026-11-16 --output register.xlsx

    Example: signalq-billing export -c weekly_msk -p 2026-11-16 -o to-pay.xlsx --hold "paid by hand, billing is down"
    """
    from signalq_billing.adapters.registers import FORMATS
    from signalq_billing.cli import display
    from signalq_billing.services import holding
    from signalq_billing.services.export import export as make

    chosen = _chosen(Format.JSON if json else format_, output, force=force)
    wiring = Wiring()
    payouts = holding.stored_payouts(wiring.payouts, cadence, period, park)
    if hold is not None:
        why = holds.said("--hold", hold)
        holds.tell(holding.hold(wiring.payouts, payouts, why, wiring.actor), err=True)
    with display.progress(quiet=output is None) as announce:
        announce(f"gathering every line of {cadence} {payouts[0].period_name}")
        register = make(wiring.payouts, cadence, payouts[0].period_name, park)
        announce(f"writing {len(register.lines):,} lines as {chosen.value}")
        _write(FORMATS[chosen.value](register), output)
    _tell_register(register, output, held=hold is not None)


def _chosen(format_: Format | None, output: Path | None, *, force: bool) -> Format:
    """The format asked for. Raises UsageError for one that cannot be, and for a file that would be lost."""
    from signalq_billing.errors import UsageError

    ending = output.suffix.lstrip(".").lower() if output else ""
    if format_ is None:
        if ending and ending not in list(Format):
            raise UsageError(f"{output} ends neither in .csv nor .xlsx nor .json: say which with --format")
        format_ = Format(ending) if ending else Format.CSV
    if format_ is Format.XLSX and output is None:
        raise UsageError("XLSX is no text for a terminal: name a file with --output")
    if output is not None and output.exists() and not force:
        raise UsageError(f"{output} is there already and may have doc ids filled in: name another file, or --force")
    return format_


def _write(content: bytes, output: Path | None) -> None:
    """To standard output, or to a file that is whole or not there."""
    from signalq_billing.errors import UsageError

    if output is None:
        sys.stdout.buffer.write(content)
        sys.stdout.buffer.flush()
        return
    unfinished = output.with_name(f".{output.name}.{os.getpid()}")
    try:
        unfinished.write_bytes(content)
        unfinished.replace(output)
    except OSError as error:
        unfinished.unlink(missing_ok=True)
        raise UsageError(f"{output} cannot be written: {error.strerror or error}") from error


def _tell_register(register: Register, output: Path | None, *, held: bool) -> None:
    from signalq_billing.domain.money import money_text
    from signalq_billing.services.registering import DO_NOT_PAY, NOT_HELD

    def say(text: str) -> None:
        typer.echo(text, err=True)

    sizes = ", ".join(
        f"{len(rows)} {name}{'s' if len(rows) != 1 else ''}"
        for name, rows in (("payout", register.parks), ("line", register.lines), ("order", register.orders))
    )
    say(f"{register.cadence} {register.period}: {sizes} -> {output or 'standard output'}")
    for total in register.order_totals:
        progress = total.payment_progress.value if total.payment_progress else "total"
        say(f"  {progress:<12} {money_text(total.amount, total.currency):>18} {total.currency}")
    notes = [order.note for order in register.orders]
    if unclear := sum(note.startswith(DO_NOT_PAY) for note in notes):
        say(f"{_orders(unclear)} may have been sent: do not pay by hand what its note says not to")
    if (open_ := notes.count(NOT_HELD)) and not held:
        say(f"{_orders(open_)} not held: a run may send them. Before paying by hand, export with --hold")


def mark_created(
    file: Annotated[Path, typer.Argument(help="The register with doc_id filled in: CSV, XLSX or JSON.")],
    by: Annotated[str | None, typer.Option("--by", help="Who says so; default: the user of this machine.")] = None,
    note: Annotated[str, typer.Option("--note", help="For the history: how it was paid.")] = "",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Check everything, mark nothing.")] = False,
    json: JsonOption = False,
) -> None:
    """Take a register back after manual payment: orders with a doc_id become created.

    The whole file or nothing: every row has to match what is stored to the kopeck, and billing-orders must not have
    the order. Orders without a doc_id stay as they are. Safe to repeat.

    Example: signalq-billing mark-created to-pay.xlsx --by "Ann Lee" --note "paid through the bank" --dry-run
    """
    import getpass

    from signalq_billing.adapters.registers import read_register
    from signalq_billing.cli import display
    from signalq_billing.domain.marking import MarkedBy
    from signalq_billing.errors import RegisterMismatch, RegisterUnreadable
    from signalq_billing.services.mark_created import Marker

    wiring = Wiring()
    try:
        read = read_register(file)
        who = MarkedBy((by or "").strip() or getpass.getuser(), note.strip(), read.name, read.sha256, wiring.actor)
        # Well beyond a lease and a call: a worker that stood still in between may still send what it has claimed.
        settle = 2 * wiring.settings.submit_policy.lease + timedelta(seconds=wiring.settings.http_timeout_seconds)
        marker = Marker(wiring.payouts, wiring.billing, settle)
        report = marker.mark(read, who, dry_run=dry_run)
    except (RegisterMismatch, RegisterUnreadable) as error:
        if json:
            display.print_json({"marked": [], "problems": [_problem(problem) for problem in error.problems]})
        raise
    if json:
        display.print_json(_document(report, who.name, dry_run=dry_run))
    else:
        _tell_marked(report, who.name, dry_run=dry_run)


def _tell_marked(report: MarkReport, by: str, *, dry_run: bool) -> None:
    for warning in report.warnings:
        typer.echo(f"warning: {warning}", err=True)
    verb = "would be marked" if dry_run else "marked as created"
    for currency, (count, total) in _sums(report.marked).items():
        typer.echo(f"{verb}: {_orders(count)}, {total} {currency}, by {by}")
    for currency, (count, total) in _sums(report.unchanged).items():
        typer.echo(f"created before under the same doc_id: {_orders(count)}, {total} {currency}")
    if report.left:
        typer.echo(f"left as they are, for the file has no doc_id for them: {_orders(len(report.left))}")
    if not report.marked:
        typer.echo("nothing was marked" if report.unchanged else "nothing was marked: fill in doc_id where it was paid")


def _orders(count: int) -> str:
    return f"{count} order{'s' if count != 1 else ''}"


def _sums(marks: Sequence[Mark]) -> dict[str, tuple[int, str]]:
    from signalq_billing.domain.money import money_text

    by_currency: dict[str, list[Decimal]] = defaultdict(list)
    for mark in marks:
        by_currency[mark.order.currency].append(mark.order.amount)
    return {
        currency: (len(amounts), money_text(sum(amounts, Decimal(0)), currency))
        for currency, amounts in sorted(by_currency.items())
    }


def _document(report: MarkReport, by: str, *, dry_run: bool) -> dict[str, Any]:
    def orders(marks: Sequence[Mark]) -> list[dict[str, str]]:
        from signalq_billing.domain.money import money_text

        return [
            {
                "external_ref": mark.order.external_ref,
                "park_id": mark.order.park_id,
                "doc_id": mark.doc_id,
                "amount": money_text(mark.order.amount, mark.order.currency),
                "currency": mark.order.currency,
            }
            for mark in marks
        ]

    return {
        "dry_run": dry_run,
        "by": by,
        "marked": orders(report.marked),
        "unchanged": orders(report.unchanged),
        "left": list(report.left),
        "warnings": list(report.warnings),
    }


def _problem(problem: RowProblem | object) -> dict[str, str | None]:
    from signalq_billing.domain.register_file import RowProblem

    if isinstance(problem, RowProblem):
        return {
            "row": problem.where,
            "external_ref": problem.external_ref,
            "field": problem.field or None,
            "message": problem.message,
        }
    return {"row": None, "external_ref": None, "field": None, "message": str(problem)}
