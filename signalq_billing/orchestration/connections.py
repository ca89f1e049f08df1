"""Connections as Airflow knows them: environment, secrets backends, metadata database."""

from signalq_billing.connections import Connection


def from_airflow(conn_id: str) -> Connection:
    """The connection of that id. Raises what Airflow raises when it does not know it."""
    from airflow.sdk.bases.hook import BaseHook

    found = BaseHook.get_connection(conn_id)
    return Connection(
        conn_id=conn_id,
        conn_type=found.conn_type,
        host=found.host,
        login=found.login,
        password=found.password,
        schema=found.schema,
        port=found.port,
        extra=found.extra_dejson,
    )
