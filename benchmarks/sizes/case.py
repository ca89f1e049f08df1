"""How much room things take, per event, line and order: what docs/scaling.md is worked out from. An event is in
Parquet, in order of time, lz4; lines and payouts are in PostgreSQL with their indexes, as the difference between a
large and a small fleet, so that empty pages do not count. Beside each: the same as bare text."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from sqlalchemy import Engine, text

from benchmarks.activity.events import batches
from benchmarks.activity.fleet import Fleet
from benchmarks.harness.bench import Bench
from benchmarks.submit import orders, ours
from signalq_billing.adapters.postgres.engine import make_engine

EVENTS, DEVICES = 1_000_000, 20_000
PARKS, MORE_PARKS, IN_A_PARK = 20, 220, 50
AS_TEXT = "as text"
LINES = "payout_line"
# What a period does not add to.
_LASTING = {"config_version", "alembic_version", "alert"}
_SIZES = """
SELECT relname, pg_total_relation_size(c.oid) FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace
WHERE relkind = 'r' AND nspname NOT IN ('pg_catalog', 'information_schema', 'pg_toast')
"""


@dataclass(frozen=True, slots=True)
class Taken:
    """Bytes of every table, and of the log since the server began."""

    tables: Mapping[str, int]
    log: int

    @property
    def of_payouts(self) -> int:
        """All that is not lines and grows with periods."""
        return sum(size for name, size in self.tables.items() if name not in {*_LASTING, LINES})


@dataclass(frozen=True, slots=True)
class Grown:
    """A fleet's database once its payouts are stored and once they are paid; bytes of its rows as text, on average."""

    stored: Taken
    paid: Taken
    line_text: float
    payout_text: float


def measure(bench: Bench) -> None:
    with bench.progress(3, "making events, storing and paying payouts") as step:
        _events(bench)
        step()
        try:
            few = _fleet(bench.scratch / "few", PARKS)
            step()
            many = _fleet(bench.scratch / "many", MORE_PARKS)
            step()
        finally:
            orders.end()
    lines, payouts = (MORE_PARKS - PARKS) * IN_A_PARK, MORE_PARKS - PARKS
    line = partial(bench.add, size={"lines": lines}, other=many.line_text, other_name=AS_TEXT, unit="B", repeats=1)
    line("a line, stored", ours=(many.stored.tables[LINES] - few.stored.tables[LINES]) / lines)
    line("a line, paid", ours=(many.paid.tables[LINES] - few.paid.tables[LINES]) / lines)
    line("a line in the log, stored and paid", ours=(many.paid.log - few.paid.log) / lines)
    payout = partial(bench.add, size={"payouts": payouts}, other_name=AS_TEXT, unit="B", repeats=1)
    grown = (many.paid.of_payouts - few.paid.of_payouts) / payouts
    payout("a payout with one order", ours=grown, other=many.payout_text)
    bench.note("Paying updates a line twice; its pages keep room for that.")


def _events(bench: Bench) -> None:
    table = pa.Table.from_batches(list(batches(Fleet(DEVICES), EVENTS)))
    weight = sum(pc.sum(pc.binary_length(table[name])).as_py() for name in ("park_id", "device_id", "status"))
    file = bench.scratch / "events.parquet"
    pq.write_table(table, file, compression="lz4", row_group_size=262_144)
    bench.add(
        "an event on disk",
        size={"events": EVENTS, "devices": DEVICES},
        ours=file.stat().st_size / EVENTS,
        other=weight / EVENTS + 8,
        other_name=AS_TEXT,
        unit="B",
        repeats=1,
    )


def _fleet(directory: Path, parks: int) -> Grown:
    directory.mkdir()
    found = orders.lay_out(str(directory), parks, IN_A_PARK, per_device=0, trouble="")
    engine = make_engine(found["database_url"])
    try:
        stored = _taken(engine)
        ours.run(**found)
        payout_text = _as_text(engine, "payout") + _as_text(engine, "payout_order")
        return Grown(stored, _taken(engine), _as_text(engine, LINES), payout_text)
    finally:
        engine.dispose()


def _taken(engine: Engine) -> Taken:
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        log = connection.execute(text("SELECT pg_current_wal_lsn() - '0/0'::pg_lsn")).scalar_one()
        connection.exec_driver_sql("VACUUM ANALYZE")
        return Taken({str(name): int(size) for name, size in connection.execute(text(_SIZES))}, int(log))


def _as_text(engine: Engine, table: str) -> float:
    with engine.connect() as connection:
        return float(connection.execute(text(f"SELECT avg(length(t::text)) FROM {table} t")).scalar_one())
