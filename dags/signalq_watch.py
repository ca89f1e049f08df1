"""### Looks for everything an operator should be told, and tells it once

Every few minutes (`SIGNALQ_BILLING_WATCH_MINUTES`): periods that should be paid by now, started or not; holds nobody
looked at; orders of unknown outcome; discrepancies that `signalq_compare` found; bad rows; a replica that lags;
services that are down. One situation is one message, however many parks it has. It is told again when it gets worse or
after `SIGNALQ_BILLING_ALERT_PAUSE_SECONDS`, and once when it is over: once in all, though `signalq-billing watch
--notify` looks from elsewhere too.

Green: somebody was told of whatever there is; the log lists it. Red: nobody could be told, or the settings name nobody
(`signalq-billing doctor`) and something is wrong. It changes no payout: clear and trigger it as you like.
"""

import datetime as dt

from airflow.sdk import DAG, task

from signalq_billing.settings import settings

knobs = settings()


def watch() -> int:
    from signalq_billing.orchestration import alerting  # noqa: PLC0415 - heavy, and only the task needs it

    return alerting.watch()


with DAG(
    dag_id="signalq_watch",
    schedule=f"*/{knobs.watch_minutes} * * * *",
    start_date=dt.datetime(2026, 1, 1, tzinfo=dt.UTC),
    catchup=False,
    max_active_runs=1,
    dagrun_timeout=dt.timedelta(minutes=30),
    default_args={"retries": 0},
    doc_md=__doc__,
    tags=["signalq", "watch"],
) as signalq_watch:
    task(task_id="watch")(watch)()
