"""The composition root of the command line: connections from the environment, else from Airflow's secrets backends.

Nothing heavy is imported before it is needed, so that `--help` answers at once.
"""

from __future__ import annotations

import getpass
import os
import socket
from functools import cached_property
from typing import TYPE_CHECKING

from signalq_billing.adapters.clock import SystemClock
from signalq_billing.adapters.no_metrics import NoMetrics

if TYPE_CHECKING:
    from sqlalchemy import Engine
    from yt.wrapper import YtClient

    from signalq_billing.adapters.billing_orders import BillingOrdersApi
    from signalq_billing.adapters.config_files import ServiceConfig
    from signalq_billing.adapters.postgres.comparing import PostgresOrderBooks
    from signalq_billing.adapters.postgres.config_store import PostgresConfigStore
    from signalq_billing.adapters.postgres.payout_store import PostgresPayoutStore
    from signalq_billing.adapters.ytsaurus.cluster import YtCluster
    from signalq_billing.adapters.ytsaurus.source import YtActivitySource
    from signalq_billing.connections import Connection
    from signalq_billing.domain.source import Source
    from signalq_billing.ports import Metrics, Standings
    from signalq_billing.services.run import Announce, Runner
    from signalq_billing.services.submit import Submitter
    from signalq_billing.settings import Settings

DATABASE, YTSAURUS, BILLING = "signalq_billing_db", "ytsaurus_default", "billing_orders"
_CLIQUE_ANSWERS_WITHIN = 60.0  # seconds, of a query that reads nothing


def connection(conn_id: str) -> Connection:
    """A connection by Airflow's rules: `AIRFLOW_CONN_<ID>` first; only without it Airflow itself is imported and asked.

    Raises UsageError that names the variable to set when nobody knows the connection.
    """
    from signalq_billing.connections import from_environment
    from signalq_billing.errors import UsageError
    from signalq_billing.orchestration.airflow_state import configured

    if found := from_environment(conn_id, os.environ):
        return found
    unknown = (
        f"connection {conn_id!r} is not known: set AIRFLOW_CONN_{conn_id.upper()}, "
        f'for the local stack with: eval "$(signalq-billing dev env)"'
    )
    if not configured(os.environ):
        raise UsageError(unknown)
    from signalq_billing.orchestration.own_logging import own_logging

    try:
        with own_logging():
            from signalq_billing.orchestration.connections import from_airflow

            return from_airflow(conn_id)
    except Exception as error:  # Airflow has many ways to say that it does not know a connection
        raise UsageError(unknown) from error


class Wiring:
    """Adapters of one command, each made when first asked for."""

    clock = SystemClock()

    @cached_property
    def actor(self) -> str:
        """Who does it, for the history."""
        return f"cli {getpass.getuser()}@{socket.gethostname()}"

    @cached_property
    def settings(self) -> Settings:
        from signalq_billing.settings import settings

        return settings()

    @cached_property
    def config(self) -> ServiceConfig:
        from signalq_billing.adapters.config_files import load_service_config

        return load_service_config(self.settings.config_directory)

    @cached_property
    def metrics(self) -> Metrics:
        """Where Airflow's metrics go, if its config sends them anywhere; Airflow is not imported to find that out."""
        from signalq_billing.orchestration.metrics import CommandMetrics, configured

        return CommandMetrics() if configured(os.environ) else NoMetrics()

    def measure(self) -> None:
        """Set the gauges of how everything stands, where metrics go anywhere."""
        from signalq_billing.services.measuring import measure

        if isinstance(self.metrics, NoMetrics):
            return
        measure(
            *(self.standings, self.config.cadences, self.metrics),
            activity=self.activity,
            payouts=self.payouts,
            billing=self.billing,
        )

    @cached_property
    def standings(self) -> Standings:
        from signalq_billing.adapters.postgres.standing import PostgresStandings

        return PostgresStandings(self.engine)

    @cached_property
    def engine(self) -> Engine:
        from signalq_billing.adapters.postgres.engine import make_engine
        from signalq_billing.connections import postgres_url

        return make_engine(postgres_url(connection(DATABASE)))

    @cached_property
    def payouts(self) -> PostgresPayoutStore:
        from signalq_billing.adapters.postgres.payout_store import PostgresPayoutStore

        return PostgresPayoutStore(self.engine)

    @cached_property
    def order_books(self) -> PostgresOrderBooks:
        from signalq_billing.adapters.postgres.comparing import PostgresOrderBooks

        return PostgresOrderBooks(self.engine)

    @cached_property
    def configs(self) -> PostgresConfigStore:
        from signalq_billing.adapters.postgres.config_store import PostgresConfigStore

        return PostgresConfigStore(self.engine)

    @cached_property
    def activity(self) -> YtActivitySource:
        return self.activity_of(self.config.source)

    def activity_of(self, source: Source) -> YtActivitySource:
        """A source other than the one of our own source.yaml, on the same cluster."""
        from signalq_billing.adapters.ytsaurus.query import Patience
        from signalq_billing.adapters.ytsaurus.source import YtActivitySource

        return YtActivitySource(self._yt_client(), source, Patience(time_limit=self.settings.query_timeout_seconds))

    @cached_property
    def cluster(self) -> YtCluster:
        from signalq_billing.adapters.ytsaurus.cluster import YtCluster
        from signalq_billing.adapters.ytsaurus.query import Patience

        return YtCluster(self._yt_client(), Patience(time_limit=_CLIQUE_ANSWERS_WITHIN, unreachable=20.0))

    def _yt_client(self) -> YtClient:
        from signalq_billing.adapters.ytsaurus.client import yt_client
        from signalq_billing.connections import ytsaurus_settings

        return yt_client(*ytsaurus_settings(connection(YTSAURUS)))

    @cached_property
    def billing(self) -> BillingOrdersApi:
        import requests

        from signalq_billing.adapters.billing_orders import BearerAuth, BillingOrdersApi
        from signalq_billing.connections import http_base_url

        conn, session = connection(BILLING), requests.Session()
        session.auth = BearerAuth(conn.password or "")
        return BillingOrdersApi(session, http_base_url(conn), timeout_seconds=self.settings.http_timeout_seconds)

    @cached_property
    def submitter(self) -> Submitter:
        from signalq_billing.services.sending import Sender
        from signalq_billing.services.submit import Submitter

        worker = f"{self.actor} pid {os.getpid()}"
        sender = Sender(self.payouts, self.billing, self.clock, worker, self.settings.submit_policy)
        return Submitter(self.payouts, sender, self.config.guards, self.metrics, self._kill_switch)

    def _kill_switch(self) -> bool:
        from signalq_billing.adapters.config_files import load_kill_switch

        return load_kill_switch(self.settings.config_directory)

    def runner(self, announce: Announce) -> Runner:
        from signalq_billing.services.run import Runner

        return Runner(
            source=self.config.source,
            activity=self.activity,
            payouts=self.payouts,
            billing=self.billing,
            submitter=self.submitter,
            metrics=self.metrics,
            actor=self.actor,
            announce=announce,
        )
