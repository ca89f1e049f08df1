"""Task bodies of the reconciling DAGs."""

from __future__ import annotations

import datetime as dt
import logging

from airflow.sdk import get_current_context
from airflow.sdk.exceptions import AirflowFailException

from signalq_billing.errors import BillingUnavailable
from signalq_billing.orchestration import bootstrap
from signalq_billing.orchestration.failures import told_to_airflow

log = logging.getLogger(__name__)


@told_to_airflow
def reconcile() -> int:
    """Settle stale claims and send what is not created; tell of holds that nobody looked at in time. Returns how many
    payouts were looked at."""
    from signalq_billing.services.holding import expired_holds
    from signalq_billing.services.reconcile import reconcile as settle

    run = get_current_context()["ti"]
    for hold in expired_holds(bootstrap.payout_store(), bootstrap.AirflowMetrics(), bootstrap.now()):
        log.warning("%s", hold)
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
        "%d payouts: %d orders created, %d found created, %d held, %d open",
        *(report.payouts, orders.created, orders.found, orders.held, orders.pending),
    )
    return report.payouts


@told_to_airflow
def compare() -> int:
    """Hold what we call created against billing-orders; fails, without retries, if the two differ. Returns how many
    periods were compared."""
    from signalq_billing.services.comparing import compare as hold_against
    from signalq_billing.services.comparing import log_comparison, periods_to_compare
    from signalq_billing.settings import settings

    books, window = bootstrap.order_books(), dt.timedelta(days=settings().compare_days)
    comparison = hold_against(
        periods_to_compare(books, bootstrap.config().cadences, window, bootstrap.now()),
        orders=books,
        billing=bootstrap.billing_orders(),
        metrics=bootstrap.AirflowMetrics(),
    )
    log_comparison(comparison)
    if comparison.discrepancies:
        raise AirflowFailException(
            f"{len(comparison.discrepancies)} orders differ from billing-orders, see above in money; nothing is "
            f"repaired by itself: `signalq-billing reconcile --compare` shows them"
        )
    if comparison.not_compared:
        raise BillingUnavailable(f"{len(comparison.not_compared)} periods could not be compared, see above")
    return len(comparison.periods)
