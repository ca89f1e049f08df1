"""Ours: the product's statement through the product's path, from the request to the lines as its own values.

A real ytsaurus-client talks to the stand-in, whose clique is chdb; both count, the client's time and the stand-in's
memory."""

import shutil
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

from benchmarks.activity import cluster
from benchmarks.activity.answer import answer_of_parks
from benchmarks.activity.fleet import LOOKBACK_DAYS, PERIOD, Fleet
from signalq_billing.adapters.ytsaurus.source import YtActivitySource
from signalq_billing.devstack.ytsaurus.process import Handle
from signalq_billing.domain.source import Source

_running: list[Handle] = []


def prepare(files: str, **_: Any) -> dict[str, Any]:  # noqa: ANN401 - whatever parameters there are
    """Start the cluster; untimed, for a real one runs anyway."""
    _running.append(cluster.start_with(Path(files)))
    cluster.warm_up(_running[-1].proxy)
    return {"proxy": _running[-1].proxy}


def run(devices: int, proxy: str, settings: dict[str, Any] | None = None, timings: str = "", **_: Any) -> Any:  # noqa: ANN401
    """Extract and read the result; `timings` is a file that is told how long each of the two took."""
    source = Source(cluster.TABLE, "//home/signalq-billing/activity", lookback_days=LOOKBACK_DAYS)
    activity = YtActivitySource(cluster.client(proxy), replace(source, **(settings or {})))
    began = time.perf_counter()
    snapshot = activity.extract(Fleet(devices).request)
    extracted = time.perf_counter()
    parks = list(activity.read(snapshot.result_table, PERIOD))
    if timings:
        with Path(timings).open("a") as file:
            file.write(f"{extracted - began} {time.perf_counter() - extracted}\n")
    return answer_of_parks(parks, snapshot.rows_read, snapshot.bad_rows.by_reason)


def finish(**_: Any) -> None:  # noqa: ANN401
    """Stop the cluster and remove what is its own."""
    while _running:
        handle = _running.pop()
        handle.stop()
        shutil.rmtree(handle.data_dir, ignore_errors=True)
