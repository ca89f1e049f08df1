"""The store as a whole: snapshots, a server that goes away, and that it stays quick with much in it."""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from signalq_billing.adapters.postgres import schema
from signalq_billing.adapters.postgres.config_store import PostgresConfigStore
from signalq_billing.adapters.postgres.engine import make_engine
from signalq_billing.adapters.postgres.payout_store import PostgresPayoutStore
from signalq_billing.devstack import postgres
from signalq_billing.domain.activity import BadRows
from signalq_billing.errors import MigrationsMissing, SourceInvalid, StorageUnavailable, UsageError
from tests.integration.postgres.factories import LEASE, World, payout, snapshot


def test_a_snapshot_whose_period_has_other_bounds_today_is_refused(world: World) -> None:
    snapshot_id = world.payouts.save_snapshot(snapshot(), "run-1")
    world.rows("UPDATE activity_snapshot SET period_end = period_end - interval '1 hour'")
    with pytest.raises(SourceInvalid, match="time zone data changed"):
        world.payouts.snapshot(snapshot_id)


@pytest.fixture
def own_server(tmp_path: Path) -> Iterator[postgres.PostgresServer]:
    server = postgres.start(tmp_path / "server", end_with_parent=True)
    yield server
    server.stop()
    if other := postgres.find(tmp_path / "server"):
        other.stop()


def test_a_snapshot_comes_back_as_it_was(world: World) -> None:
    nasty = BadRows({"no\x00reason": 3}, 10**12, ({"device_id": "\\x00\x00é"},))
    for each in (snapshot(), snapshot(watermark=None, bad_rows=BadRows()), snapshot(bad_rows=nasty)):
        assert world.payouts.snapshot(world.payouts.save_snapshot(each, "run-1")) == each
    with pytest.raises(UsageError, match="no activity snapshot 404"):
        world.payouts.snapshot(404)


def test_a_database_that_is_not_migrated_says_so_whatever_is_asked(postgres_server: postgres.PostgresServer) -> None:
    engine = make_engine(postgres.ensure_database(postgres_server, "not_migrated"))
    store = PostgresPayoutStore(engine)
    for ask in (store.ping, store.payouts, lambda: store.unfinished(1), PostgresConfigStore(engine).current):
        with pytest.raises(MigrationsMissing):
            ask()
    schema.upgrade(engine)
    store.ping()
    engine.dispose()


def test_a_server_that_goes_away_is_unavailable_and_usable_again_when_it_is_back(
    own_server: postgres.PostgresServer,
) -> None:
    engine = make_engine(postgres.ensure_database(own_server, "billing"))
    schema.upgrade(engine)
    world = World(engine)
    world.store(payout())
    own_server.stop()
    order_id, store = 1, world.payouts
    for ask in (store.ping, store.payouts, lambda: store.claim(order_id, "w", LEASE), world.configs.current):
        with pytest.raises(StorageUnavailable, match="PostgreSQL"):
            ask()
    again = postgres.start(own_server.data_dir, own_server.port, end_with_parent=True)
    assert world.claim().order_id == world.order().order_id
    engine.dispose()
    again.stop()


def test_what_the_url_asks_for_comes_before_what_we_would_ask_for(database_url: str) -> None:
    def session(url: str) -> dict[str, str]:
        made = make_engine(url, application_name="ours")
        with made.connect() as connection:
            names = ("application_name", "TimeZone", "statement_timeout")
            found = {name: str(connection.exec_driver_sql(f"SHOW {name}").scalar_one()) for name in names}
        made.dispose()
        return found

    assert session(database_url) == {"application_name": "ours", "TimeZone": "UTC", "statement_timeout": "0"}
    theirs = session(f"{database_url}?application_name=theirs&options=-c%20statement_timeout%3D5000")
    assert (theirs["application_name"], theirs["statement_timeout"]) == ("theirs", "5s")


def test_a_connection_cut_in_the_middle_is_unavailable_not_a_mystery(world: World) -> None:
    world.store(payout())
    world.rows(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
        " WHERE datname = current_database() AND pid <> pg_backend_pid()"
    )
    assert world.progress().park_id == "park-1"  # the pool notices dead connections before using them


def test_parks_are_stored_by_the_hundred_in_seconds(world: World) -> None:
    amounts = {f"camera-{n:03}": "1.25" for n in range(50)}
    computed = [payout(f"park-{n:04}", amounts) for n in range(200)]
    assert world.configs.apply([each.config for each in computed], "ann")["added"] == 200
    snapshot_id, began = world.snapshot_id, time.monotonic()
    world.payouts.store(computed, snapshot_id, "run-1")
    assert time.monotonic() - began < 15
    began = time.monotonic()
    assert {each.result for each in world.payouts.store(computed, snapshot_id, "run-1")} == {"unchanged"}
    assert time.monotonic() - began < 10
    assert world.rows("SELECT count(*) AS n FROM payout_line") == [{"n": 10_000}]


def test_unfinished_orders_are_found_at_once_among_very_many_settled_ones(world: World) -> None:
    world.store(payout())
    world.rows(
        """INSERT INTO payout_order (payout_id, external_ref, amount, currency, payload, payload_hash,
               payment_progress, doc_id, created_at, updated_at)
           SELECT payout_id, 'settled-' || n, 1, 'RUB', '', '', 'created', 'doc-' || n, now(), now()
           FROM payout_order, generate_series(1, 50000) AS n"""
    )
    world.rows("ANALYZE payout_order")
    plan = world.rows(
        """EXPLAIN SELECT payout_id FROM payout_order WHERE payment_progress = 'not_created'
           UNION SELECT payout_id FROM payout_order WHERE payment_progress = 'in_progress' AND claimed_until <= now()"""
    )
    text = "\n".join(next(iter(row.values())) for row in plan)
    assert "payout_order_waiting" in text
    assert "payout_order_claimed" in text
    assert "Seq Scan" not in text
