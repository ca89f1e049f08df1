"""The floor: the rows that the product would store, there already as PostgreSQL's own COPY files, copied into the same
tables with the same indices in one transaction."""

from pathlib import Path
from typing import Any, cast

import psycopg

from benchmarks.store.ground import Ground, ground
from signalq_billing.ports import ActivitySource
from signalq_billing.services.compute import compute_and_store

TABLES = ("payout", "payout_line", "payout_order", "history", "park_history_head")
_AT_ONCE = 1 << 16
_grounds: list[Ground] = []


def prepare(directory: str, parks: int, devices: int) -> dict[str, str]:
    """Have the product store everything, copy it out, and make the tables as they were before."""
    made = ground(directory, parks, devices)
    _grounds.append(made)
    files = made.server.data_dir.parent
    _copy_out(made, files, "before")
    activity = cast(ActivitySource, made.activity)
    compute_and_store(
        made.snapshot, made.snapshot_id, made.configs, activity=activity, payouts=made.store, actor="bench"
    )
    _copy_out(made, files, "after")
    with made.engine.begin() as connection:
        connection.exec_driver_sql("SET LOCAL session_replication_role = replica")
        connection.exec_driver_sql(f"TRUNCATE {', '.join(TABLES)} CASCADE")
    with _connected(made) as connection:
        _copy_in(connection, files / "history.before", "history")
    with made.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as vacuuming:
        vacuuming.exec_driver_sql("VACUUM ANALYZE")
        vacuuming.exec_driver_sql("CHECKPOINT")
    return {"files": str(files)}


def run(files: str, **_: Any) -> list[Any]:  # noqa: ANN401 - what prepare was given
    (made,) = _grounds
    with _connected(made) as connection:
        for table in TABLES:
            _copy_in(connection, Path(files) / f"{table}.after", table)
    return made.stored()


def finish(**_: Any) -> None:  # noqa: ANN401
    for made in _grounds:
        made.end()


def _connected(made: Ground) -> psycopg.Connection:
    return psycopg.connect(made.engine.url.set(drivername="postgresql").render_as_string(hide_password=False))


def _copy_out(made: Ground, directory: Path, when: str) -> None:
    """Every table into a file; what was in the history before, not once more afterwards."""
    with _connected(made) as connection, connection.cursor() as cursor:
        for table in TABLES:
            wanted = "history WHERE payout_id IS NOT NULL" if (table, when) == ("history", "after") else table
            with (directory / f"{table}.{when}").open("wb") as file, cursor.copy(_out(wanted)) as copy:
                for piece in copy:
                    file.write(piece)


def _out(wanted: str) -> bytes:
    return f"COPY (SELECT * FROM {wanted}) TO STDOUT".encode()


def _copy_in(connection: psycopg.Connection, path: Path, table: str) -> None:
    with (
        connection.cursor() as cursor,
        cursor.copy(f"COPY {table} FROM STDIN".encode()) as copy,
        path.open("rb") as file,
    ):
        while piece := file.read(_AT_ONCE):
            copy.write(piece)
