"""### Pays the parks of one cadence for one period

Every run is one payment period. It starts by itself a little after the period ends; periods that were missed follow
one by one, the oldest first. **Nothing you do here can pay twice**: an order that was created is never created again,
however often you trigger, clear, retry, backfill or mark anything.

| task | what it does | clearing it |
|---|---|---|
| `check_dependencies` | checks the form, and that YTsaurus, PostgreSQL and billing-orders answer | checks again |
| `wait_for_watermark` | waits until `status_history` is complete for the period | waits again |
| `extract` | has YTsaurus compute every camera's activity | computes activity anew, from today's data |
| `compute` | turns activity into payouts and stores them | recomputes payouts that were never sent; others stay |
| `submit` | one task per park (a few tasks of many above 32): creates the orders | sends what is not created yet |
| `list_held` | lists what guards hold in this run; mostly nothing | lists anew |
| `approve` | one per held park: asks a person (Required Actions), sends what is approved | asks again if it is held |
| `report` | lists parks, totals and progress; red while a payout is open | lists again |

**Trigger by hand**: leave the form empty for the last complete period of all parks. *Period* is the first day of a
period. *Parks* narrows the run down. *Dry run* computes and shows what would be paid, and stores and sends nothing.
Runs of a cadence go one after another: a second one is `queued` until the first has ended.

**Something is red or waits**

- `check_dependencies` is yellow (up for retry): a service is down, its log says which. Nothing is lost, it goes on by
  itself. Red at once: the form was wrong, and the log says what would be right. Trigger again with that.
- `wait_for_watermark` waits: the replica of `status_history` lags. Nobody is paid on half the data.
- `submit` is red: some orders are not created. `signalq_reconcile` goes on with them every few minutes; clear the task
  to have it tried now.
- `approve` is purple: a guard holds that park and nobody has decided yet. The other parks are paid. Decide under
  Required Actions, on the Payouts page or with `signalq-billing release`: it is one and the same. Pink (skipped): it
  stays held, the log says why. It gives up when the hold expires, when the next period of the cadence ends, or when you
  trigger another run, which would have to wait for it; after that the page and the command line decide.
- `report` is red: parks are neither paid, held nor at zero. Its log lists them.

**Mark success or failed by hand** pays and takes back nothing: it only changes colours. A task marked success is not
run, so what it would have sent is left to `signalq_reconcile`.

**Backfill** pays past periods that were never paid, each with the configs of its time; of a period that was paid
nothing changes, also with *reprocess*. What late data changes about paid periods is paid by `signalq_adjust`.
"""

import datetime as dt

from airflow.sdk import DAG, TriggerRule, get_parsing_context, task

from signalq_billing.adapters.config_files import load_cadences
from signalq_billing.domain.period import Cadence
from signalq_billing.orchestration import approvals, forms, payouts
from signalq_billing.orchestration.approval_operator import HeldPayoutApproval
from signalq_billing.orchestration.deadlines import deadlines
from signalq_billing.orchestration.timetable import PeriodTimetable
from signalq_billing.settings import settings

FORM = {
    "period": forms.period(empty="the last complete one"),
    "parks": forms.parks(empty="all parks of this cadence"),
    "dry_run": forms.dry_run(
        "Only compute, and show in the log of the task compute what would be paid. Nothing is stored or sent."
    ),
}


def seconds(value: float) -> dt.timedelta:
    return dt.timedelta(seconds=value)


def dag_id(cadence: Cadence) -> str:
    """What the DAG of a cadence is called."""
    return f"signalq_payouts_{cadence.name}"


def payouts_dag(cadence: Cadence) -> DAG:
    """The payouts DAG of one cadence."""
    knobs = settings()
    retrying = {
        "retries": knobs.task_retries,
        "retry_delay": seconds(knobs.retry_delay_seconds),
        "retry_exponential_backoff": 2.0,  # a multiplier: True would count as 1, that is no growth
        "max_retry_delay": seconds(knobs.retry_max_delay_seconds),
    }
    with DAG(
        dag_id=dag_id(cadence),
        schedule=PeriodTimetable.of(cadence),
        start_date=cadence.nth(0).start,
        catchup=True,
        max_active_runs=1,
        deadline=deadlines(cadence),
        params=FORM,
        default_args=retrying,
        doc_md=__doc__,
        tags=["signalq", "payouts", cadence.timezone],
    ) as dag:
        checked = task(task_id="check_dependencies", retries=knobs.dependency_retries)(payouts.check_dependencies)
        waited = task.sensor(
            task_id="wait_for_watermark",
            mode="reschedule",
            poke_interval=knobs.watermark_poll_seconds,
            timeout=knobs.watermark_timeout_seconds,
        )(payouts.watermark_reached)
        extracted = task(task_id="extract")(payouts.extract)(cadence.name)
        computed = task(task_id="compute")(payouts.compute)(cadence.name, extracted)
        submitted = (
            task(task_id="submit", pool=knobs.pool, map_index_template="{{ park }}")(payouts.submit)
            .partial(cadence=cadence.name)
            .expand(batch=computed)
        )
        held = task(task_id="list_held", trigger_rule=TriggerRule.ALL_DONE)(approvals.list_held)(cadence.name, computed)

        # Asking and sending are one task: a place that a later list adds must not be sent before it was asked about.
        approved = HeldPayoutApproval.partial(
            task_id="approve", pool=knobs.pool, cadence=cadence.name, map_index_template="{{ task.asked.park_id }}"
        ).expand(asked=held)
        reported = task(task_id="report", trigger_rule=TriggerRule.ALL_DONE, retries=0)(payouts.report)(cadence.name)
        checked(cadence.name) >> waited(cadence.name) >> extracted
        submitted >> held >> approved >> reported
    return dag


# A task parses this file for one DAG alone, and need not build those of all other cadences.
wanted = get_parsing_context().dag_id
for each in load_cadences(settings().config_directory):
    if wanted in (None, dag_id(each)):
        globals()[dag_id(each)] = payouts_dag(each)
