"""PostgreSQL with its default durability and a week of computed payouts, one order a park: where both sides begin."""

import subprocess
import sys
import tempfile
from pathlib import Path

from sqlalchemy import Engine

from benchmarks.store.fleet import PERIOD, Fleet
from signalq_billing.adapters.postgres import schema
from signalq_billing.adapters.postgres.config_store import PostgresConfigStore
from signalq_billing.adapters.postgres.engine import make_engine
from signalq_billing.adapters.postgres.payout_store import PostgresPayoutStore
from signalq_billing.devstack import postgres
from signalq_billing.domain.compute import compute_payout
from signalq_billing.domain.config import OrderPer

TOKEN = "bench"


_running: list[postgres.PostgresServer | subprocess.Popen[str]] = []


def database(directory: str) -> Engine:
    """A migrated database on a server of this process's own, somewhere below `directory`."""
    server = postgres.start(Path(tempfile.mkdtemp(dir=directory)), end_with_parent=True)
    _running.append(server)
    engine = make_engine(postgres.ensure_database(server, "bench"))
    schema.upgrade(engine)
    return engine


def lay_out(directory: str, parks: int, devices: int, per_device: int, trouble: str) -> dict[str, str]:
    """Store the payouts, start billing-orders; the first `per_device` parks get an order for each device."""
    engine = database(directory)
    fleet = Fleet(parks, devices)
    one, each = fleet.configs(OrderPer.PARK), fleet.configs(OrderPer.DEVICE)
    configs = [*each[:per_device], *one[per_device:]]
    PostgresConfigStore(engine).apply(configs, "bench")
    store, snapshot = PostgresPayoutStore(engine), fleet.snapshot(configs)
    snapshot_id = store.save_snapshot(snapshot, "bench")
    pairs = zip(configs, fleet.activity(), strict=True)
    store.store((compute_payout(config, PERIOD, park.devices) for config, park in pairs), snapshot_id, "bench")
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.exec_driver_sql("VACUUM ANALYZE")
        connection.exec_driver_sql("CHECKPOINT")
    engine.dispose()
    return {"database_url": engine.url.render_as_string(hide_password=False), "billing_url": billing(trouble)}


def billing(trouble: str) -> str:
    """Start the lean billing-orders; returns its address."""
    command = [sys.executable, "-m", "benchmarks.submit.billing", "0.02", trouble]
    started = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    _running.append(started)
    assert started.stdout is not None
    return started.stdout.readline().strip()


def end() -> None:
    """Stop what was started here."""
    for each in reversed(_running):
        if isinstance(each, subprocess.Popen):
            each.terminate()
            each.communicate()
        else:
            each.stop()


PERIOD_NAME = PERIOD.name
