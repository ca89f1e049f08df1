"""Task bodies of the reconciling DAGs."""

from __future__ import annotations

import datetime as dt
import logging
from typing import TYPE_CHECKING

from airflow.sdk import get_current_context
from airflow.sdk.exceptions import AirflowFailException

from signalq_billing.errors import BillingUnavailable, PayoutsUnfinished, UsageError
from signalq_billing.orchestration import bootstrap
from signalq_billing.orchestration.failures import told_to_airflow
from signalq_billing.orchestration.run_request import parks_of, reject_unknown
from signalq_billing.services.selecting import parse_date

if TYPE_CHECKING:
    from signalq_billing.services.reconcile import Scope

log = logging.getLogger(__name__)

FORM_KEYS = ("cadence", "period", "parks")


@told_to_airflow
def reconcile() -> int:
    """Settle stale claims and send what is not created; tell of holds that nobody looked at in time, and measure how
    everything stands then, whatever failed. Returns how many payouts were looked at."""
    try:
        return _reconcile()
    finally:
        _measure()


def _reconcile() -> int:
    from signalq_billing.services.holding import expired_holds
    from signalq_billing.services.reconcile import reconcile as settle

    run, scope = get_current_context()["ti"], _scope()
    for hold in expired_holds(bootstrap.payout_store(), bootstrap.now()):
        log.warning("%s", hold)
    report = settle(
        activity=bootstrap.activity_source(),
        payouts=bootstrap.payout_store(),
        billing=bootstrap.billing_orders(),
        submitter=bootstrap.submitter(bootstrap.worker_name(f"{run.dag_id}/{run.run_id}", run.task_id)),
        scope=scope,
    )
    for problem in report.orders.problems:
        log.warning("%s", problem)
    orders = report.orders
    log.info(
        "%d payouts: %d orders created, %d found created, %d held, %d open",
        *(report.payouts, orders.created, orders.found, orders.held, orders.pending),
    )
    if scope and orders.pending:
        raise PayoutsUnfinished(f"{orders.pending} orders of {scope} are not settled yet; see above for why")
    return report.payouts


def _scope() -> Scope:
    """What the form restricts the run to. Raises UsageError for a form that cannot be understood."""
    from signalq_billing.services.reconcile import Scope

    context = get_current_context()
    params = context["params"]
    reject_unknown(context["dag_run"].conf or {}, FORM_KEYS)
    cadence, period = params.get("cadence") or None, params.get("period") or None
    if cadence is not None and not isinstance(cadence, str):
        raise UsageError(f"cadence is {cadence!r}: write the name of one, or leave it empty for all")
    return Scope(cadence, parse_date(str(period)) if period else None, parks_of(params))


def _measure() -> None:
    from signalq_billing.services.measuring import measure

    measure(
        bootstrap.standings(),
        bootstrap.config().cadences,
        bootstrap.AirflowMetrics(),
        activity=bootstrap.activity_source(),
        payouts=bootstrap.payout_store(),
        billing=bootstrap.billing_orders(),
    )


@told_to_airflow
def compare() -> int:
    """Hold what we call created against billing-orders; fails, without retries, if the two differ. Returns how many
    periods were compared."""
    from signalq_billing.orchestration.alerting import tell_compared
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
    tell_compared(comparison)
    if comparison.discrepancies:
        raise AirflowFailException(
            f"{len(comparison.discrepancies)} orders differ from billing-orders, see above in money; nothing is "
            f"repaired by itself: `signalq-billing reconcile --compare` shows them"
        )
    if comparison.not_compared:
        raise BillingUnavailable(f"{len(comparison.not_compared)} periods could not be compared, see above")
    return len(comparison.periods)
