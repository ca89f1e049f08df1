"""What the Payouts page costs: 12 periods of 10,000 parks each in a real PostgreSQL, some of them held, unknown and not
created, and the server's time for each page. Exit code 1 if one of a period takes longer than it may.

    python benchmarks/payouts_page.py --parks 10000
"""

import argparse
import statistics
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

import psutil
from fastapi.testclient import TestClient
from rich.console import Console
from rich.table import Table
from sqlalchemy import Engine

from signalq_billing.adapters.postgres import schema
from signalq_billing.adapters.postgres.engine import make_engine
from signalq_billing.adapters.postgres.payout_pages import PostgresPayoutPages
from signalq_billing.adapters.postgres.payout_store import PostgresPayoutStore
from signalq_billing.devstack import postgres
from signalq_billing.web.app import make_app
from signalq_billing.web.desk import Desk

MOST_MILLISECONDS = 300
_PERIODS, _ROUNDS = 12, 15
_NEWEST = "2026-11-16"
_FAST_LOAD = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off", "max_wal_size": "4GB"}
_INPUTS = """
INSERT INTO config_version (park_id, effective_from, cadence, enabled, body, sha256, applied_at, applied_by)
    VALUES ('park', '2020-01-01', 'weekly', true, '{}', '', now(), 'bench');
INSERT INTO activity_snapshot (cadence, period_name, period_end_date, period_start, period_end, timezone, result_table,
        rows_read, bad_rows, clock, source_revision, rules_digest, created_at, created_by)
    VALUES ('weekly', '2020-01-06', '2020-01-13', '2020-01-06', '2020-01-13', 'UTC', '//t', 0, '{}', now(), '', '',
        now(), 'bench');
"""
# In the newest period every 50th park is held, every 51st was not created, every 53rd has an unknown outcome.
_PAYOUTS = """
INSERT INTO payout (id, park_id, cadence, period_name, period_start, period_end, timezone, revision, currency, total,
        devices, paid_devices, config_version_id, snapshot_id, order_per, digest, code_version, frozen_at, computed_at,
        created_at, updated_at, hold_reason, held_at, hold_expires_at) OVERRIDING SYSTEM VALUE
    SELECT week * {parks} + n, 'park-' || lpad(n::text, 6, '0'), 'weekly', begins::date, begins,
        begins + interval '7 days', 'UTC', 1, 'RUB', 100 + n %% 977, n %% 60, n %% 60, 1, 1, 'park', md5(n::text),
        'bench', begins, begins, begins, begins, CASE WHEN held THEN 'differs from the median of its periods' END,
        CASE WHEN held THEN now() END, CASE WHEN held THEN now() + interval '1 day' END
    FROM (SELECT n, week, week = 0 AND n %% 50 = 0 AS held, timestamptz '{newest} 00:00Z' - week * interval '7 days'
        AS begins FROM generate_series(0, {periods} - 1) AS week, generate_series(1, {parks}) AS n) AS them;
INSERT INTO payout_order (payout_id, external_ref, amount, currency, payload, payload_hash, payment_progress, fencing,
        attempts, doc_id, claimed_until, last_outcome, created_at, updated_at)
    SELECT id, 'weekly:' || id, total, 'RUB', 'x', 'x', progress::payment_progress, 1, 1,
        CASE WHEN progress = 'created' THEN 'BO-' || id END, CASE WHEN progress = 'in_progress' THEN now() END,
        'created', now(), now()
    FROM (SELECT id, total, CASE WHEN period_name < date '{newest}' THEN 'created'
        WHEN id %% 50 = 0 OR id %% 51 = 0 THEN 'not_created' WHEN id %% 53 = 0 THEN 'in_progress'
        ELSE 'created' END AS progress FROM payout) AS them;
"""


class Anna:
    """Somebody who may act on everything."""

    name = "anna"

    def may_act_on(self, dag_id: str) -> bool:
        return bool(dag_id)


def fill(engine: Engine, parks: int) -> None:
    """12 periods of `parks` parks."""
    with engine.begin() as connection:
        connection.exec_driver_sql("ALTER TABLE payout DROP CONSTRAINT payout_period_once")
        connection.exec_driver_sql(_INPUTS)
        connection.exec_driver_sql(_PAYOUTS.format(parks=parks, periods=_PERIODS, newest=_NEWEST))
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.exec_driver_sql("VACUUM ANALYZE")


def client(engine: Engine) -> TestClient:
    """The page, as HTTP sees it."""
    desk = Desk(
        access=Anna,
        pages=lambda: PostgresPayoutPages(engine),
        payouts=lambda: PostgresPayoutStore(engine),
        explainer=lambda: (_ for _ in ()).throw(NotImplementedError),
        cadences=dict,
        now=lambda: datetime.now(UTC),
    )
    return TestClient(make_app(desk))


def measure(page: TestClient, address: str, partial: bool) -> tuple[list[float], float]:
    """Milliseconds of each round, sorted, after one that warms caches; and what processors worked for one, which is the
    time it takes on a machine that does nothing else."""
    taken, headers = [], {"HX-Request": "true"} if partial else {}
    worked = 0.0
    for number in range(_ROUNDS + 1):
        if number == 1:
            worked = processor_time()
        began = time.perf_counter()
        answer = page.get(address, headers=headers)
        taken.append((time.perf_counter() - began) * 1000)
        assert answer.status_code == 200, answer.text
    return sorted(taken[1:]), (processor_time() - worked) * 1000 / _ROUNDS


def processor_time() -> float:
    """Seconds that this process and the servers it started have worked."""
    this = psutil.Process()
    times = [each.cpu_times() for each in (this, *this.children(recursive=True)) if each.is_running()]
    return float(sum(each.user + each.system for each in times))


def pages_of(parks: int) -> dict[str, tuple[str, bool]]:
    """What is asked for: address, and whether only the table is."""
    period = f"/period?cadence=weekly&period={_NEWEST}"
    return {
        "a period": (period, False),
        "a period, by total": (f"{period}&sort=total&down=yes", False),
        "a period, its last page by id": (f"{period}&sort=park&page={parks // 100}", False),
        "a period, held ones": (f"{period}&state=held", False),
        "typing into its search box": (f"{period}&q=-00123", True),
        "the overview, 12 periods": ("/", False),
    }


def main() -> int:
    """Fill, measure, print."""
    asked = argparse.ArgumentParser()
    asked.add_argument("--parks", type=int, default=10_000)
    parks = asked.parse_args().parks
    table = Table("Page", "Processor, ms", "Median, ms", "Best, ms", title=f"{_PERIODS} periods of {parks:,} parks")
    slow = False
    with tempfile.TemporaryDirectory() as directory:
        server = postgres.start(Path(directory), end_with_parent=True, options=_FAST_LOAD)
        try:
            engine = make_engine(postgres.ensure_database(server, "page"))
            schema.upgrade(engine)
            fill(engine, parks)
            page = client(engine)
            for name, (address, partial) in pages_of(parks).items():
                taken, worked = measure(page, address, partial)
                table.add_row(name, f"{worked:.0f}", f"{statistics.median(taken):.0f}", f"{taken[0]:.0f}")
                slow = slow or (address != "/" and worked > MOST_MILLISECONDS)
            engine.dispose()
        finally:
            server.stop()
    Console().print(table)
    return 1 if slow else 0


if __name__ == "__main__":
    sys.exit(main())
