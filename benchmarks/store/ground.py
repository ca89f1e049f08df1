"""A PostgreSQL with its default durability that knows a fleet's configs, and the fleet's extraction."""

import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import Engine

from benchmarks.store.fleet import Extracted, Fleet, extracted
from signalq_billing.adapters.postgres import schema
from signalq_billing.adapters.postgres.config_store import PostgresConfigStore
from signalq_billing.adapters.postgres.engine import make_engine
from signalq_billing.adapters.postgres.payout_store import PostgresPayoutStore
from signalq_billing.devstack import postgres
from signalq_billing.domain.activity import ActivitySnapshot
from signalq_billing.domain.config import ParkConfig

_WHAT_IS_STORED = """
SELECT (SELECT count(*) FROM payout), (SELECT count(*) FROM payout_line), (SELECT count(*) FROM payout_order),
    (SELECT count(*) FROM history), (SELECT sum(total)::text FROM payout), (SELECT sum(amount)::text FROM payout_line),
    (SELECT sum(length(payload)) FROM payout_order)
"""


@dataclass(frozen=True, slots=True)
class Ground:
    """What computing begins with."""

    server: postgres.PostgresServer
    engine: Engine
    store: PostgresPayoutStore
    configs: list[ParkConfig]
    activity: Extracted
    snapshot: ActivitySnapshot
    snapshot_id: int

    def stored(self) -> list[Any]:
        """How much of everything there is, and what it sums to."""
        with self.engine.connect() as connection:
            return [str(each) for each in connection.exec_driver_sql(_WHAT_IS_STORED).one()]

    def end(self) -> None:
        self.engine.dispose()
        self.server.stop()


def ground(directory: str, parks: int, devices: int) -> Ground:
    """Make it, somewhere below `directory`."""
    own, fleet = Path(tempfile.mkdtemp(dir=directory)), Fleet(parks, devices)
    server = postgres.start(own / "postgres", end_with_parent=True)
    engine = make_engine(postgres.ensure_database(server, "bench"))
    schema.upgrade(engine)
    configs, store = fleet.configs(), PostgresPayoutStore(engine)
    PostgresConfigStore(engine).apply(configs, "bench")
    snapshot = fleet.snapshot(configs)
    snapshot_id = store.save_snapshot(snapshot, "bench")
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.exec_driver_sql("VACUUM ANALYZE")
        connection.exec_driver_sql("CHECKPOINT")
    return Ground(server, engine, store, configs, extracted(fleet, own / "extracted"), snapshot, snapshot_id)
