"""How commands show things: tables for people on a terminal of any width, JSON for programs, progress on stderr."""

from __future__ import annotations

import datetime as dt
import itertools
import json
import shutil
import sys
import tempfile
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from signalq_billing.adapters.clock import SystemClock
from signalq_billing.domain.adjustment_text import carried_text
from signalq_billing.domain.hold_text import hold_text, release_text
from signalq_billing.domain.money import money_text

if TYPE_CHECKING:
    from rich.table import Table

    from signalq_billing.domain.payout import Payout
    from signalq_billing.domain.progress import PayoutProgress
    from signalq_billing.services.run import Announce


def print_json(document: Any) -> None:  # noqa: ANN401 - any JSON value
    """One JSON document on standard output, UTF-8, or nothing of one that fails.

    Iterators among the values of a map are written as lists, item by item, so that a long one takes no memory.
    """
    if isinstance(document, dict):
        document = {key: _Items(value) if isinstance(value, Iterator) else value for key, value in document.items()}
    with tempfile.SpooledTemporaryFile(max_size=1 << 20, mode="w+", encoding="utf-8") as text:
        json.dump(document, text, ensure_ascii=False, indent=2)
        text.seek(0)
        shutil.copyfileobj(text, sys.stdout)
    sys.stdout.write("\n")


class _Items(list[Any]):
    """What an iterator gives, as the list that `json` insists on; to be gone through once."""

    def __init__(self, items: Iterator[Any]) -> None:
        super().__init__(itertools.islice(items, 1))
        self._rest = items

    def __iter__(self) -> Iterator[Any]:
        return itertools.chain(super().__iter__(), self._rest)


def print_table(table: Table) -> None:
    """A table on standard output, as wide as the terminal, or as wide as it needs when that is a file or a pipe."""
    from rich.cells import cell_len
    from rich.console import Console

    console = Console(width=None if sys.stdout.isatty() else 160, highlight=False, markup=False, emoji=False)
    if table.columns:  # what a row is about stays in one piece as long as that leaves room for the rest
        first = table.columns[0]
        widest = max((cell_len(str(cell)) for cell in first.cells), default=0)
        first.min_width = min(widest, console.width // 3)
    console.print(table)


@contextmanager
def progress(quiet: bool) -> Iterator[Announce]:
    """Tell people on a terminal what is being done, by a bar on standard error; nothing elsewhere."""
    from rich.console import Console

    console = Console(stderr=True, highlight=False, markup=False, emoji=False)
    if quiet or not console.is_terminal:
        yield lambda _: None
        return
    from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    columns = (SpinnerColumn(), TextColumn("{task.description}"), BarColumn(20), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True) as bar:
        task = bar.add_task("starting", total=None)
        yield lambda text: bar.update(task, description=text)


def table(*columns: str, right: Sequence[str] = (), title: str | None = None) -> Table:
    """An empty table in the house style; the columns in `right` hold numbers."""
    from rich import box
    from rich.table import Table

    made = Table(box=box.SIMPLE_HEAD, title=title, title_justify="left", pad_edge=False)
    for column in columns:
        made.add_column(column, justify="right" if column in right else "left", overflow="fold")
    return made


def print_payouts(payouts: Iterable[Payout]) -> None:
    """What would be paid, park by park, and totals by currency."""
    made = table(
        "park", "config", "devices", "paid", "total", "currency", "why zero", right=("devices", "paid", "total")
    )
    totals: dict[str, Decimal] = defaultdict(Decimal)
    for payout in payouts:
        paid = sum(line.reason is None for line in payout.lines)
        made.add_row(
            payout.park_id,
            payout.config.version,
            str(len(payout.lines)),
            str(paid),
            money_text(payout.total, payout.currency),
            payout.currency,
            payout.reason or "",
        )
        totals[payout.currency] += payout.total
    print_table(made)
    print_totals(totals)


def print_progress(payouts: Sequence[PayoutProgress]) -> None:
    """How far every payout got, and totals by currency. A period that all of them have is told once, above."""
    periods = {f"{payout.cadence} {payout.period_name}" for payout in payouts}
    columns = ["park", "period", "rev", "total", "currency", "progress", "orders", "note"]
    made = table(
        *(name for name in columns if name != "period" or len(periods) > 1),
        right=("rev", "total", "orders"),
        title=next(iter(periods)) if len(periods) == 1 else None,
    )
    totals, now = defaultdict[str, Decimal](Decimal), SystemClock().now()
    for payout in payouts:
        made.add_row(
            payout.park_id,
            *([f"{payout.cadence} {payout.period_name}"] if len(periods) > 1 else []),
            str(payout.revision),
            money_text(payout.total, payout.currency),
            payout.currency,
            payout.payment_progress.value if payout.orders else "nothing to pay",
            str(len(payout.orders)),
            note(payout, now),
        )
        totals[payout.currency] += payout.total if not payout.retired else Decimal(0)
    print_table(made)
    print_totals(totals)


def note(payout: PayoutProgress, now: dt.datetime) -> str:
    """What a person should know about a payout: why and since when it is held, what went wrong last, what of it is
    carried or taken back, why it is zero, or who released it."""
    if payout.retired:
        return carried_text(payout)
    if payout.hold_reason and not payout.settled:  # what was paid by hand while it was held keeps nothing back
        return hold_text(payout, now)
    errors = [order.last_error for order in payout.orders if order.last_error and not order.doc_id]
    return errors[0] if errors else carried_text(payout) or payout.reason or release_text(payout)


def print_totals(totals: dict[str, Decimal]) -> None:
    for currency, total in sorted(totals.items()):
        print(f"total {money_text(total, currency)} {currency}")  # noqa: T201
