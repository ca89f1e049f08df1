"""What a command read from status_history, for people: rows, bad ones by reason with examples, the watermark."""

from __future__ import annotations

import typer

from signalq_billing.cli import display
from signalq_billing.domain.activity import ActivitySnapshot
from signalq_billing.domain.bad_rows_text import examples_by_reason, reasons_text, share_text
from signalq_billing.domain.order import utc_iso


def print_source(snapshot: ActivitySnapshot, told: set[str] | None = None) -> None:
    """On standard output: a line, and a table of bad rows if there are any.

    `told` are the reasons that a table showed already, to which this one's are added: without a new one there is none.
    """
    bad = snapshot.bad_rows
    typer.echo(
        f"source: {snapshot.rows_read:,} rows read, {bad.total:,} of {bad.considered:,} bad"
        f"{f' ({share_text(bad.share)}), left out' if bad.total else ''}; "
        f"watermark {utc_iso(snapshot.watermark) if snapshot.watermark else 'none'}"
    )
    if not bad.total:
        return
    shown = set() if told is None else told
    if shown >= bad.by_reason.keys():
        typer.echo(f"bad rows by reason, with the examples above: {reasons_text(bad)}")
        return
    made = display.table("bad rows", "reason", "for example", right=("bad rows",))
    last = ""
    for reason, count, example in examples_by_reason(bad):
        made.add_row("" if reason == last else f"{count:,}", "" if reason == last else reason, example)
        last = reason
    shown.update(bad.by_reason)
    display.print_table(made)
