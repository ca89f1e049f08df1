"""Migrations lead from nothing to the schema the code describes, and back, on a real server."""

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Engine, text
from sqlalchemy.exc import DBAPIError, IntegrityError

from signalq_billing.adapters.postgres import schema
from signalq_billing.adapters.postgres.engine import make_engine
from signalq_billing.adapters.postgres.tables import metadata
from signalq_billing.devstack import postgres
from signalq_billing.domain.order import Created
from signalq_billing.errors import MigrationsMissing, StorageUnavailable
from tests.integration.postgres.factories import World, payout


@pytest.fixture
def empty(postgres_server: postgres.PostgresServer, request: pytest.FixtureRequest) -> Iterator[Engine]:
    made = make_engine(postgres.ensure_database(postgres_server, f"empty_{request.node.name}"[:60]))
    yield made
    made.dispose()


def dump(engine: Engine) -> list[str]:
    """The schema as pg_dump tells it, statement by statement, without alembic's own table and the triggers."""
    program = postgres._program("pg_dump")
    url = engine.url.set(drivername="postgresql").render_as_string(hide_password=False)
    sql = subprocess.run([program, "--schema-only", "--no-owner", url], check=True, capture_output=True, text=True)
    plain = re.sub(r"^(--.*|\\.*|)\n", "", sql.stdout, flags=re.M)
    statements = re.split(r";\n(?=[A-Z])", plain)
    ours = [each for each in statements if each.startswith(("CREATE", "ALTER"))]
    return sorted(each for each in ours if not re.search(r"alembic_version|TRIGGER|EXTENSION|FUNCTION", each))


def test_upgrade_reaches_the_version_the_code_needs_and_is_safe_to_repeat(empty: Engine) -> None:
    assert schema.current_version(empty) is None
    schema.upgrade(empty)
    schema.upgrade(empty)
    assert schema.current_version(empty) == schema.head_version() == schema.NEEDED_VERSION
    schema.check_version(empty)


def test_upgrades_started_at_once_do_not_disturb_each_other(empty: Engine) -> None:
    script = (
        "import sys; from signalq_billing.adapters.postgres import engine, schema; "
        "schema.upgrade(engine.make_engine(sys.argv[1]))"
    )
    url = empty.url.render_as_string(hide_password=False)
    processes = [subprocess.Popen([sys.executable, "-c", script, url]) for _ in range(3)]
    assert [process.wait() for process in processes] == [0, 0, 0]
    schema.check_version(empty)


def test_downgrade_leaves_nothing_behind_and_upgrade_brings_the_same_back(empty: Engine) -> None:
    schema.upgrade(empty)
    before = dump(empty)
    schema.downgrade(empty, "base")
    assert dump(empty) == []
    schema.upgrade(empty)
    assert dump(empty) == before


def test_migrations_make_exactly_the_tables_the_code_describes(engine: Engine, empty: Engine) -> None:
    with engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []
    with empty.begin() as connection:
        connection.execute(text("CREATE EXTENSION btree_gist"))
        metadata.create_all(connection)
    assert dump(engine) == dump(empty)


def test_a_database_without_migrations_is_told_apart_from_one_that_is_down(empty: Engine) -> None:
    with pytest.raises(MigrationsMissing, match="at version none and this code needs"):
        schema.check_version(empty)
    with pytest.raises(StorageUnavailable, match="refused"):
        schema.check_version(make_engine("postgresql://nobody@127.0.0.1:1/none"))


def test_migrations_are_found_where_the_setting_says(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv(schema.MIGRATIONS_SETTING, str(tmp_path))
    with pytest.raises(MigrationsMissing, match=re.escape(str(tmp_path))):
        schema.head_version()
    (tmp_path / "50% off").symlink_to(Path(__file__).parents[3] / "migrations")
    monkeypatch.setenv(schema.MIGRATIONS_SETTING, str(tmp_path / "50% off"))
    assert schema.head_version() == schema.NEEDED_VERSION


def test_the_steps_from_0002_and_back_keep_what_is_stored(engine: Engine) -> None:
    world = World(engine)
    world.store(payout())
    claim = world.claim()
    before = world.progress()
    schema.downgrade(engine, "0002")
    schema.upgrade(engine)
    assert world.progress() == before
    assert world.payouts.record(claim, Created("doc-1"), "worker-1")
    assert world.history_problems() == []


ADJUSTMENT = """
INSERT INTO payout OVERRIDING SYSTEM VALUE
SELECT (jsonb_populate_record(payout, to_jsonb(payout) || %s::jsonb)).* FROM payout
"""
LINE = """
INSERT INTO payout_line
SELECT (jsonb_populate_record(payout_line, to_jsonb(payout_line) || %s::jsonb)).* FROM payout_line WHERE line_no = 1
"""


@pytest.mark.parametrize(
    ("changes", "refused_by"),
    [
        ('{"id": 99, "revision": 2, "total": -5}', ""),
        ('{"id": 99, "revision": 2, "total": 5, "carried": -5}', ""),
        ('{"id": 99, "revision": 2, "total": 5, "carried": -6}', "payout_carried"),
        ('{"id": 99, "revision": 2, "total": -5, "carried": -1}', "payout_carried"),
        ('{"id": 99, "revision": 2, "total": 5, "carried": 1}', "payout_carried"),
        ('{"id": 99, "period_name": "2020-01-06", "total": -5}', "payout_total"),
    ],
)
def test_only_a_later_revision_may_be_negative_and_nothing_is_carried_below_zero(
    engine: Engine, changes: str, refused_by: str
) -> None:
    World(engine).store(payout())
    if not refused_by:
        World(engine).rows(ADJUSTMENT, changes)
        return
    with pytest.raises(IntegrityError, match=refused_by):
        World(engine).rows(ADJUSTMENT, changes)


def test_only_a_later_revision_has_negative_lines(engine: Engine) -> None:
    world = World(engine)
    world.store(payout())
    world.rows(LINE, '{"line_no": 9, "device_id": "cam-9", "revision": 2, "amount": -1}')
    with pytest.raises(IntegrityError, match="payout_line_amount"):
        world.rows(LINE, '{"line_no": 10, "device_id": "cam-10", "amount": -1}')


def test_what_an_order_carries_is_frozen_with_it_and_a_retired_payout_stays_retired(engine: Engine) -> None:
    world = World(engine)
    world.store(payout())
    with pytest.raises(DBAPIError, match="an order is never rewritten"):
        world.rows("UPDATE payout_order SET carried = -1")
    world.rows("UPDATE payout SET retired_at = now()")
    with pytest.raises(DBAPIError, match="once retired stays retired"):
        world.rows("UPDATE payout SET retired_at = NULL")
