"""The service's role: everything the service does works under it, and nothing that would rewrite what happened."""

from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import Engine, make_url
from sqlalchemy.exc import DBAPIError
from typer.testing import CliRunner

from signalq_billing.adapters.postgres import privileges, schema
from signalq_billing.adapters.postgres.comparing import PostgresOrderBooks
from signalq_billing.adapters.postgres.engine import make_engine
from signalq_billing.adapters.postgres.history_check import HistoryCheck
from signalq_billing.adapters.postgres.tables import metadata
from signalq_billing.adapters.postgres.tellings import PostgresTellings
from signalq_billing.adapters.postgres.watching import PostgresStoredWork
from signalq_billing.cli import database
from signalq_billing.devstack import postgres
from signalq_billing.devstack.billing_orders import process
from signalq_billing.domain.marking import Mark, MarkedBy
from signalq_billing.domain.order import Created, NotFound, Rejected, Unavailable, Unknown
from signalq_billing.domain.progress import Claim
from signalq_billing.domain.telling import Patience
from signalq_billing.errors import UsageError
from tests.integration.payments import computed, submitter
from tests.integration.postgres.factories import LEASE, World, config, payout
from tests.unit.domain.alerts import alert

ROLE = "signalq_service_test"


@pytest.fixture(scope="module")
def role(postgres_server: postgres.PostgresServer) -> Iterator[str]:
    with psycopg.connect(postgres_server.url(), autocommit=True) as connection:
        connection.execute(f"CREATE ROLE {ROLE} LOGIN PASSWORD 'service'")
    return ROLE


@pytest.fixture
def service(engine: Engine, role: str) -> Iterator[Engine]:
    """The same database, as the service's role."""
    privileges.grant(engine, role)
    made = make_engine(engine.url.set(username=role, password="service"))
    yield made
    made.dispose()
    with engine.begin() as connection:
        connection.exec_driver_sql(f"DROP OWNED BY {role}")


def test_telling_works_too(service: Engine) -> None:
    tellings, work = PostgresTellings(service), PostgresStoredWork(service)
    claim = tellings.claim(alert(), Patience())
    assert claim is not None
    tellings.told(claim)
    over = tellings.claim_over(claim.alert.key, Patience())
    assert over is not None
    tellings.told(over)
    tellings.forget("anything")
    assert (work.open_payouts(), work.unknown_orders(Patience().pause), work.extractions()) == ([], [], [])


def claim_of(world: World, park_id: str) -> Claim:
    return world.claim(world.order(park_id).order_id)


def test_everything_the_service_does_works(service: Engine, engine: Engine) -> None:
    world = World(service)
    schema.check_version(service)
    world.store(*(payout(f"park-{n}") for n in range(6)))
    world.store(payout("park-5", {"cam-1": "7.00"}))
    world.configs.apply([config("park-9"), config("park-8")], "tests")
    world.configs.apply([config("park-8", unit_amount="11.00")], "tests")
    assert world.payouts.void_missing(payout().period, [f"park-{n}" for n in range(5)], "run-2") == ["park-5"]
    record = world.payouts.record
    assert record(claim_of(world, "park-0"), Created("doc-0"), "w")
    assert record(claim_of(world, "park-1"), Unknown("cut"), "w")
    stale = world.payouts.claim_stale(world.order("park-1").order_id, "w", LEASE)
    assert isinstance(stale, Claim)
    assert record(stale, NotFound(), "w")
    assert record(claim_of(world, "park-1"), Unavailable("503", definite=False), "w")
    assert record(claim_of(world, "park-2"), Rejected(422, "no"), "w")
    assert world.payouts.release(world.progress("park-2").payout_id, "anna", "looked at")
    world.payouts.hold(world.progress("park-3").payout_id, "odd", "anna")
    orders = world.payouts.orders([world.order("park-4").external_ref])
    world.payouts.mark_created([Mark(orders[0], "PP-1")], MarkedBy("anna", "by hand", "f.csv", "0" * 64, "anna"))
    assert world.payouts.unfinished(10)
    assert world.payouts.records(None, payout().period.name)
    assert len(PostgresOrderBooks(service).own_orders(payout().period.cadence, payout().period.name)) == 5
    assert [*HistoryCheck(service).breaks()] == []


def test_paying_works(service: Engine, tmp_path: Path) -> None:
    billing = process.start(tmp_path / "billing", "secret-token")
    try:
        billing.faults.cut(when="after")
        report = submitter(service, billing).submit(computed(service, ["park-1", "park-2"]))
    finally:
        billing.stop()
    assert report.created + report.found == 2
    assert [*HistoryCheck(service).breaks()] == []


