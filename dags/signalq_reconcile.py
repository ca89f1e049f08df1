"""### Goes on with payouts that a run left unfinished, and compares with billing-orders

`signalq_reconcile`, by itself every few minutes, for payouts of any period:

- an order that is `in_progress` with a lease that has run out: billing-orders is asked. It has the order: `created`.
  It does not: the same order is sent again under the same key. It cannot be asked: the order stays as it is.
- an order that is `not_created` although its payout is computed: it is sent.

Held payouts stay held. While YTsaurus, PostgreSQL or billing-orders is down, nothing is sent.

**Trigger by hand** to have something sent now: after a release, or once billing-orders is mended. Leave the form empty
for everything that is unfinished, or name a *cadence*, a *period*, *parks*, in any combination, to go on with those
alone. Such a run is red while an order of theirs is not settled, and its log says why. Green and nothing sent: it is
all created, or held (`signalq-billing status`). Triggering, clearing and retrying it at any time is safe: an order
exists once, however often it is asked for.

`signalq_compare`, once a day: order by order, what is `created` here against what billing-orders lists, for the periods
that changed lately. It sends and changes nothing. Red means that the two differ: its log says in which orders, and in
how much money per currency.
"""

import datetime as dt

from airflow.sdk import DAG, task

from signalq_billing.adapters.config_files import load_cadences
from signalq_billing.orchestration import forms, reconcile
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
    params={
        "cadence": forms.any_cadence(
            [each.name for each in load_cadences(knobs.config_directory)], empty="unfinished payouts of all cadences"
        ),
        "period": forms.period(empty="unfinished payouts of all periods"),
        "parks": forms.parks(empty="all parks"),
    },
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
