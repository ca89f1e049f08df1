"""### Pays what late data and corrected configs change about periods that are paid

Once a day, for the last periods of every cadence (`SIGNALQ_BILLING_ADJUST_WINDOW_PERIODS`), oldest first: the period is
recomputed as a run would compute it now, and what its revisions paid is taken off, line by line.

- More than was paid: the next revision orders the difference.
- Less: the next revision takes it back; the park's next payouts in the same currency carry it, none below zero.
- A revision that is held, or not created yet: the park is left alone until that is settled.
- No config in force any more, another currency, other bounds: nothing is paid, and the task fails for a person to look.

It starts out paused: it moves money by itself. `signalq-billing adjust --cadence C --window 4 --dry-run` shows first
what it would do.
"""

import datetime as dt

from airflow.sdk import DAG, task

from signalq_billing.adapters.config_files import load_cadences
from signalq_billing.orchestration import adjust
from signalq_billing.settings import settings

with DAG(
    dag_id="signalq_adjust",
    schedule=f"30 {settings().adjust_hour} * * *",
    start_date=dt.datetime(2026, 1, 1, tzinfo=dt.UTC),
    catchup=False,
    max_active_runs=1,
    is_paused_upon_creation=True,
    default_args={"retries": 1, "retry_delay": dt.timedelta(seconds=settings().retry_delay_seconds)},
    doc_md=__doc__,
    tags=["signalq", "adjust"],
) as signalq_adjust:
    for each in load_cadences(settings().config_directory):
        task(task_id=f"adjust_{each.name}")(adjust.adjust)(each.name)
