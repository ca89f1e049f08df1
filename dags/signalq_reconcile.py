"""### Goes on with payouts that a run left unfinished

Every fifteen minutes, for payouts of any period:

- an order that is `in_progress` with a lease that has run out: billing-orders is asked. It has the order: `created`.
  It does not: the same order is sent again under the same key. It cannot be asked: the order stays as it is.
- an order that is `not_created` although its payout is computed: it is sent.

Held payouts stay held. While YTsaurus, PostgreSQL or billing-orders is down, nothing is sent.
"""

import datetime as dt

from airflow.sdk import DAG, task

from signalq_billing.orchestration import reconcile
from signalq_billing.settings import settings

with DAG(
    dag_id="signalq_reconcile",
    schedule=f"*/{settings().reconcile_minutes} * * * *",
    start_date=dt.datetime(2026, 1, 1, tzinfo=dt.UTC),
    catchup=False,
    max_active_runs=1,
    default_args={"retries": 1, "retry_delay": dt.timedelta(seconds=settings().retry_delay_seconds)},
    doc_md=__doc__,
    tags=["signalq", "reconcile"],
) as signalq_reconcile:
    task(task_id="reconcile")(reconcile.reconcile)()
