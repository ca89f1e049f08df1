"""Task body of the reconcile DAG."""

from __future__ import annotations

import logging

from airflow.sdk import get_current_context

from signalq_billing.orchestration import bootstrap
from signalq_billing.orchestration.failures import told_to_airflow

log = logging.getLogger(__name__)


@told_to_airflow
def reconcile() -> int:
    """Settle stale claims and send what is not created. Returns how many payouts were looked at."""
    from signalq_billing.services.reconcile import reconcile as settle

    run = get_current_context()["ti"]
    report = settle(
        activity=bootstrap.activity_source(),
        payouts=bootstrap.payout_store(),
        billing=bootstrap.billing_orders(),
        submitter=bootstrap.submitter(bootstrap.worker_name(f"{run.dag_id}/{run.run_id}", run.task_id)),
    )
    for problem in report.orders.problems:
        log.warning("%s", problem)
    orders = report.orders
    log.info(
        "%d payouts: %d orders created, %d held, %d open", report.payouts, orders.created, orders.held, orders.pending
    )
    return report.payouts
