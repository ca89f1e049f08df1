"""One park's lines, and one device's days, found in three ways in the same source: by an extraction of everything, by
one of the park alone, and by asking for the device alone."""

import hashlib
import shutil
from pathlib import Path
from typing import Any

from benchmarks.activity import cluster
from benchmarks.activity.fleet import CLOCK, LOOKBACK_DAYS, PERIOD, Fleet
from signalq_billing.adapters.ytsaurus.source import YtActivitySource
from signalq_billing.devstack.ytsaurus.process import Handle
from signalq_billing.domain.activity import ActivityRequest, ParkActivity
from signalq_billing.domain.source import Source
from signalq_billing.domain.timeline import timeline

_running: list[Handle] = []


def prepare(files: str, **_: Any) -> dict[str, Any]:  # noqa: ANN401 - whatever parameters there are
    """Start the cluster; untimed, for a real one runs anyway."""
    _running.append(cluster.start_with(Path(files)))
    cluster.warm_up(_running[-1].proxy)
    return {"proxy": _running[-1].proxy}


def run(how: str, devices: int, proxy: str, **_: Any) -> Any:  # noqa: ANN401
    """`how`: "whole" and "park" answer with the park's lines and what is said of the source, "whole device" and
    "device" with the days of a device."""
    fleet = Fleet(devices)
    activity = YtActivitySource(
        cluster.client(proxy), Source(cluster.TABLE, "//home/signalq-billing/activity", lookback_days=LOOKBACK_DAYS)
    )
    park_id, device_id = asked_about(fleet)
    if how == "device":
        history = activity.history(device_id, PERIOD, CLOCK)
        return list(timeline(history, PERIOD, park_id, fleet.rules[park_id]).day_seconds)
    rules = {park_id: fleet.rules[park_id]} if how == "park" else fleet.rules
    snapshot = activity.extract(ActivityRequest(PERIOD, rules, CLOCK, narrow=how == "park"))
    # Everything is read, as whoever extracts everything has to.
    (park,) = [each for each in list(activity.read(snapshot.result_table, PERIOD)) if each.park_id == park_id]
    if how == "whole device":
        return next(list(each.day_seconds) for each in park.devices if each.device_id == device_id)
    told = snapshot.rows_read, dict(sorted(snapshot.bad_rows.by_reason.items())), snapshot.bad_rows.considered
    return {"lines": len(park.devices), "digest": digest(park), "source": told, "watermark": str(snapshot.watermark)}


def asked_about(fleet: Fleet) -> tuple[str, str]:
    """The home of the first camera that has one with rules, and that camera."""
    for device_id, park in zip(fleet.device_ids, fleet.homes[0].tolist(), strict=True):
        park_id = fleet.park_ids[park].decode()
        if park_id in fleet.rules:
            return park_id, device_id.decode()
    raise LookupError("no park has rules")


def digest(park: ParkActivity) -> str:
    lines = "\n".join(f"{each.device_id} {each.day_seconds}" for each in park.devices)
    return hashlib.sha256(lines.encode()).hexdigest()


def finish(**_: Any) -> None:  # noqa: ANN401
    """Stop the cluster and remove what is its own."""
    for handle in _running:
        handle.stop()
        shutil.rmtree(handle.data_dir, ignore_errors=True)
