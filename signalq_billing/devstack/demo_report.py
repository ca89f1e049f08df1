"""What the demo shows: progress while runs work, then parks, totals and progress, and what to try next."""

import shlex
import sys
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING

from signalq_billing.devstack import airflow_settings
from signalq_billing.devstack.databases import own_engine
from signalq_billing.devstack.demo import Progress, Show
from signalq_billing.devstack.home import PROJECT
from signalq_billing.devstack.stack import Stack
from signalq_billing.domain.money import money_text
from signalq_billing.domain.period import Period
from signalq_billing.domain.progress import PayoutProgress

if TYPE_CHECKING:
    from rich.table import Table

_WIDTH = 150


@contextmanager
def shown() -> Iterator[Show]:
    """Progress on standard error: bars on a terminal, elsewhere a line for each change."""
    if sys.stderr.isatty():
        with _bars() as show:
            yield show
    else:
        yield _lines()


@contextmanager
def _bars() -> Iterator[Show]:
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, SpinnerColumn, TaskID, TextColumn
    from rich.progress import Progress as Bars

    columns = (SpinnerColumn(), TextColumn("{task.description:<28}"), BarColumn(), MofNCompleteColumn())
    with Bars(*columns, TextColumn("{task.fields[doing]}"), console=Console(stderr=True)) as bars:
        ids: dict[str, TaskID] = {}

        def show(seen: Mapping[str, Progress]) -> None:
            for name, each in seen.items():
                if name not in ids:
                    ids[name] = bars.add_task(str(each.period), doing="", total=None)
                bars.update(ids[name], completed=each.done, total=each.total or None, doing=each.doing or each.state)

        yield show


def _lines() -> Show:
    said: dict[str, str] = {}

    def show(seen: Mapping[str, Progress]) -> None:
        for name, each in seen.items():
            line = f"  {each.period}: {each.state}{f', {each.doing}' if each.doing else ''}"
            if said.get(name) != line:
                said[name] = line
                count = f" ({each.done} of {each.total} tasks)" if each.total else ""
                print(f"{line}{count}", file=sys.stderr, flush=True)

    return show


def paid(stack: Stack, periods: Mapping[str, Period]) -> list[PayoutProgress]:
    """What is stored of those periods."""
    from signalq_billing.adapters.postgres.payout_store import PostgresPayoutStore

    engine = own_engine(stack.environment.exports)
    try:
        store = PostgresPayoutStore(engine)
        return [each for name, period in periods.items() for each in store.payouts(name, period.name)]
    finally:
        engine.dispose()


def print_report(stack: Stack, payouts: Sequence[PayoutProgress]) -> None:
    """The table, the totals, the address with its login, and what to try next."""
    from rich.console import Console

    console = Console(width=None if sys.stdout.isatty() else _WIDTH, highlight=False)
    console.print(_table(payouts))
    for line in _totals(payouts):
        console.print(line)
    console.print(f"\nAirflow   {airflow_settings.api_url(stack.memory)}   {login(stack)}\n")
    console.print(_next_steps(stack), soft_wrap=True)


def login(stack: Stack) -> str:
    viewer = f"to look only {airflow_settings.VIEWER}, password {stack.memory.secret('airflow-viewer')}"
    return f"login {airflow_settings.LOGIN}, password {stack.memory.secret('airflow')}; {viewer}"


def _table(payouts: Sequence[PayoutProgress]) -> "Table":
    from rich import box
    from rich.table import Table

    made = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for name in ("park", "cadence", "period", "cameras", "total", "currency", "progress", "orders", "note"):
        right = name in ("cameras", "total", "orders")
        made.add_column(name, justify="right" if right else "left", overflow="fold")
    for payout in payouts:
        made.add_row(
            payout.park_id,
            payout.cadence,
            payout.period_name.isoformat(),
            str(payout.devices),
            money_text(payout.total, payout.currency),
            payout.currency,
            progress_of(payout),
            str(len(payout.orders)),
            payout.hold_reason or payout.reason or "",
        )
    return made


def progress_of(payout: PayoutProgress) -> str:
    """The payout's progress in one word."""
    if payout.hold_reason:
        return "held"
    return payout.payment_progress.value if payout.orders else "nothing to pay"


def _totals(payouts: Sequence[PayoutProgress]) -> Iterator[str]:
    sums: dict[str, Decimal] = defaultdict(Decimal)
    for payout in payouts:
        sums[payout.currency] += payout.total
    counts = Counter(progress_of(payout) for payout in payouts)
    yield f"{len(payouts)} payouts: " + ", ".join(f"{count} {what}" for what, count in sorted(counts.items()))
    for currency, total in sorted(sums.items()):
        yield f"total {money_text(total, currency)} {currency}"


def _next_steps(stack: Stack) -> str:
    command = Path(sys.executable).with_name("signalq-billing")
    if command.is_relative_to(Path.cwd()):
        command = command.relative_to(Path.cwd())
    named = f" --data {shlex.quote(str(stack.home.path))}" if stack.home.path != PROJECT / ".devstack" else ""
    return f"""Try next
  eval "$({command} dev env{named})"
      lets the commands below find this stack
  {command} status
      how far every payout got
  {command} preview --cadence weekly_msk
      what the last week pays, computed anew; stores and sends nothing
  {command} run --cadence weekly_msk
      the same, paid: nobody is paid twice
  {command} dev down{named}
      ends everything; the data stays in {stack.home.path}
"""
