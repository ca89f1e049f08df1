"""The clock of the PostgreSQL server, which leases go by."""

import datetime as dt

from sqlalchemy import Engine, func, select

from signalq_billing.adapters.postgres.transaction import transaction


def server_clock(engine: Engine) -> dt.datetime:
    """The server's time now. Raises StorageUnavailable."""
    with transaction(engine) as connection:
        now = connection.scalar(select(func.clock_timestamp()))
    assert isinstance(now, dt.datetime)
    return now
