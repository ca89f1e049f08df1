"""A PostgreSQL of its own, migrated, quick to fill, with what every payout refers to."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import Engine

from signalq_billing.adapters.postgres import schema
from signalq_billing.adapters.postgres.engine import make_engine
from signalq_billing.devstack import postgres

# For filling it: what is measured are reads.
_FAST_LOAD = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off", "max_wal_size": "4GB"}
# Rows are made where they are kept: the constraint that keeps periods apart would take minutes of that.
_INPUTS = """
ALTER TABLE payout DROP CONSTRAINT payout_period_once;
INSERT INTO config_version (park_id, effective_from, cadence, enabled, body, sha256, applied_at, applied_by)
    VALUES ('park', '2020-01-01', 'weekly', true, '{}', '', now(), 'bench');
INSERT INTO activity_snapshot (cadence, period_name, period_end_date, period_start, period_end, timezone, result_table,
        rows_read, bad_rows, clock, source_revision, rules_digest, created_at, created_by)
    VALUES ('weekly', '2020-01-06', '2020-01-13', '2020-01-06', '2020-01-13', 'UTC', '//t', 0, '{}', now(), '', '',
        now(), 'bench');
"""


@contextmanager
def database(directory: Path) -> Iterator[Engine]:
    """The server stops, and its engine is disposed of, at the end."""
    server = postgres.start(directory, end_with_parent=True, options=_FAST_LOAD)
    try:
        engine = make_engine(postgres.ensure_database(server, "bench"))
        schema.upgrade(engine)
        yield engine
        engine.dispose()
    finally:
        server.stop()


def prepare(engine: Engine) -> None:
    """Make it ready for rows by the hundred thousand: config version 1 and snapshot 1 stand behind all of them."""
    with engine.begin() as connection:
        connection.exec_driver_sql(_INPUTS)


def settle(engine: Engine) -> None:
    """What PostgreSQL itself does after a while."""
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.exec_driver_sql("VACUUM ANALYZE")
