"""### Goes on with payouts that a run left unfinished, and compares with billing-orders

`signalq_reconcile`, every fifteen minutes, for payouts of any period:

- an order that is `in_progress` with a lease that has run out: billing-orders is asked. It has the order: `created`.
  It does not: the same order is sent again under the same key. It cannot be asked: the order stays as it is.
- an order that is `not_created` although its payout is computed: it is sent.

Held payouts stay held. While YTsaurus, PostgreSQL or billing-orders is down, nothing is sent.

`signalq_compare`, once a day: order by order, what is `created` here against what billing-orders lists, for the periods
that changed lately. It sends and changes nothing. Red means that the two differ: its log says in which orders, and in
how much money per currency.
"""

import datetime as dt

from airflow.sdk import DAG, task

from signalq_billing.orchestration import reconcile
from signalq_billing.settings import settings

knobs = settings()
START = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
RETRYING = {"retries": 1, "retry_delay": dt.timedelta(seconds=knobs.retry_delay_seconds)}

with DAG(
    dag_id="signalq_reconcile",
    schedule=f"*/{knobs.reconcile_minutes} * * * *",
    start_date=START,
    catchup=False,
    max_active_runs=1,
    default_args=RETRYING,
    doc_md=__doc__,
    tags=["signalq", "reconcile"],
) as signalq_reconcile:
    task(task_id="reconcile")(reconcile.reconcile)()

with DAG(
    dag_id="signalq_compare",
    schedule=f"17 {knobs.compare_hour} * * *",
    start_date=START,
    catchup=False,
    max_active_runs=1,
    default_args=RETRYING,
    doc_md=__doc__,
    tags=["signalq", "reconcile"],
) as signalq_compare:
    task(task_id="compare")(reconcile.compare)()
