"""What an idle reconcile costs over old rows: a real PostgreSQL with 10,000 and then 1,000,000 settled orders, each of
a payout of its own, and how long it takes to find that there is nothing to do. Exit code 1 if it is not milliseconds.

    make bench        or        python benchmarks/reconcile_idle.py --orders 10000 --orders 1000000
"""

import argparse
import contextlib
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table
from sqlalchemy import Engine, event

from signalq_billing.adapters.postgres import reading, schema
from signalq_billing.adapters.postgres.engine import make_engine
from signalq_billing.adapters.postgres.payout_store import PostgresPayoutStore
from signalq_billing.devstack import postgres
from signalq_billing.services.reconcile import reconcile

MOST_MILLISECONDS = 20
_AT_ONCE = 50_000
_ROUNDS = 50
_FAST_LOAD = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off", "max_wal_size": "4GB"}

# The index that keeps periods apart takes minutes to build and reconcile does not look at it.
_INPUTS = """
ALTER TABLE payout DROP CONSTRAINT payout_period_once;
INSERT INTO config_version (park_id, effective_from, cadence, enabled, body, sha256, applied_at, applied_by)
    VALUES ('park', '2020-01-01', 'weekly', true, '{}', '', now(), 'bench');
INSERT INTO activity_snapshot (cadence, period_name, period_end_date, period_start, period_end, timezone, result_table,
        rows_read, bad_rows, clock, source_revision, rules_digest, created_at, created_by)
    VALUES ('weekly', '2020-01-06', '2020-01-13', '2020-01-06', '2020-01-13', 'UTC', '//t', 0, '{}', now(), '', '',
        now(), 'bench');
"""
# 4,000 parks, one payout with one order per park and week, the oldest weeks first.
_PAYOUTS = """
INSERT INTO payout (id, park_id, cadence, period_name, period_start, period_end, timezone, revision, currency, total,
        devices, paid_devices, config_version_id, snapshot_id, order_per, digest, code_version, frozen_at, computed_at,
        created_at, updated_at) OVERRIDING SYSTEM VALUE
    SELECT n, 'park-' || n %% 4000, 'weekly', week::date, week, week + interval '7 days', 'UTC', 1, 'RUB', 100, 1, 1,
        1, 1, 'park', md5(n::text), 'bench', week, week, week, week
    FROM (SELECT n, timestamptz '2000-01-03' + (n / 4000) * interval '7 days' AS week
        FROM generate_series({first}, {last}) AS n) AS weeks;
"""
_ORDERS = """
INSERT INTO payout_order (payout_id, external_ref, amount, currency, payload, payload_hash, payment_progress, fencing,
        attempts, doc_id, last_outcome, created_at, updated_at)
    SELECT n, 'weekly:' || n, 100, 'RUB', 'x', 'x', 'created', 1, 1, 'BO-' || n, 'created', now(), now()
    FROM generate_series({first}, {last}) AS n;
"""


class Answering:
    """A service that is there."""

    def ping(self) -> None:
        return


def fill(engine: Engine, first: int, last: int, bar: Progress) -> None:
    """Settled orders number `first` to `last`."""
    task = bar.add_task(f"{last:,} settled orders", total=last - first + 1)
    for start in range(first, last + 1, _AT_ONCE):
        end = min(start + _AT_ONCE - 1, last)
        with engine.begin() as connection:
            connection.exec_driver_sql("SET LOCAL session_replication_role = replica")
            connection.exec_driver_sql(_PAYOUTS.format(first=start, last=end))
            connection.exec_driver_sql(_ORDERS.format(first=start, last=end))
        bar.advance(task, end - start + 1)
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.exec_driver_sql("VACUUM ANALYZE")


def idle(engine: Engine) -> Callable[[], None]:
    store = PostgresPayoutStore(engine)

    def once() -> None:
        report = reconcile(activity=Answering(), payouts=store, billing=Answering(), submitter=None)  # type: ignore[arg-type]
        assert report.payouts == 0, "nothing should be left to do"

    return once


def milliseconds(work: Callable[[], None]) -> list[float]:
    work()
    taken = []
    for _ in range(_ROUNDS):
        began = time.perf_counter()
        work()
        taken.append((time.perf_counter() - began) * 1000)
    return sorted(taken)


@dataclass(frozen=True, slots=True)
class Asked:
    """What the server did for the very statement that reconcile sends."""

    milliseconds: float
    pages: int
    plan: list[str]

    @property
    def whole_tables(self) -> list[str]:
        return [line for line in self.plan if "Seq Scan" in line]


def ask(engine: Engine) -> Asked:
    sent: list[tuple[str, object]] = []
    with engine.connect() as connection:

        def keep(*arguments: object) -> None:
            sent.append((str(arguments[2]), arguments[3]))

        event.listen(engine, "before_cursor_execute", keep)
        reading.unfinished(connection, 500)
        event.remove(engine, "before_cursor_execute", keep)
        statement, parameters = sent[0]
        wanted = f"EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF) {statement}"
        plan = [str(row[0]) for row in connection.exec_driver_sql(wanted, parameters)]  # type: ignore[arg-type]
    executed = next(float(line.split()[2]) for line in plan if line.startswith("Execution Time"))
    pages = next((int(line.rpartition("hit=")[2].split()[0]) for line in plan if "Buffers: shared" in line), 0)
    return Asked(executed, pages, plan)


def measure(sizes: Sequence[int], console: Console) -> bool:
    """Print the table; whether the largest is within the bound and none of its tables was read whole."""
    made = Table("settled orders", "reconcile, ms", "median, ms", "of the first", "in PostgreSQL, ms", "pages read")
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with tempfile.TemporaryDirectory() as directory, contextlib.ExitStack() as ending:
        server = postgres.start(directory, end_with_parent=True, options=_FAST_LOAD)
        ending.callback(server.stop)
        engine = make_engine(postgres.ensure_database(server, "bench"))
        ending.callback(engine.dispose)
        schema.upgrade(engine)
        with engine.begin() as connection:
            connection.exec_driver_sql(_INPUTS)
        bests: list[float] = []
        filled = 0
        for size in sorted(sizes):
            with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
                fill(engine, filled + 1, size, bar)
            filled, taken, asked = size, milliseconds(idle(engine)), ask(engine)
            bests.append(taken[0])
            ratio = f"x {bests[-1] / bests[0]:.2f}"
            median = f"{statistics.median(taken):.2f}"
            made.add_row(f"{size:,}", f"{bests[-1]:.2f}", median, ratio, f"{asked.milliseconds:.2f}", str(asked.pages))
    console.print(made)
    for line in asked.plan:
        if "Scan" in line:
            console.print(line.strip(), highlight=False, markup=False)
    return bests[-1] < MOST_MILLISECONDS and not asked.whole_tables


def main() -> int:
    wanted = argparse.ArgumentParser(description="What an idle reconcile costs over old rows.")
    wanted.add_argument("--orders", type=int, action="append", help="how many; may be given many times")
    sizes = wanted.parse_args().orders or [10_000, 1_000_000]
    console = Console(width=None if sys.stdout.isatty() else 150)
    fine = measure(sizes, console)
    console.print(
        "an idle reconcile costs milliseconds" if fine else f"more than {MOST_MILLISECONDS} ms, or a whole scan"
    )
    return 0 if fine else 1


if __name__ == "__main__":
    sys.exit(main())
