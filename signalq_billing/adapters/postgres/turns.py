"""One at a time, over all processes: whoever asks for a turn that is taken waits for it to end."""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Engine, text

from signalq_billing.adapters.postgres.transaction import transaction


@contextmanager
def turn(engine: Engine, name: str) -> Iterator[None]:
    """Hold the turn of that name. Raises StorageUnavailable for one that does not come within half a minute."""
    number = int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], "big", signed=True)
    with transaction(engine) as connection:
        # What is done meanwhile goes over other connections; this one only waits.
        connection.execute(text("SET LOCAL idle_in_transaction_session_timeout = '15min'"))
        connection.execute(text("SELECT pg_advisory_xact_lock(:number)"), {"number": number})
        yield
