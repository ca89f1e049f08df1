"""Tables for people, in task logs."""

from __future__ import annotations

import io
import logging
from collections import defaultdict
from collections.abc import Iterable, Sequence
from decimal import Decimal

from rich.console import Console
from rich.table import Table

from signalq_billing.adapters.clock import SystemClock
from signalq_billing.domain.activity import ActivitySnapshot
from signalq_billing.domain.adjustment_text import carried_text
from signalq_billing.domain.bad_rows_text import bad_rows_text, example_lines
from signalq_billing.domain.hold_text import hold_text, release_text
from signalq_billing.domain.payout import Payout
from signalq_billing.domain.progress import PayoutProgress

log = logging.getLogger(__name__)

MOST_ROWS = 500


def log_payouts(payouts: Iterable[Payout]) -> None:
    """What would be paid, park by park, with totals per currency."""
    table = Table("park", "config", "devices", "paid", "total", "", "why zero")
    totals: dict[str, Decimal] = defaultdict(Decimal)
    for number, payout in enumerate(payouts):
        totals[payout.currency] += payout.total
        if number >= MOST_ROWS:
            continue
        paid = sum(line.reason is None for line in payout.lines)
        counts = str(len(payout.lines)), str(paid)
        table.add_row(
            payout.park_id, payout.config.version, *counts, str(payout.total), payout.currency, payout.reason or ""
        )
    _log(table, totals)


def log_progress(payouts: Sequence[PayoutProgress]) -> None:
    """How far payouts got, those that are not settled first, with totals per currency over all of them."""
    table = Table("park", "rev", "total", "", "progress", "orders", "note")
    totals, now = defaultdict[str, Decimal](Decimal), SystemClock().now()
    for payout in payouts:
        totals[payout.currency] += payout.total if not payout.retired else Decimal(0)
    for payout in sorted(payouts, key=lambda each: each.settled)[:MOST_ROWS]:
        note = hold_text(payout, now) if payout.hold_reason else _note(payout)
        progress = "nothing to pay" if not payout.orders else payout.payment_progress.value
        orders = str(len(payout.orders))
        table.add_row(payout.park_id, str(payout.revision), str(payout.total), payout.currency, progress, orders, note)
    _log(table, totals)
    if len(payouts) > MOST_ROWS:
        log.info("%d more are listed by `signalq-billing status`", len(payouts) - MOST_ROWS)


def _note(payout: PayoutProgress) -> str:
    return carried_text(payout) or payout.reason or release_text(payout)


def log_source(snapshot: ActivitySnapshot) -> None:
    """What was read of status_history: rows, bad ones by reason with examples, the watermark."""
    log.info("source: %d rows read, watermark %s", snapshot.rows_read, snapshot.watermark)
    log.info("%s", bad_rows_text(snapshot.bad_rows))
    for line in example_lines(snapshot.bad_rows):
        log.info("bad row, left out: %s", line)


def _log(table: Table, totals: dict[str, Decimal]) -> None:
    for column in table.columns[2:5]:
        column.no_wrap = True
    out = Console(file=io.StringIO(), width=120, color_system=None, markup=False, emoji=False)
    out.print(table)
    for line in out.file.getvalue().splitlines():  # type: ignore[attr-defined]
        log.info("%s", line)
    for currency, total in sorted(totals.items()):
        log.info("total: %s %s", total, currency)
