"""Notifiers as connections describe them: Airflow's `http` type for a webhook, its `smtp` type for a mail server."""

from collections.abc import Mapping

from signalq_billing.adapters.notifying.email import MailServer
from signalq_billing.adapters.notifying.webhook import Webhook
from signalq_billing.connections import Connection, http_base_url
from signalq_billing.errors import UsageError

_TLS_PORT, _SUBMISSION_PORT = 465, 587


def webhook_of(conn: Connection) -> Webhook:
    """The webhook of a connection: host (and schema, port) as for HttpHook; extras `path`, `headers`, `body` (both
    objects) and `text_only`; the password is sent as a bearer token. Raises UsageError."""
    base, path = http_base_url(conn).rstrip("/"), str(conn.extra.get("path") or "")
    return Webhook(
        conn_id=conn.conn_id,
        host=base.partition("://")[2].partition("/")[0].rpartition("@")[2],
        url=f"{base}/{path.lstrip('/')}" if path else base,
        token=conn.password or None,
        headers={str(name): str(value) for name, value in _object(conn, "headers").items()},
        body=_object(conn, "body"),
        text_only=_flag(conn, "text_only"),
    )


def mail_server_of(conn: Connection) -> MailServer:
    """The mail server of a connection, in the shape of Airflow's smtp provider: extras `from_email`, `disable_ssl`,
    `disable_tls`, `timeout`. Raises UsageError."""
    sent_from = conn.extra.get("from_email") or conn.login
    if not conn.host or not sent_from:
        raise UsageError(f"connection {conn.conn_id}: give the mail server as host, the sender as extra from_email")
    tls = not _flag(conn, "disable_ssl")
    try:
        timeout = float(str(conn.extra.get("timeout") or 10))
    except ValueError:
        raise UsageError(f"connection {conn.conn_id}: extra `timeout` is not a number of seconds") from None
    return MailServer(
        conn_id=conn.conn_id,
        host=conn.host,
        port=conn.port or (_TLS_PORT if tls else _SUBMISSION_PORT),
        sent_from=str(sent_from),
        login=conn.login,
        password=conn.password,
        tls=tls,
        starttls=not tls and not _flag(conn, "disable_tls"),
        timeout_seconds=timeout,
    )


def _object(conn: Connection, name: str) -> Mapping[str, object]:
    found = conn.extra.get(name) or {}
    if not isinstance(found, Mapping):
        raise UsageError(f"connection {conn.conn_id}: extra `{name}` must be an object")
    return found


def _flag(conn: Connection, name: str) -> bool:
    return str(conn.extra.get(name) or "").lower() in ("true", "1", "yes")
