"""The Payouts page inside Airflow's api-server: made of Airflow's connections, login and audit log when the first
request comes. Every process of Airflow loads the plugin; only the one that serves the page pays for it."""

from __future__ import annotations

import threading
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sqlalchemy import URL, Engine
    from starlette.types import ASGIApp, Receive, Scope, Send

    from signalq_billing.adapters.config_files import ServiceConfig
    from signalq_billing.adapters.postgres.payout_store import PostgresPayoutStore
    from signalq_billing.services.explain import Explainer
    from signalq_billing.web.acting import Acting
    from signalq_billing.web.desk import Desk
    from signalq_billing.web.form_token import FormTokens


class PayoutsPage:
    """An ASGI application that is built at its first request."""

    def __init__(self) -> None:
        self._app: ASGIApp | None = None
        self._lock = threading.Lock()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if self._app is None:
            from starlette.concurrency import run_in_threadpool

            await run_in_threadpool(self._build)
        assert self._app is not None
        await self._app(scope, receive, send)

    def _build(self) -> None:
        from signalq_billing.web.app import make_app

        with self._lock:
            self._app = self._app or make_app(airflow_desk())


def airflow_desk() -> Desk:
    """What the page works with under Airflow. Nothing connects before it is used."""
    from signalq_billing.adapters.postgres.payout_pages import PostgresPayoutPages
    from signalq_billing.orchestration import bootstrap
    from signalq_billing.orchestration.page_access import airflow_access
    from signalq_billing.orchestration.page_address import base_url
    from signalq_billing.web.desk import Desk

    return Desk(
        access=airflow_access,
        pages=lambda: PostgresPayoutPages(_engine()),
        payouts=_store,
        explainer=_explainer,
        cadences=lambda: _config().cadences,
        now=bootstrap.now,
        airflow_url=base_url(),
        acting=_acting,
    )


def _explainer() -> Explainer:
    from signalq_billing.adapters.postgres.config_store import PostgresConfigStore
    from signalq_billing.orchestration import bootstrap
    from signalq_billing.services.explain import Explainer

    known = _config()
    return Explainer(
        cadences=known.cadences,
        source=known.source,
        activity=bootstrap.activity_source(),
        payouts=_store(),
        configs=PostgresConfigStore(_engine()),
        metrics=bootstrap.AirflowMetrics(),
        now=bootstrap.now(),
    )


def _acting() -> Acting:
    from signalq_billing.orchestration.page_journal import AirflowRuns, AuditLog
    from signalq_billing.web.acting import Acting

    return Acting(_store, AuditLog(_waiting_room), AirflowRuns(), _tokens)


def _config() -> ServiceConfig:
    """Read anew each time: an api-server lives for months, files are changed under it."""
    from signalq_billing.adapters.config_files import load_service_config
    from signalq_billing.settings import settings

    return load_service_config(settings().config_directory)


def _store() -> PostgresPayoutStore:
    from signalq_billing.adapters.postgres.payout_store import PostgresPayoutStore

    return PostgresPayoutStore(_engine())


def _engine() -> Engine:
    """The database of today's connection: one that is changed in Airflow is used without a restart."""
    from signalq_billing.orchestration import bootstrap

    return _engine_of(bootstrap.database_url(), "signalq-billing payouts page")


def _waiting_room() -> Engine:
    """Connections of their own for clicks that wait for the one before: they take none from who is working."""
    from signalq_billing.orchestration import bootstrap

    return _engine_of(bootstrap.database_url(), "signalq-billing payouts page, waiting")


@lru_cache(maxsize=4)
def _engine_of(url: URL, application_name: str) -> Engine:
    from signalq_billing.adapters.postgres.engine import make_engine

    return make_engine(url, application_name=application_name)


def _tokens() -> FormTokens:
    """Signed with what Airflow's own forms and sessions are signed with: the same in every api-server."""
    from airflow.configuration import conf

    from signalq_billing.web.form_token import FormTokens

    return FormTokens(str(conf.get_mandatory_value("api", "secret_key")))
