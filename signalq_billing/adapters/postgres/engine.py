"""Connections to PostgreSQL: one engine per process, its pool sized for a few threads, dead connections noticed."""

from sqlalchemy import URL, Engine, create_engine, make_url

CONNECT_TIMEOUT_SECONDS = 10
POOL_TIMEOUT_SECONDS = 30


def make_engine(url: str | URL, *, application_name: str = "signalq-billing", pool_size: int = 8) -> Engine:
    """An engine for `url` (postgres:// and postgresql:// mean psycopg 3). Nothing connects before it is used."""
    parsed = make_url(url)
    if parsed.drivername in {"postgres", "postgresql"}:
        parsed = parsed.set(drivername="postgresql+psycopg")
    return create_engine(
        parsed,
        pool_size=pool_size,
        max_overflow=pool_size,
        pool_timeout=POOL_TIMEOUT_SECONDS,
        pool_pre_ping=True,
        pool_recycle=1800,
        isolation_level="READ COMMITTED",
        hide_parameters=True,
        connect_args=_connect_arguments(parsed, application_name),
    )


def _connect_arguments(url: URL, application_name: str) -> dict[str, str | int]:
    """What our connections ask for unless `url` says otherwise. A dead peer is noticed within a minute."""
    wanted: dict[str, str | int] = {
        "application_name": application_name,
        "connect_timeout": CONNECT_TIMEOUT_SECONDS,
        "keepalives_idle": 20,
        "keepalives_interval": 10,
        "keepalives_count": 3,
        "options": "-c TimeZone=UTC -c idle_in_transaction_session_timeout=60000 -c lock_timeout=30000",
    }
    return {name: value for name, value in wanted.items() if name not in url.query}
