"""Twelve periods of many parks, some of them held, unknown and not created, and one park with very many cameras."""

from sqlalchemy import Engine

from benchmarks.store.fleet import PERIOD, Fleet
from benchmarks.stored.database import prepare, settle
from signalq_billing.adapters.postgres.config_store import PostgresConfigStore
from signalq_billing.adapters.postgres.payout_store import PostgresPayoutStore
from signalq_billing.domain.compute import compute_payout
from signalq_billing.domain.config import OrderPer

PERIODS, NEWEST = 12, "2026-11-16"
LARGE = "park-00000"
# In the newest period every 50th park is held, every 51st was not created, every 53rd has an unknown outcome; of the
# periods before, every 20th park was adjusted.
_PAYOUTS = """
INSERT INTO payout (id, park_id, cadence, period_name, period_start, period_end, timezone, revision, currency, total,
        devices, paid_devices, config_version_id, snapshot_id, order_per, digest, code_version, frozen_at, computed_at,
        created_at, updated_at, hold_reason, held_at, hold_expires_at) OVERRIDING SYSTEM VALUE
    SELECT 1000000 + week * {parks} + n, 'park-' || lpad(n::text, 6, '0'), 'weekly', begins::date, begins,
        begins + interval '7 days', 'UTC', 1, 'RUB', 100 + n %% 977, n %% 60, n %% 60, 1, 1, 'park', md5(n::text),
        'bench', begins, begins, begins, begins, CASE WHEN held THEN 'differs from the median of its periods' END,
        CASE WHEN held THEN now() END, CASE WHEN held THEN now() + interval '1 day' END
    FROM (SELECT n, week, week = 0 AND n %% 50 = 0 AS held, timestamptz '{newest} 00:00Z' - week * interval '7 days'
        AS begins FROM generate_series(0, {periods} - 1) AS week, generate_series(1, {parks}) AS n) AS them;
"""
_REVISIONS = """
INSERT INTO payout (park_id, cadence, period_name, period_start, period_end, timezone, revision, currency, total,
        devices, paid_devices, config_version_id, snapshot_id, order_per, digest, code_version, frozen_at, computed_at,
        created_at, updated_at)
    SELECT park_id, cadence, period_name, period_start, period_end, timezone, 2, currency, 20, devices, paid_devices,
        config_version_id, snapshot_id, order_per, digest, code_version, frozen_at, computed_at, created_at, updated_at
    FROM payout WHERE period_name < date '{newest}' AND id %% 20 = 0;
"""
_ORDERS = """
INSERT INTO payout_order (payout_id, external_ref, amount, currency, payload, payload_hash, payment_progress, fencing,
        attempts, doc_id, claimed_until, last_outcome, created_at, updated_at)
    SELECT id, 'weekly:' || id, total, 'RUB', 'x', 'x', progress::payment_progress, 1, 1,
        CASE WHEN progress = 'created' THEN 'BO-' || id END, CASE WHEN progress = 'in_progress' THEN now() END,
        'created', now(), now()
    FROM (SELECT id, total, CASE WHEN period_name < date '{newest}' THEN 'created'
        WHEN id %% 50 = 0 OR id %% 51 = 0 THEN 'not_created' WHEN id %% 53 = 0 THEN 'in_progress'
        ELSE 'created' END AS progress FROM payout) AS them;
"""


def fill(engine: Engine, parks: int, cameras: int) -> None:
    """`PERIODS` periods of `parks` parks, and one payout of a park with `cameras` cameras and an order for each."""
    prepare(engine)
    with engine.begin() as connection:
        connection.exec_driver_sql(_PAYOUTS.format(parks=parks, periods=PERIODS, newest=NEWEST))
        connection.exec_driver_sql(_REVISIONS.format(newest=NEWEST))
        connection.exec_driver_sql(_ORDERS.format(newest=NEWEST))
    _store_large_park(engine, cameras)
    settle(engine)


def _store_large_park(engine: Engine, cameras: int) -> None:
    fleet = Fleet(1, cameras)
    configs = fleet.configs(OrderPer.DEVICE)
    PostgresConfigStore(engine).apply(configs, "bench")
    store = PostgresPayoutStore(engine)
    snapshot_id = store.save_snapshot(fleet.snapshot(configs), "bench")
    payouts = [compute_payout(configs[0], PERIOD, park.devices) for park in fleet.activity()]
    store.store(payouts, snapshot_id, "bench")
    assert payouts[0].park_id == LARGE
