"""The composition root under Airflow: connection ids become adapters, and a run's context becomes a request.

Heavy imports stay inside the functions: DAG files import this module, and tasks need only a part of it each.
"""

from __future__ import annotations

import datetime as dt
import os
from functools import cache
from typing import TYPE_CHECKING

from signalq_billing.adapters.clock import SystemClock
from signalq_billing.orchestration.metrics import AirflowMetrics as AirflowMetrics
from signalq_billing.settings import settings

if TYPE_CHECKING:
    from sqlalchemy import URL, Engine

    from signalq_billing.adapters.config_files import ServiceConfig
    from signalq_billing.adapters.postgres.config_store import PostgresConfigStore
    from signalq_billing.adapters.postgres.payout_store import PostgresPayoutStore
    from signalq_billing.ports import ActivitySource, BillingOrders, OrderBooks, Standings
    from signalq_billing.services.adjust import Adjuster
    from signalq_billing.services.submit import Submitter

DATABASE = "signalq_billing_db"
YTSAURUS = "ytsaurus_default"
BILLING = "billing_orders"

SERVICE = "airflow "  # how the names of our own workers begin; people are `ui ...` and `cli ...`


@cache
def config() -> ServiceConfig:
    """Cadences, source and guards; park configs are read from PostgreSQL only. Raises ConfigInvalid."""
    from signalq_billing.adapters.config_files import load_service_config

    return load_service_config(settings().config_directory)


def now() -> dt.datetime:
    """The run's clock."""
    return SystemClock().now()


@cache
def payout_store() -> PostgresPayoutStore:
    """Progress of payouts, in the database of connection `signalq_billing_db`."""
    from signalq_billing.adapters.postgres.payout_store import PostgresPayoutStore

    return PostgresPayoutStore(_engine())


@cache
def config_store() -> PostgresConfigStore:
    """Park configs as applied, in the same database."""
    from signalq_billing.adapters.postgres.config_store import PostgresConfigStore

    return PostgresConfigStore(_engine())


@cache
def order_books() -> OrderBooks:
    """Our orders, to be held against billing-orders', in the same database."""
    from signalq_billing.adapters.postgres.comparing import PostgresOrderBooks

    return PostgresOrderBooks(_engine())


@cache
def standings() -> Standings:
    """What is open, held and unknown, in numbers, in the same database."""
    from signalq_billing.adapters.postgres.standing import PostgresStandings

    return PostgresStandings(_engine())


@cache
def _engine() -> Engine:
    from signalq_billing.adapters.postgres.engine import make_engine

    return make_engine(database_url())


def database_url() -> URL:
    """The hook knows the credentials; libpq's parameters in `extra`, such as sslmode, it leaves out of its URL."""
    from airflow.providers.postgres.hooks.postgres import PostgresHook
    from sqlalchemy import make_url

    from signalq_billing.connections import postgres_url
    from signalq_billing.orchestration.connections import from_airflow

    parameters = make_url(postgres_url(from_airflow(DATABASE))).query
    return PostgresHook(postgres_conn_id=DATABASE).sqlalchemy_url.set(query=parameters)


@cache
def activity_source() -> ActivitySource:
    """Camera activity, in the cluster of connection `ytsaurus_default`."""
    from signalq_billing.adapters.ytsaurus.client import yt_client
    from signalq_billing.adapters.ytsaurus.query import Patience
    from signalq_billing.adapters.ytsaurus.source import YtActivitySource
    from signalq_billing.connections import ytsaurus_settings
    from signalq_billing.orchestration.connections import from_airflow

    client = yt_client(*ytsaurus_settings(from_airflow(YTSAURUS)))
    return YtActivitySource(client, config().source, Patience(time_limit=settings().query_timeout_seconds))


@cache
def billing_orders() -> BillingOrders:
    """The billing service of connection `billing_orders`."""
    from airflow.providers.http.hooks.http import HttpHook

    from signalq_billing.adapters.billing_orders import BearerAuth, BillingOrdersApi
    from signalq_billing.orchestration.connections import from_airflow

    hook = HttpHook(http_conn_id=BILLING)
    session = hook.get_conn()
    session.auth = BearerAuth(from_airflow(BILLING).password or "")
    return BillingOrdersApi(session, hook.base_url, timeout_seconds=settings().http_timeout_seconds)


def submitter(worker: str) -> Submitter:
    """The one way to billing-orders, as this deployment has it."""
    from signalq_billing.services.sending import Sender
    from signalq_billing.services.submit import Submitter

    sender = Sender(payout_store(), billing_orders(), SystemClock(), worker, settings().submit_policy)
    return Submitter(payout_store(), sender, config().guards, AirflowMetrics(), _kill_switch)


def _kill_switch() -> bool:
    """As guards.yaml has it at this moment: what `config` has read may be old in a task that sends for long."""
    from signalq_billing.adapters.config_files import load_kill_switch

    return load_kill_switch(settings().config_directory)


def adjuster(worker: str) -> Adjuster:
    """What pays differences of paid periods, told to the task's log."""
    import logging

    from signalq_billing.adapters.postgres.adjustment_store import PostgresAdjustments
    from signalq_billing.services.adjust import Adjuster

    return Adjuster(
        cadences=config().cadences,
        source=config().source,
        activity=activity_source(),
        payouts=payout_store(),
        adjustments=PostgresAdjustments(_engine()),
        configs=config_store(),
        billing=billing_orders(),
        submitter=submitter(worker),
        metrics=AirflowMetrics(),
        actor=worker,
        announce=logging.getLogger(__name__).info,
    )


def worker_name(run: str, task: str) -> str:
    """Who holds a claim, for people: DAG run, task, and the process that does it."""
    return f"{SERVICE}{run} {task} pid {os.getpid()}"
