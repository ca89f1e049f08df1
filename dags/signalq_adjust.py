"""### Pays what late data and corrected configs change about periods that are paid

Once a day, for the last periods of every cadence (`SIGNALQ_BILLING_ADJUST_WINDOW_PERIODS`), oldest first: the period is
recomputed as a run would compute it now, and what its revisions paid is taken off, line by line.

- More than was paid: the next revision orders the difference.
- Less: the next revision takes it back; the park's next payouts in the same currency carry it, none below zero.
- A revision that is held, or not created yet: the park is left alone until that is settled.
- No config in force any more, another currency, other bounds: nothing is paid, and the task fails for a person to look.

It starts out paused: it moves money by itself. **To look before it pays**, trigger it with *dry run*: the log of each
task lists park by park what was paid, what a recompute pays, and what would become of the difference; nothing is stored
or sent. *Cadence*, *periods* and *parks* narrow a run down. A paused DAG can be triggered too: its run starts once the
DAG is unpaused, and then the nightly ones do as well. While it stays paused, use
`signalq-billing adjust --cadence C --window 4 --dry-run`.

Clearing and retrying is safe: a difference that was paid is none any more. Red: a park or a period needs a person, the
log says which and why; the others are adjusted.
"""

import datetime as dt

from airflow.sdk import DAG, task

from signalq_billing.adapters.config_files import load_cadences
from signalq_billing.orchestration import adjust, forms
from signalq_billing.settings import settings

knobs = settings()
cadences = load_cadences(knobs.config_directory)

with DAG(
    dag_id="signalq_adjust",
    schedule=f"30 {knobs.adjust_hour} * * *",
    start_date=dt.datetime(2026, 1, 1, tzinfo=dt.UTC),
    catchup=False,
    max_active_runs=1,
    is_paused_upon_creation=True,
    params={
        "cadence": forms.cadence([each.name for each in cadences], empty="all of them"),
        "periods": forms.window(knobs.adjust_window_periods),
        "parks": forms.parks(empty="all parks that were paid"),
        "dry_run": forms.dry_run("Only show in the log what was paid, what a recompute pays, and what would be done."),
    },
    default_args={"retries": 1, "retry_delay": dt.timedelta(seconds=knobs.retry_delay_seconds)},
    doc_md=__doc__,
    tags=["signalq", "adjust"],
) as signalq_adjust:
    for each in cadences:
        task(task_id=f"adjust_{each.name}")(adjust.adjust)(each.name)