REWRITING = [
    *(f"DROP TABLE {table} CASCADE" for table in metadata.tables),
    *(f"TRUNCATE {table} CASCADE" for table in metadata.tables),
    *(f"ALTER TABLE {table} DISABLE TRIGGER ALL" for table in metadata.tables),
    *(f"ALTER TABLE {table} OWNER TO {ROLE}" for table in metadata.tables),
    "DROP SCHEMA public CASCADE",
    "DROP FUNCTION signalq_billing_refuse() CASCADE",
    "DROP TRIGGER history_append_only ON history",
    "CREATE OR REPLACE FUNCTION signalq_billing_refuse() RETURNS trigger LANGUAGE sql AS 'SELECT NULL'",
    "CREATE TABLE mine (x integer)",
    "CREATE RULE mine AS ON INSERT TO history DO INSTEAD NOTHING",
    "SET session_replication_role = replica",
    "SET ROLE postgres",
    "SET SESSION AUTHORIZATION postgres",
    "UPDATE history SET why = 'x'",
    "DELETE FROM history",
    "DELETE FROM park_history_head",
    "UPDATE park_history_head SET seq = seq - 1",
    "UPDATE park_history_head SET hash = 'x'",
    "UPDATE alembic_version SET version_num = '0000'",
    "DELETE FROM config_version",
    "UPDATE config_version SET body = '{}'",
    "DELETE FROM activity_snapshot",
    "UPDATE activity_snapshot SET rows_read = 0",
    "DELETE FROM order_attempt",
    "UPDATE order_attempt SET outcome = 'x'",
    "UPDATE order_attempt SET fencing = 0",
    "UPDATE payout_order SET amount = 1",
    "UPDATE payout_order SET payload = ''",
    "UPDATE payout_order SET payment_progress = 'not_created', doc_id = NULL",
    "UPDATE payout_order SET fencing = 0",
    "DELETE FROM payout_order",
    "UPDATE payout SET total = 1",
    "DELETE FROM payout",
    "UPDATE payout_line SET amount = 0",
    "DELETE FROM payout_line",
]


def test_what_would_rewrite_the_past_is_refused(service: Engine) -> None:
    world = World(service)
    world.store(payout())
    world.payouts.record(world.claim(), Created("doc-1"), "w")
    before = [world.rows(f"SELECT * FROM {table} ORDER BY 1") for table in metadata.tables]
    for statement in REWRITING:
        refused = pytest.raises(DBAPIError, match=r"permission denied|must be|refused|not allowed")
        with refused, service.begin() as connection:
            connection.exec_driver_sql(statement)
    assert [world.rows(f"SELECT * FROM {table} ORDER BY 1") for table in metadata.tables] == before


def test_lines_of_what_was_never_claimed_may_still_be_replaced(service: Engine) -> None:
    world = World(service)
    world.store(payout())
    world.store(payout(amounts={"cam-1": "7.00"}))
    assert world.line_progress() == {"cam-1": "not_created"}


def test_granting_again_changes_nothing_and_takes_away_what_is_too_much(engine: Engine, service: Engine) -> None:
    told = "SELECT relname, relacl::text FROM pg_class WHERE relacl IS NOT NULL ORDER BY 1"
    world = World(engine)
    once = world.rows(told)
    world.rows(f"GRANT ALL ON history, payout_order TO {ROLE}")
    assert world.rows(told) != once
    privileges.grant(engine, ROLE)
    assert world.rows(told) == once


def test_every_table_is_thought_of() -> None:
    assert set(privileges.PRIVILEGES) == {*metadata.tables, "alembic_version"}


@pytest.mark.parametrize("who", ["postgres", "nobody_of_that_name"])
def test_a_role_that_no_grant_binds_is_refused(engine: Engine, who: str) -> None:
    with pytest.raises(UsageError, match=who):
        privileges.grant(engine, who)


def test_the_commands_use_the_owners_connection_where_there_is_one(
    engine: Engine, service: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    def connection(url: object) -> str:
        return make_url(url).set(drivername="postgres").render_as_string(hide_password=False)  # type: ignore[arg-type]

    monkeypatch.setenv("AIRFLOW_CONN_SIGNALQ_BILLING_DB", connection(service.url))
    refused = CliRunner().invoke(database.app, ["grant", "--to", ROLE])
    assert isinstance(refused.exception, UsageError)
    monkeypatch.setenv("AIRFLOW_CONN_SIGNALQ_BILLING_DB_OWNER", connection(engine.url))
    done = CliRunner().invoke(database.app, ["grant", "--to", ROLE])
    assert (done.exit_code, "cannot drop" in done.stdout) == (0, True), done.exception
    assert CliRunner().invoke(database.app, ["upgrade"]).exit_code == 0
