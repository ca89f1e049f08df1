"""Airflow connections without Airflow: `AIRFLOW_CONN_<ID>` read as a task of Airflow 3.3 reads it (SPEC section 10).

Importing Airflow takes seconds; a command line should not. What each service needs is taken from a connection here
too, so that the DAGs and the command line cannot differ. Nothing here ever repeats a secret.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import SplitResult, parse_qsl, quote, quote_plus, unquote, urlsplit

from signalq_billing.errors import UsageError

_PREFIX = "AIRFLOW_CONN_"
_WHOLE_EXTRA = "__extra__"
_KEYS = ("conn_type", "description", "host", "login", "password", "schema", "port", "extra")
# What PostgresHook keeps for itself; every other extra is a parameter of libpq.
_NOT_LIBPQ = frozenset(
    {"iam", "redshift", "redshift-serverless", "cursor", "cluster-identifier", "workgroup-name", "aws_conn_id"}
    | {"sqlalchemy_scheme", "sqlalchemy_query", "azure_conn_id"}
)


@dataclass(frozen=True, slots=True)
class Connection:
    """One connection. `extra` is the decoded object; like the password it stays out of the repr."""

    conn_id: str
    conn_type: str | None = None
    host: str | None = None
    login: str | None = None
    password: str | None = field(default=None, repr=False)
    schema: str | None = None
    port: int | None = None
    extra: Mapping[str, object] = field(default_factory=dict, repr=False)


def from_environment(conn_id: str, environ: Mapping[str, str]) -> Connection | None:
    """The connection in `AIRFLOW_CONN_<ID>`, as JSON or as a URI; None if there is none. Raises UsageError."""
    value = environ.get(variable_name(conn_id), "").strip()
    if not value:
        return None
    return _from_json(conn_id, value) if value.startswith("{") else _from_uri(conn_id, value)


def variable_name(conn_id: str) -> str:
    """The environment variable that holds a connection."""
    return _PREFIX + conn_id.upper()


def postgres_url(conn: Connection) -> str:
    """The database's SQLAlchemy URL, for psycopg 3. Raises UsageError for a missing host or schema.

    Beyond PostgresHook's own URL it carries libpq's parameters (sslmode, connect_timeout, ...) that stand in `extra`.
    """
    host, database = _needed(conn, "host", "the server's name"), _needed(conn, "schema", "the database's name")
    query = {name: value for name, value in conn.extra.items() if name not in _NOT_LIBPQ}
    more = conn.extra.get("sqlalchemy_query") or {}
    if not isinstance(more, Mapping):
        raise _bad(conn, "extra.sqlalchemy_query", "must be an object")
    query |= more
    if host.startswith("/"):  # the directory of a Unix socket has no place of its own in a URL
        query, host = {"host": host, **query}, ""
    login = quote(conn.login, safe=" +") if conn.login else ""
    secret = f":{quote(conn.password, safe=' +')}" if conn.login and conn.password is not None else ""
    address = f"[{host}]" if ":" in host else host
    port = f":{conn.port}" if conn.port else ""
    url = f"postgresql+psycopg://{login}{secret}{'@' if login else ''}{address}{port}/{quote(database, safe=' +/')}"
    words = [f"{quote_plus(name)}={quote_plus(_word(query[name]))}" for name in sorted(query)]
    return f"{url}?{'&'.join(words)}" if words else url


def http_base_url(conn: Connection) -> str:
    """The address HttpHook would call: `host` if it has a scheme, else `schema` (default http), host and port."""
    host = _needed(conn, "host", "the service's name or address")
    base = host if "://" in host else f"{conn.schema or 'http'}://{host}"
    return f"{base}:{conn.port}" if conn.port else base


def ytsaurus_settings(conn: Connection) -> tuple[str, str | None, dict[str, object]]:
    """Proxy, token (None for a cluster without authentication) and client config of a YTsaurus cluster.

    In the shape of the official provider: extras `proxy`, `token`, `client_config`, also with the prefix that forms of
    the UI give them; else host[:port] and the password. Raises UsageError.
    """
    proxy = _extra(conn, "proxy") or (f"{conn.host}:{conn.port}" if conn.host and conn.port else conn.host)
    if not isinstance(proxy, str) or not proxy:
        raise _bad(conn, "extra.proxy", "is missing: give the cluster's HTTP proxy, for example yt.example.net:80")
    token = _extra(conn, "token") or conn.password or None
    if token is not None and not isinstance(token, str):
        raise _bad(conn, "extra.token", "must be a string")
    return proxy, token, _client_config(conn)


def _client_config(conn: Connection) -> dict[str, object]:
    config = _extra(conn, "client_config") or {}
    if isinstance(config, str):
        try:
            config = json.loads(config)
        except ValueError:
            config = None
    if not isinstance(config, dict):
        raise _bad(conn, "extra.client_config", "must be an object, or a string with one as JSON")
    return config


def _extra(conn: Connection, name: str) -> object:
    return conn.extra.get(name) or conn.extra.get(f"extra__ytsaurus_cluster__{name}")


def _from_json(conn_id: str, value: str) -> Connection:
    try:
        fields = json.loads(value)
    except ValueError:
        raise _unreadable(conn_id, "it begins with { and is not JSON") from None
    if unknown := sorted(set(fields) - set(_KEYS)):
        raise _unreadable(conn_id, f"unknown keys {', '.join(unknown)}; known are {', '.join(_KEYS)}")
    for name in ("conn_type", "host", "login", "password", "schema"):
        if not isinstance(fields.get(name), str | None):
            raise _unreadable(conn_id, f"{name} is not a string")
    conn_type = fields.get("conn_type")
    return Connection(
        conn_id=conn_id,
        conn_type=_normal(conn_type) if conn_type else None,
        host=fields.get("host"),
        login=fields.get("login"),
        password=fields.get("password"),
        schema=fields.get("schema"),
        port=_port(conn_id, fields.get("port")),
        extra=_object(conn_id, fields.get("extra")),
    )


def _from_uri(conn_id: str, value: str) -> Connection:
    """A URI as Airflow writes them: type://login:password@[protocol://]host:port/schema?extras, percent-encoded."""
    with_protocol = value.count("://") == 2
    try:
        conn_type = urlsplit(value).scheme
        rest = value.replace(f"{conn_type}://", "" if with_protocol else "//")
        parts = urlsplit(rest)
        port = parts.port
    except ValueError:
        raise _unreadable(conn_id, "it is neither JSON nor a URI, or its port is no number") from None
    if not conn_type:  # a token or a password put here alone would be taken for a host, and told as one
        raise _unreadable(conn_id, "it is neither JSON nor a URI, which begins with the connection's type and ://")
    before = rest.partition("://")[0] if with_protocol else ""
    if value.count("://") > 2 or "@" in before or ":" in before:
        raise _unreadable(conn_id, "its URI has too many '://' or one in the wrong place")
    host = _host(parts)
    return Connection(
        conn_id=conn_id,
        conn_type=_normal(conn_type),
        host=f"{parts.scheme}://{host}" if with_protocol and host else host,
        login=unquote(parts.username) if parts.username else parts.username,
        password=unquote(parts.password) if parts.password else parts.password,
        schema=unquote(parts.path[1:]),
        port=port,
        extra=_query(conn_id, parts.query),
    )


