"""How alembic runs our migrations: over the connection it is handed, each upgrade in one transaction, one at a time.

`signalq_billing.adapters.postgres.schema` is the way in; there is no alembic.ini.
"""

from alembic import context
from sqlalchemy import text

from signalq_billing.adapters.postgres.tables import metadata

_ONE_AT_A_TIME = 7_352_861_004  # an advisory lock of ours: two processes may start an upgrade at once

connection = context.config.attributes["connection"]
context.configure(connection=connection, target_metadata=metadata, transactional_ddl=True)
with context.begin_transaction():
    connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _ONE_AT_A_TIME})
    context.run_migrations()
