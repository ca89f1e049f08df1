"""As many mapped tasks as there are parks, each of which does nothing: what Airflow itself costs."""

import datetime as dt

from airflow.sdk import DAG, Param, get_current_context, task

with DAG(
    dag_id="bench_noop",
    schedule=None,
    start_date=dt.datetime(2026, 1, 1, tzinfo=dt.UTC),
    max_active_runs=1,
    max_active_tasks=64,
    params={"parks": Param(1, type="integer"), "cadence": "", "period": ""},
    default_args={"retries": 2, "retry_delay": dt.timedelta(seconds=10)},
) as bench_noop:

    @task
    def extract() -> list[int]:
        return list(range(get_current_context()["params"]["parks"]))

    @task
    def nothing(number: int) -> None:
        """Do nothing."""

    @task
    def report() -> None:
        """Be the last."""

    nothing.expand(number=extract()) >> report()
