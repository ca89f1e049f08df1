"""One transaction, with PostgreSQL's errors told in our own words."""

from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
from sqlalchemy import Connection, Engine
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from signalq_billing.errors import MigrationsMissing, StorageUnavailable

_MISSING = (
    psycopg.errors.UndefinedTable,
    psycopg.errors.UndefinedColumn,
    psycopg.errors.UndefinedObject,
    psycopg.errors.InvalidSchemaName,
)


@contextmanager
def transaction(engine: Engine) -> Iterator[Connection]:
    """Commits at the end, rolls back on any error. Raises StorageUnavailable and MigrationsMissing."""
    try:
        with engine.begin() as connection:
            yield connection
    except (DBAPIError, PoolTimeout, psycopg.Error) as error:
        if told := _told(error):
            raise told from error
        raise


def driver_of(connection: Connection) -> psycopg.Connection:
    """What is beneath, in the same transaction: for COPY, and for the few statements that are executed so often that
    what SQLAlchemy does around each would be most of their cost."""
    driver = connection.connection.driver_connection
    assert isinstance(driver, psycopg.Connection)
    return driver


def plan_anew(connection: Connection) -> None:
    """Have this session's kept plans made again, those of foreign keys among them: for whoever makes a table much
    larger. A plan made while it was small reads all of it, for every row that refers to it."""
    connection.exec_driver_sql("DISCARD PLANS")


def _told(error: DBAPIError | PoolTimeout | psycopg.Error) -> Exception | None:
    """The error in our words; None for one that is a defect of ours and should stay as loud as it is."""
    origin = error.orig if isinstance(error, DBAPIError) else error
    said = str(origin).strip()
    if isinstance(origin, _MISSING):
        return MigrationsMissing(f"{said}: run `signalq-billing db upgrade`")
    lost = isinstance(error, DBAPIError) and error.connection_invalidated
    unavailable = (OperationalError, InterfaceError, PoolTimeout, psycopg.OperationalError, psycopg.InterfaceError)
    if lost or isinstance(error, unavailable) or isinstance(origin, psycopg.errors.InsufficientPrivilege):
        return StorageUnavailable(f"PostgreSQL: {said}")
    return None
