"""Polars at its best: lazy and streaming, joins make numbers of texts, each camera's numbers are sorted as a list, then
neighbours and one group_by; what goes on over midnights is added from the few rows of the result (days.py)."""

from functools import reduce
from typing import Any

import polars as pl

from benchmarks.activity.bounds import (
    DAYS,
    EARLIEST,
    LATEST,
    PERIOD_END,
    PERIOD_START,
    WINDOW_START,
    day_spans,
)  # fmt: skip
from benchmarks.activity.days import answer_of_days
from benchmarks.activity.fleet import MICROS, Fleet
from benchmarks.activity.numbering import Numbering, numbering
from signalq_billing.domain.activity import BAD_ROW_REASONS

_DAY = 86_400 * MICROS
_TEXTS = ("park_id", "device_id", "status")
# A number: microseconds since the window began, 10 bits of the park, 3 of the status, 6 of the park's silence, 1 for
# active.
_TIME, _PARK, _STATUS, _SILENCE = 2**20, 2**10, 2**7, 2**1


def run(files: str, devices: int, sort: str = "one", **_: Any) -> Any:  # noqa: ANN401 - whatever parameters there are
    """All of it; Polars takes as many threads as there are processors."""
    source = pl.scan_parquet(f"{files}/*.parquet")
    texts = [_collect(source.select(pl.col(name).unique()))[name].drop_nulls().to_list() for name in _TEXTS]
    numbers = numbering(texts, Fleet(devices).rules)
    bad, rows = _bad(source, numbers)
    days = _collect(_days(_SORTED[sort](_numbers(source, numbers)), numbers))
    return answer_of_days(numbers, {name: days[name].to_numpy() for name in days.columns}, rows, bad)


def _collect(frame: pl.LazyFrame) -> pl.DataFrame:
    return frame.collect(engine="streaming")


def _bad(source: pl.LazyFrame, numbers: Numbering) -> tuple[dict[str, int], int]:
    """Bad rows by their first reason, and all rows."""
    at = pl.col("status_at")
    empty = [pl.col(name).is_null() | (pl.col(name) == b"") for name in _TEXTS]
    no_text = [
        pl.col(name).is_in(pl.Series(bad, dtype=pl.Binary)) for name, bad in zip(_TEXTS, numbers.bad, strict=True)
    ]
    inside = at.is_between(WINDOW_START, PERIOD_END, closed="left")
    untimely = at.is_null() | (at < EARLIEST) | (at > LATEST)
    spoilt = source.filter(untimely | (inside & reduce(pl.Expr.or_, [*empty, *no_text])))
    reason = pl.when(at.is_null()).then(0).when(at < EARLIEST).then(1).when(at > LATEST).then(2)
    for number, condition in enumerate(empty, 3):
        reason = reason.when(condition).then(number)
    found = _collect(spoilt.select(reason.otherwise(6).alias("reason")).group_by("reason").len())
    rows = source.select(pl.len()).collect().item()
    return {BAD_ROW_REASONS[number]: count for number, count in found.iter_rows()}, rows


def _numbers(source: pl.LazyFrame, numbers: Numbering) -> pl.LazyFrame:
    """A camera and a number for every good row of the window. Hashes of texts are joined by: they are half the work."""
    rules = zip(range(len(numbers.parks)), numbers.silence_of_park, strict=True)
    parks = _hashed(
        "park_id",
        numbers.parks,
        rule=pl.Series([rank * _PARK + silence * _SILENCE for rank, silence in rules], dtype=pl.UInt64),
        active=pl.Series(numbers.active_of_park, dtype=pl.UInt8),
    )
    devices = _hashed("device_id", numbers.devices, device=pl.Series(range(len(numbers.devices)), dtype=pl.UInt32))
    at, rank = pl.col("status_at"), pl.lit(None, pl.UInt8)
    for place, status in enumerate(numbers.statuses):
        rank = pl.when(pl.col("status") == status).then(pl.lit(place, pl.UInt8)).otherwise(rank)
    joined = (
        source.filter(at.is_between(WINDOW_START, PERIOD_END, closed="left"))
        .select(pl.col("park_id", "device_id").hash(), rank.alias("rank"), at - WINDOW_START)
        .filter(pl.col("rank").is_not_null())
        .join(devices, on="device_id")
        .join(parks, on="park_id")
    )
    bit = pl.lit(2, pl.UInt8).pow(pl.col("rank"))
    active = (pl.col("active") & bit) != 0
    return joined.select("device", k=at * _TIME + pl.col("rule") + pl.col("rank").cast(pl.UInt64) * _STATUS + active)


