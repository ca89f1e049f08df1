"""Connections to PostgreSQL: one engine per process, its pool sized for a few threads, dead connections noticed."""

import select

import psycopg
from sqlalchemy import URL, Engine, create_engine, event, make_url
from sqlalchemy.exc import InvalidatePoolError
from sqlalchemy.pool import ConnectionPoolEntry

from signalq_billing.adapters.clock import SystemClock

CONNECT_TIMEOUT_SECONDS = 10
POOL_TIMEOUT_SECONDS = 30
_FRESH_SECONDS = 1.0
_USED_AT = "used_at"
_clock = SystemClock()


def make_engine(url: str | URL, *, application_name: str = "signalq-billing", pool_size: int = 10) -> Engine:
    """An engine for `url` (postgres:// and postgresql:// mean psycopg 3). Nothing connects before it is used."""
    parsed = make_url(url)
    if parsed.drivername in {"postgres", "postgresql"}:
        parsed = parsed.set(drivername="postgresql+psycopg")
    engine = create_engine(
        parsed,
        pool_size=pool_size,
        max_overflow=pool_size,
        pool_timeout=POOL_TIMEOUT_SECONDS,
        pool_recycle=1800,
        isolation_level="READ COMMITTED",
        hide_parameters=True,
        connect_args=_connect_arguments(parsed, application_name),
    )
    event.listen(engine, "checkin", _put_back)
    event.listen(engine, "checkout", lambda driver, entry, _: _check(engine, driver, entry))
    return engine


def _put_back(_: psycopg.Connection | None, entry: ConnectionPoolEntry) -> None:
    entry.info[_USED_AT] = _clock.elapsed()


def _check(engine: Engine, driver: psycopg.Connection, entry: ConnectionPoolEntry) -> None:
    """Have the pool replace its connections if this one is dead. One that was used a moment ago and on which nothing
    has come in since is not: a server that ends a connection says so. Any other one is asked."""
    idle_for = _clock.elapsed() - entry.info.get(_USED_AT, 0.0)
    if _USED_AT not in entry.info or (idle_for < _FRESH_SECONDS and not _has_news(driver)):
        return
    try:
        engine.dialect.do_ping(driver)  # type: ignore[arg-type]
    except psycopg.Error as error:
        raise InvalidatePoolError from error


def _has_news(driver: psycopg.Connection) -> bool:
    """Whether something came in while nothing was asked: the end of the connection, mostly."""
    if driver.closed:
        return True
    poll = select.poll()
    poll.register(driver.fileno(), select.POLLIN)
    return bool(poll.poll(0))


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
