"""The button "Payouts" on the tasks of payouts runs, which leads to the page of the period that the run pays."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

from airflow.sdk import BaseOperatorLink

from signalq_billing.orchestration.page_address import page_address, period_address

PAYOUTS_DAGS = "signalq_payouts_"


class PayoutsLink(BaseOperatorLink):
    """Worked out by the api-server when somebody looks, so that it is there before the task ends, too."""

    @property
    def name(self) -> str:
        return "Payouts"

    def get_link(self, operator: object, *, ti_key: Any) -> str:  # noqa: ANN401, ARG002 - as Airflow calls it
        """Empty, which shows no button, for the tasks of other DAGs."""
        if not ti_key.dag_id.startswith(PAYOUTS_DAGS):
            return ""
        cadence = ti_key.dag_id.removeprefix(PAYOUTS_DAGS)
        period = _period(ti_key.dag_id, ti_key.run_id)
        return period_address(cadence, period) if period else page_address("/")


def _period(dag_id: str, run_id: str) -> dt.date | None:
    """The period of a run: what its form named, else its data interval, else the last complete one when it was made;
    None where none of them names one."""
    from airflow.models.dagrun import DagRun
    from airflow.utils.session import create_session
    from sqlalchemy import select

    from signalq_billing.errors import SignalqBillingError

    with create_session() as session:
        wanted = select(DagRun.conf, DagRun.data_interval_start, DagRun.run_after)
        run = session.execute(wanted.where(DagRun.dag_id == dag_id, DagRun.run_id == run_id)).one_or_none()
    if run is None:
        return None
    try:
        return _named(dag_id.removeprefix(PAYOUTS_DAGS), run.conf or {}, run.data_interval_start, run.run_after)
    except SignalqBillingError:
        return None


def _named(cadence: str, conf: Mapping[str, Any], start: dt.datetime | None, run_after: dt.datetime) -> dt.date:
    from signalq_billing.orchestration import bootstrap
    from signalq_billing.orchestration.run_request import read_request
    from signalq_billing.services.selecting import cadence_named

    known = cadence_named(bootstrap.config().cadences, cadence)
    return read_request(known, conf, conf, start, run_after, bootstrap.now()).period.name