def _host(parts: SplitResult) -> str:
    """The host, decoded; one with an encoded path in it keeps its letters' case, as Airflow has it."""
    host = unquote(parts.hostname or "")
    return unquote(parts.netloc.rpartition("@")[2].partition(":")[0]) if "/" in host else host


def _query(conn_id: str, query: str) -> dict[str, object]:
    pairs = dict(parse_qsl(query, keep_blank_values=True))
    return _object(conn_id, pairs[_WHOLE_EXTRA]) if _WHOLE_EXTRA in pairs else dict(pairs)


def _object(conn_id: str, extra: object) -> dict[str, object]:
    try:
        found = json.loads(extra) if isinstance(extra, str) and extra else (extra or {})
    except ValueError:
        raise _unreadable(conn_id, "extra is not JSON") from None
    if not isinstance(found, dict):
        raise _unreadable(conn_id, "extra is not an object")
    return found


def _port(conn_id: str, port: object) -> int | None:
    if not port:
        return None
    try:
        return int(str(port))
    except ValueError:
        raise _unreadable(conn_id, "port is not a whole number") from None


def _normal(conn_type: str) -> str:
    return "postgres" if conn_type == "postgresql" else conn_type.replace("-", "_")


def _word(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def _needed(conn: Connection, name: str, what: str) -> str:
    value: str | None = getattr(conn, name)
    if not value:
        raise _bad(conn, name, f"is missing: give {what}")
    return value


def _bad(conn: Connection, name: str, problem: str) -> UsageError:
    return UsageError(f"connection {conn.conn_id}: {name} {problem}")


def _unreadable(conn_id: str, problem: str) -> UsageError:
    """Raised `from None`: what could not be read is quoted by its cause, and may be a piece of a password."""
    return UsageError(f"connection {conn_id}: {variable_name(conn_id)} cannot be read: {problem}")
