"""What the running service may do in the database, and nothing beyond: migrations own the schema, the service's role
can neither drop, truncate or alter, nor change or delete what the history and the calls to billing-orders left."""

from collections.abc import Mapping

from psycopg import sql
from sqlalchemy import Connection, Engine, text

from signalq_billing.adapters.postgres.transaction import transaction
from signalq_billing.errors import UsageError

_CONTENT = "SELECT, INSERT, UPDATE, DELETE"  # replaced until the first claim; triggers keep what was claimed
_PROGRESS = (
    "payment_progress, fencing, claimed_until, claimed_by, attempts, doc_id, last_error, last_outcome, retry_at,"
    " ambiguous, updated_at"
)
PRIVILEGES: Mapping[str, str] = {
    "alembic_version": "SELECT",
    "config_version": "SELECT, INSERT, UPDATE",  # of the whole table, for `config apply` locks it
    "activity_snapshot": "SELECT, INSERT",
    "payout": _CONTENT,
    "payout_line": "SELECT, INSERT, DELETE, UPDATE (payment_progress, updated_at)",
    "payout_order": f"SELECT, INSERT, DELETE, UPDATE ({_PROGRESS})",
    "order_attempt": "SELECT, INSERT, UPDATE (recorded_at, outcome, definite, detail)",
    "history": "SELECT, INSERT",
    "park_history_head": "SELECT, INSERT, UPDATE (seq, hash)",
    "alert": _CONTENT,  # what was told last; the history tells what happened
}
_ONE_AT_A_TIME = 7_352_861_004  # the migrations' own advisory lock


def grant(engine: Engine, role: str) -> None:
    """Give `role` exactly the service's privileges, taking away whatever else it had on our tables. Safe to repeat.

    To be run as the owner of the tables. Raises UsageError for a role that there is not, or that no grant can bind:
    a superuser, the owner itself or a member of it.
    """
    with transaction(engine) as connection:
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _ONE_AT_A_TIME})
        _check(connection, role)
        _run(connection, role, "GRANT CONNECT ON DATABASE {database} TO {role}")
        _run(connection, role, "REVOKE ALL ON SCHEMA {schema} FROM {role}")
        _run(connection, role, "GRANT USAGE ON SCHEMA {schema} TO {role}")
        _run(connection, role, "REVOKE ALL ON ALL TABLES IN SCHEMA {schema} FROM {role}")
        _run(connection, role, "REVOKE ALL ON ALL SEQUENCES IN SCHEMA {schema} FROM {role}")
        for table, privileges in PRIVILEGES.items():
            _run(connection, role, f"GRANT {privileges} ON {{schema}}.{table} TO {{role}}")


def _check(connection: Connection, role: str) -> None:
    found = connection.execute(
        text("SELECT rolsuper, rolname = current_user AS ours FROM pg_roles WHERE rolname = :role"), {"role": role}
    ).one_or_none()
    if found is None:
        raise UsageError(f"there is no role {role!r}: a superuser makes one with CREATE ROLE ... LOGIN PASSWORD '...'")
    owners = connection.execute(
        text(
            "SELECT DISTINCT tableowner FROM pg_tables WHERE schemaname = current_schema() AND tablename = ANY(:ours)"
            " AND pg_has_role(CAST(:role AS name), tableowner, 'MEMBER')"
        ),
        {"role": role, "ours": list(PRIVILEGES)},
    ).scalars()
    if found.rolsuper or found.ours or list(owners):
        raise UsageError(
            f"role {role!r} is a superuser, the owner of the tables or a member of it: no grant binds it. "
            f"Name the role that the service connects as, and run this as the owner"
        )


def _run(connection: Connection, role: str, statement: str) -> None:
    schema, database = connection.execute(text("SELECT current_schema(), current_database()")).one()
    driver = connection.connection.driver_connection
    assert driver is not None
    names = {"role": role, "schema": schema, "database": database}
    composed = sql.SQL(statement).format(**{name: sql.Identifier(value) for name, value in names.items()})
    connection.exec_driver_sql(composed.as_string(driver).replace("%", "%%"))
