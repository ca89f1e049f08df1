"""### Pays the parks of one cadence for one period

Every run is one payment period. It starts by itself a little after the period ends; periods that were missed follow
one by one, the oldest first.

| task | what it does | clearing it |
|---|---|---|
| `check_dependencies` | checks the form, and that YTsaurus, PostgreSQL and billing-orders answer | checks again |
| `wait_for_watermark` | waits until `status_history` is complete for the period | waits again |
| `extract` | has YTsaurus compute every camera's activity | computes activity anew, from today's data |
| `compute` | turns activity into payouts and stores them | recomputes payouts that were never sent; others stay |
| `submit` | one task per park (batches above 100 parks): creates the orders | sends what is not created yet |
| `report` | lists parks, totals and progress; red while a payout is open | lists again |

Clearing is always safe: an order that was created is never created again.

**Trigger by hand**: leave the form empty for the last complete period of all parks. *period* is the first day of a
period. *parks* narrows the run down. *dry_run* computes and shows what would be paid, and stores and sends nothing.
"""

import datetime as dt

from airflow.sdk import DAG, Param, TriggerRule, task

from signalq_billing.adapters.config_files import load_cadences
from signalq_billing.domain.period import Cadence
from signalq_billing.orchestration import payouts
from signalq_billing.orchestration.timetable import PeriodTimetable
from signalq_billing.settings import settings

FORM = {
    "period": Param(
        None,
        type=["null", "string"],
        format="date",
        title="Period",
        description="First day of the period to pay. Empty: the last complete period.",
    ),
    "parks": Param(
        [],
        type=["null", "array"],
        items={"type": "string"},
        title="Parks",
        description="One park id per line. Empty: all parks of this cadence.",
    ),
    "dry_run": Param(
        False,
        type="boolean",
        title="Dry run",
        description="Only compute, and show in the log of `compute` what would be paid. Nothing is stored or sent.",
    ),
}


def seconds(value: float) -> dt.timedelta:
    return dt.timedelta(seconds=value)


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
        dag_id=f"signalq_payouts_{cadence.name}",
        schedule=PeriodTimetable.of(cadence),
        start_date=cadence.nth(0).start,
        catchup=True,
        max_active_runs=1,
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
            task(task_id="submit", map_index_template="{{ park }}")(payouts.submit)
            .partial(cadence=cadence.name)
            .expand(batch=computed)
        )
        reported = task(task_id="report", trigger_rule=TriggerRule.ALL_DONE, retries=0)(payouts.report)(cadence.name)
        checked(cadence.name) >> waited(cadence.name) >> extracted
        submitted >> reported
    return dag


for each in load_cadences(settings().config_directory):
    globals()[f"signalq_payouts_{each.name}"] = payouts_dag(each)
