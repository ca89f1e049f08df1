"""What a good engineer writes in an afternoon: a mapped task per park, pandas, requests, and a status table.

The whole replica is read once; every park's rows go into a file of their own, so that its task reads nothing else.
"""

import datetime as dt
import os
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from airflow.sdk import DAG, Param, get_current_context, task

TABLE = "//home/signalq/status_history"
ZONE = ZoneInfo("Europe/Moscow")
PRICE, ENOUGH_SECONDS = "12.50", 14_400
FILES = Path(os.environ["AIRFLOW_HOME"]) / "plain"


def day_of_run() -> tuple[str, dt.datetime, dt.datetime]:
    params = get_current_context()["params"]
    day = dt.date.fromisoformat(params["period"])
    bounds = [dt.datetime.combine(each, dt.time(), ZONE) for each in (day, day + dt.timedelta(days=1))]
    return params["cadence"], bounds[0], bounds[1]


def events_between(cadence: str, start: dt.datetime, end: dt.datetime) -> Any:  # noqa: ANN401 - a frame
    import pandas as pd  # type: ignore[import-untyped]
    import pyarrow as pa
    from airflow.sdk.bases.hook import BaseHook
    from yt.wrapper import YtClient

    extra = BaseHook.get_connection("ytsaurus_default").extra_dejson
    client = YtClient(proxy=extra["proxy"], token=extra["token"])
    answer = pa.BufferReader(client.read_table(TABLE, format="arrow", raw=True).read())
    frames = []
    while answer.tell() < answer.size():  # the cluster may end one stream and begin another
        frame = pa.ipc.open_stream(answer).read_all().to_pandas()
        for name in ("park_id", "device_id", "status"):
            frame[name] = frame[name].str.decode("utf-8")
        at = pd.to_datetime(frame["status_at"].astype("int64"), unit="us", utc=True)
        frames.append(frame.assign(at=at)[(at >= start) & (at < end) & frame["park_id"].str.startswith(f"{cadence}-")])
    return pd.concat(frames)


with DAG(
    dag_id="bench_plain",
    schedule=None,
    start_date=dt.datetime(2026, 1, 1, tzinfo=dt.UTC),
    max_active_runs=1,
    max_active_tasks=64,
    params={"parks": Param(1, type="integer"), "cadence": "", "period": ""},
    default_args={"retries": 2, "retry_delay": dt.timedelta(seconds=10)},
) as bench_plain:

    @task
    def extract() -> list[str]:
        cadence, start, end = day_of_run()
        directory = FILES / f"{cadence}-{start:%Y-%m-%d}"
        directory.mkdir(parents=True, exist_ok=True)
        parks = []
        for park, events in events_between(cadence, start, end).groupby("park_id"):
            events.to_parquet(directory / f"{park}.parquet")
            parks.append(str(directory / f"{park}.parquet"))
        return parks

    @task(map_index_template="{{ task.op_kwargs['file'].rsplit('/')[-1] }}")
    def pay(file: str) -> None:
        import pandas as pd
        import requests
        from airflow.providers.postgres.hooks.postgres import PostgresHook
        from airflow.sdk.bases.hook import BaseHook

        cadence, start, end = day_of_run()
        events = pd.read_parquet(file).sort_values(["device_id", "at"])
        at = events["at"]
        until = at.groupby(events["device_id"]).shift(-1).fillna(pd.Timestamp(end))
        online = (until - at).dt.total_seconds().where(events["status"] == "online", 0.0)
        seconds = online.groupby(events["device_id"]).sum()
        paid = seconds[seconds >= ENOUGH_SECONDS]
        park = events["park_id"].iloc[0]
        cents = len(paid) * int(PRICE.replace(".", ""))
        amount = f"{cents // 100}.{cents % 100:02d}"
        reference = f"plain:{cadence}:{start:%Y-%m-%d}:{park}"
        times = {"start": start.astimezone(dt.UTC).isoformat(), "end": end.astimezone(dt.UTC).isoformat()}
        order = {
            "external_ref": reference,
            "kind": "signalq_camera_payout",
            "park_id": park,
            "cadence": f"plain_{cadence}",
            "period": {"name": f"{start:%Y-%m-%d}", **times, "timezone": str(ZONE)},
            "revision": 1,
            "currency": "RUB",
            "amount": amount,
            "carried": "0.00",
            "lines": [{"device_id": device, "amount": PRICE} for device in paid.index],
            "event_at": times["end"],
        }
        database = PostgresHook("signalq_billing_db")
        database.run(
            "INSERT INTO plain.status (reference, amount, progress) VALUES (%s, %s, 'in_progress')"
            " ON CONFLICT (reference) DO NOTHING",
            parameters=(reference, amount),
        )
        billing = BaseHook.get_connection("billing_orders")
        answer = requests.post(
            f"{billing.schema}://{billing.host}:{billing.port}/v1/orders",
            json=order,
            headers={"Authorization": f"Bearer {billing.password}", "X-Idempotency-Token": reference},
            timeout=30,
        )
        answer.raise_for_status()
        database.run(
            "UPDATE plain.status SET progress = 'created', doc_id = %s WHERE reference = %s",
            parameters=(answer.json()["doc_id"], reference),
        )

    @task(trigger_rule="all_done")
    def report() -> None:
        from airflow.providers.postgres.hooks.postgres import PostgresHook

        cadence, start, _ = day_of_run()
        counts = PostgresHook("signalq_billing_db").get_records(
            "SELECT progress, count(*), sum(amount) FROM plain.status WHERE reference LIKE %s GROUP BY progress",
            parameters=(f"plain:{cadence}:{start:%Y-%m-%d}:%",),
        )
        print(counts)

    pay.expand(file=extract()) >> report()