def _hashed(name: str, texts: list[bytes], **columns: pl.Series) -> pl.LazyFrame:
    frame = pl.DataFrame({name: pl.Series(texts, dtype=pl.Binary), **columns}).with_columns(pl.col(name).hash())
    assert frame[name].is_unique().all(), "two texts have one hash"
    return frame.lazy()


def _by_lists(frame: pl.LazyFrame) -> pl.LazyFrame:
    return frame.group_by("device").agg(pl.col("k").sort()).explode("k")


def _by_columns(frame: pl.LazyFrame) -> pl.LazyFrame:
    return frame.sort("device", "k")


def _by_one(frame: pl.LazyFrame) -> pl.LazyFrame:
    """One number of 128 bits sorts faster than two columns."""
    both = pl.col("device").cast(pl.Int128) * 2**64 + pl.col("k").cast(pl.Int128)
    return (
        frame.select(both=both)
        .sort("both")
        .select(device=(pl.col("both") // 2**64).cast(pl.UInt32), k=(pl.col("both") % 2**64).cast(pl.UInt64))
    )


_SORTED = {"lists": _by_lists, "columns": _by_columns, "one": _by_one}


def _days(ordered: pl.LazyFrame, numbers: Numbering) -> pl.LazyFrame:
    """Sums per park, camera and day on which intervals begin."""
    at = (pl.col("k") // _TIME).cast(pl.Int64)
    goes_on = pl.col("device") == pl.col("device").shift(-1)
    following = pl.when(goes_on).then(at.shift(-1)).otherwise(PERIOD_END - WINDOW_START)
    silence = pl.lit(numbers.silences[0], pl.Int64)
    for place, each in enumerate(numbers.silences[1:], 1):
        silence = pl.when(pl.col("k") // _SILENCE % 64 == place).then(pl.lit(each, pl.Int64)).otherwise(silence)
    intervals = ordered.select(
        "device",
        (pl.col("k") // _PARK % 1024).alias("park"),
        (pl.col("k") % 2 == 1).alias("active"),
        pl.max_horizontal(at + WINDOW_START, pl.lit(PERIOD_START, pl.Int64)).alias("began"),
        (pl.min_horizontal(following, at + silence) + WINDOW_START).alias("ended"),
    ).filter(pl.col("ended") > pl.col("began"))
    line = (pl.col("device").cast(pl.UInt64) * 1024 + pl.col("park")) * 32 + pl.col("day").cast(pl.UInt64)
    spans = intervals.with_columns(_day().alias("day")).select(
        line.alias("line"),
        pl.when("active").then(pl.min_horizontal("ended", _midnight()) - pl.col("began")).otherwise(0).alias("lasted"),
        pl.when("active").then("ended").otherwise(0).alias("ended"),
    )
    summed = spans.group_by("line").agg(pl.col("lasted").sum(), pl.col("ended").max())
    return summed.select(
        "lasted", "ended", day=pl.col("line") % 32, park=pl.col("line") // 32 % 1024, device=pl.col("line") // 2**15
    )


def _day() -> pl.Expr:
    """The number of the day that `began` is on: midnights are 24 hours apart, but where clocks change."""
    found: pl.Expr | None = None
    spans = day_spans()
    for (start, day), last in zip(spans, [day - 1 for _, day in spans[1:]] + [DAYS - 1], strict=True):
        each = pl.min_horizontal((pl.col("began") - start) // _DAY + day, pl.lit(last, pl.Int64))
        found = each if found is None else pl.when(pl.col("began") >= start).then(each).otherwise(found)
    assert found is not None
    return found


def _midnight() -> pl.Expr:
    """The midnight at which `day` ends."""
    found: pl.Expr | None = None
    for start, day in day_spans():
        each = (pl.col("day") + 1 - day) * _DAY + start
        found = each if found is None else pl.when(pl.col("day") + 1 >= day).then(each).otherwise(found)
    assert found is not None
    return found
