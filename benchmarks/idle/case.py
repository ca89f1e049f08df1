"""An idle reconcile: a real PostgreSQL with settled orders, each of a payout of its own, and what it takes to find that
there is nothing to do. The bound is 50 ms of database time over a million of them; the last row holds it against a
hundredth of the orders, for what is settled should not matter at all."""

import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from sqlalchemy import Engine, event

from benchmarks.harness.bench import Bench
from benchmarks.stored.database import database, prepare, settle
from signalq_billing.adapters.postgres import reading
from signalq_billing.adapters.postgres.payout_store import PostgresPayoutStore
from signalq_billing.services.reconcile import reconcile

ORDERS = {"small": 100_000, "full": 1_000_000}
FEWER = 100
MOST_MILLISECONDS = 50
_AT_ONCE, _ROUNDS = 50_000, 50
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


class TableReadWhole(Exception):
    """PostgreSQL goes through all orders to find none: it will be slow one day, however fast it is now."""


class Answering:
    """A service that is there."""

    def ping(self) -> None:
        return


@dataclass(frozen=True, slots=True)
class Asked:
    """What the server did for the very statement that reconcile sends."""

    milliseconds: float
    pages: int


def measure(bench: Bench) -> None:
    orders = ORDERS[bench.size]
    with database(bench.scratch / "postgres") as engine:
        prepare(engine)
        with bench.progress(orders, f"{orders:,} settled orders") as step:
            fill(engine, 1, orders // FEWER, step)
            few = ask(engine)
            fill(engine, orders // FEWER + 1, orders, step)
        many, asked = taken(idle(engine)), [ask(engine) for _ in range(_ROUNDS)]
    in_database = statistics.median(each.milliseconds for each in asked)
    add = partial(bench.add, size={"orders": orders}, repeats=_ROUNDS)
    bound = partial(add, other=MOST_MILLISECONDS, other_name="the bound", unit="ms", goal=1)
    bound("idle reconcile, time in the database", ours=in_database)
    bound("idle reconcile, all of it", ours=many)
    fewer = f"a {FEWER}th of the orders"
    add("idle reconcile, pages read", ours=asked[-1].pages, other=few.pages, other_name=fewer, unit="pages", goal=1.5)
    bench.note(
        f"The statement of an idle reconcile read {asked[-1].pages} pages of 8 kB, and no table from end to end."
    )


def fill(engine: Engine, first: int, last: int, step: Callable[[], None]) -> None:
    """Settled orders number `first` to `last`."""
    for start in range(first, last + 1, _AT_ONCE):
        end = min(start + _AT_ONCE - 1, last)
        with engine.begin() as connection:
            connection.exec_driver_sql("SET LOCAL session_replication_role = replica")
            connection.exec_driver_sql(_PAYOUTS.format(first=start, last=end))
            connection.exec_driver_sql(_ORDERS.format(first=start, last=end))
        for _ in range(start, end + 1):
            step()
    settle(engine)


def idle(engine: Engine) -> Callable[[], None]:
    store = PostgresPayoutStore(engine)

    def once() -> None:
        report = reconcile(activity=Answering(), payouts=store, billing=Answering(), submitter=None)  # type: ignore[arg-type]
        assert report.payouts == 0, "nothing should be left to do"

    return once


def taken(work: Callable[[], None]) -> float:
    """Milliseconds, the median of many after one that warms caches."""
    work()
    found = []
    for _ in range(_ROUNDS):
        began = time.perf_counter()
        work()
        found.append((time.perf_counter() - began) * 1000)
    return statistics.median(found)


def ask(engine: Engine) -> Asked:
    """Have the server tell of the statement. Raises TableReadWhole."""
    sent: list[tuple[str, object]] = []
    with engine.connect() as connection:

        def keep(*arguments: object) -> None:
            sent.append((str(arguments[2]), arguments[3]))

        event.listen(engine, "before_cursor_execute", keep)
        reading.unfinished(connection, 500)
        event.remove(engine, "before_cursor_execute", keep)
        statement, parameters = sent[0]
        wanted = f"EXPLAIN (ANALYZE, BUFFERS, COSTS OFF, TIMING OFF) {statement}"
        plan = [str(row[0]) for row in connection.exec_driver_sql(wanted, parameters)]  # type: ignore[arg-type]
    if whole := [line for line in plan if "Seq Scan" in line]:
        raise TableReadWhole("\n".join(whole))
    executed = next(float(line.split()[2]) for line in plan if line.startswith("Execution Time"))
    pages = next((int(line.rpartition("hit=")[2].split()[0]) for line in plan if "Buffers: shared hit" in line), 0)
    return Asked(executed, pages)
