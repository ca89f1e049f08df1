"""What people write first who know pandas: read_table into a DataFrame, sort, shift, and a groupby."""

from typing import Any

import numpy as np
import pandas as pd  # type: ignore[import-untyped]

from benchmarks.activity import cluster, ours
from benchmarks.activity.answer import answer
from benchmarks.activity.bounds import (
    DAYS,
    EARLIEST,
    LATEST,
    MIDNIGHTS,
    NO_LIMIT,
    PERIOD_END,
    PERIOD_START,
    WINDOW_START,
)
from benchmarks.activity.fleet import MICROS, Fleet
from signalq_billing.domain.activity import ActivityRules

_TEXTS = ("park_id", "device_id", "status")
prepare, finish = ours.prepare, ours.finish


def run(devices: int, proxy: str, **_: Any) -> Any:  # noqa: ANN401 - whatever parameters there are
    """Every row comes as a dict over HTTP, and all of them become one frame."""
    frame = pd.DataFrame(cluster.client(proxy).read_table(cluster.TABLE), columns=[*_TEXTS, "status_at"])
    rows = len(frame)
    frame["status_at"] = frame["status_at"].astype("Int64")
    reason = _reasons(frame)
    inside = frame["status_at"].between(WINDOW_START, PERIOD_END, inclusive="left").fillna(False)
    bad = reason[inside | reason.str.startswith("status_at")].value_counts().drop("", errors="ignore").to_dict()
    good = frame[inside & (reason == "")].astype({"status_at": "int64"})
    totals = _by_day(_intervals(good, Fleet(devices).rules))
    names = [(park.encode(), device.encode()) for park, device in totals.index]
    return answer(names, totals.to_numpy() // MICROS, rows, bad)


def _reasons(frame: pd.DataFrame) -> "pd.Series[str]":
    """Why each row is bad, "" where it is not."""
    at = frame["status_at"]
    conditions = {"status_at_missing": at.isna(), "status_at_before_2000": at < EARLIEST}
    conditions["status_at_in_the_future"] = at > LATEST
    for name in _TEXTS:
        conditions[f"{name}_missing"] = frame[name].isna() | (frame[name] == "")
    conditions["not_utf8"] = ~frame[list(_TEXTS)].map(lambda text: isinstance(text, str)).all(axis=1)
    told = [condition.fillna(False).to_numpy(dtype=bool) for condition in conditions.values()]
    return pd.Series(np.select(told, list(conditions), ""), index=frame.index)


def _intervals(good: pd.DataFrame, rules: dict[str, ActivityRules]) -> pd.DataFrame:
    """What is left of each event's interval."""
    frame = good.sort_values(["device_id", "status_at", "park_id", "status"])
    frame["ended"] = frame.groupby("device_id")["status_at"].shift(-1, fill_value=PERIOD_END)
    frame = frame[frame["park_id"].isin(list(rules))]
    silences = {
        park: NO_LIMIT if rule.max_silence_seconds is None else rule.max_silence_seconds * MICROS
        for park, rule in rules.items()
    }
    active = {(park, status) for park, rule in rules.items() for status in rule.active_statuses}
    frame["ended"] = np.minimum(frame["ended"], frame["status_at"] + frame["park_id"].map(silences))
    frame["began"] = frame["status_at"].clip(lower=PERIOD_START)
    frame["active"] = [pair in active for pair in zip(frame["park_id"], frame["status"], strict=True)]
    return frame[frame["ended"] > frame["began"]]


def _by_day(intervals: pd.DataFrame) -> pd.DataFrame:
    """Active microseconds: a row per park and camera, a column per day."""
    lines = intervals[["park_id", "device_id"]].drop_duplicates()
    left, parts = intervals[intervals["active"]], []
    midnights = np.array(MIDNIGHTS)
    while len(left):
        day = np.searchsorted(midnights, left["began"], side="right") - 1
        stop = np.minimum(left["ended"], midnights[day + 1])
        parts.append(left[["park_id", "device_id"]].assign(day=day, lasted=stop - left["began"]))
        left = left.assign(began=stop)[stop < left["ended"]]
    lasted = pd.concat(parts).groupby(["park_id", "device_id", "day"])["lasted"].sum().unstack(fill_value=0)
    every = pd.MultiIndex.from_frame(lines).sort_values()
    return lasted.reindex(index=every, columns=range(DAYS), fill_value=0)
