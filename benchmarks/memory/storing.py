"""From a result table to committed payouts, as the task `compute` does it."""

from dataclasses import replace

from sqlalchemy import text

from benchmarks.memory.ground import source
from benchmarks.store.fleet import Fleet
from signalq_billing.adapters.postgres.config_store import PostgresConfigStore
from signalq_billing.adapters.postgres.engine import make_engine
from signalq_billing.adapters.postgres.payout_store import PostgresPayoutStore
from signalq_billing.services.compute import compute_and_store


def run(proxy: str, table: str, database_url: str, parks: int, devices: int) -> dict[str, int]:
    """Compute and store everything anew."""
    fleet, engine = Fleet(parks, devices), make_engine(database_url)
    configs = fleet.configs()
    store = PostgresPayoutStore(engine)
    PostgresConfigStore(engine).apply(configs, "bench")
    snapshot = replace(fleet.snapshot(configs), result_table=table)
    snapshot_id = store.save_snapshot(snapshot, "bench")
    stored = compute_and_store(snapshot, snapshot_id, configs, activity=source(proxy), payouts=store, actor="bench")
    with engine.connect() as connection:
        lines = int(connection.scalar(text("SELECT count(*) FROM payout_line")) or 0)
    engine.dispose()
    return {"payouts": len(stored), "lines": lines}
