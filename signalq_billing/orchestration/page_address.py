"""Addresses of the Payouts page and of Airflow's own pages, for links from outside. Light: every Airflow process loads
it with the plugin."""

from __future__ import annotations

import datetime as dt
from urllib.parse import quote, urlencode, urlsplit

PREFIX = "/signalq"
ROUTE = "signalq"


def base_url() -> str:
    """Where Airflow's UI is, by `[api] base_url`, without a slash at its end."""
    from airflow.configuration import conf

    return str(conf.get("api", "base_url", fallback="http://localhost:8080")).rstrip("/")


def page_root() -> str:
    """The path of the page in its frame: with the path that Airflow itself has, if it has one."""
    return f"{urlsplit(base_url()).path}{PREFIX}"


def page_address(path: str, **query: str) -> str:
    """An address of the page, shown inside Airflow's own UI."""
    asked = f"?{urlencode(query)}" if query else ""
    return f"{base_url()}/plugin/{ROUTE}{page_root()}{path}{asked}"


def period_address(cadence: str, period: dt.date) -> str:
    """Where the page shows one period."""
    return page_address("/period", cadence=cadence, period=period.isoformat())


def run_address(dag_id: str, run_id: str) -> str:
    """Where Airflow shows a run."""
    return f"{base_url()}/dags/{quote(dag_id, safe='')}/runs/{quote(run_id, safe='')}"
