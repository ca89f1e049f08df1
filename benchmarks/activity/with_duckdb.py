"""DuckDB at its best: joins make numbers of texts, one sort by (camera, number of the event), neighbours, one GROUP BY.

An interval counts for the day that it begins on; as a camera is active over a given midnight in one park at most, the
latest end per day tells what goes on into the days after it, and that is added from the few rows of the result."""

from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa

from benchmarks.activity.bounds import (
    EARLIEST,
    LATEST,
    MIDNIGHTS,
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

_NEIGHBOURS = {
    "sort": """
SELECT device, k, coalesce(lead(device) OVER () = device, false) AS goes_on, lead(k) OVER () AS next_k
FROM (FROM numbers ORDER BY device, k)""",
    "window": """
SELECT device, k, next_k IS NOT NULL AS goes_on, next_k
FROM (SELECT device, k, lead(k) OVER (PARTITION BY device ORDER BY k) AS next_k FROM numbers)""",
}

_TIMELINES = """
WITH numbers AS (
    SELECT
        device,
        ((status_at - {window_start}) << 20) | rule | (status_rank << 7) | ((active >> status_rank) & 1) AS k
    FROM source
    JOIN devices ON device_id = device_text
    JOIN parks ON park_id = park_text
    JOIN statuses ON status = status_text
    WHERE status_at >= {window_start} AND status_at < {period_end}
),
neighbours AS ({neighbours}),
intervals AS (
    SELECT
        device,
        (k >> 10 & 1023)::USMALLINT AS park,
        k & 1 = 1 AS active,
        greatest((k >> 20)::BIGINT + {window_start}, {period_start}) AS began,
        least(
            CASE WHEN goes_on THEN (next_k >> 20)::BIGINT + {window_start} ELSE {period_end} END,
            (k >> 20)::BIGINT + {window_start} + {silence}
        ) AS ended
    FROM neighbours
),
days AS (SELECT *, {day} AS day FROM intervals WHERE ended > began)
SELECT
    park, device, day::UTINYINT AS day,
    sum(CASE WHEN active THEN least(ended, {midnight}) - began ELSE 0 END)::BIGINT AS lasted,
    max(CASE WHEN active THEN ended ELSE 0 END)::BIGINT AS ended
FROM days GROUP BY park, device, day
"""

_BAD = """
SELECT
    CASE
        WHEN status_at IS NULL THEN 0 WHEN status_at < {earliest} THEN 1 WHEN status_at > {latest} THEN 2
        WHEN coalesce(park_id, ''::BLOB) = ''::BLOB THEN 3 WHEN coalesce(device_id, ''::BLOB) = ''::BLOB THEN 4
        WHEN coalesce(status, ''::BLOB) = ''::BLOB THEN 5 ELSE 6
    END AS reason,
    count(*)
FROM source
WHERE
    status_at IS NULL OR status_at < {earliest} OR status_at > {latest}
    OR (status_at >= {window_start} AND status_at < {period_end} AND ({bad}))
GROUP BY reason
"""
_BOUNDS = {
    "earliest": EARLIEST, "latest": LATEST,
    "window_start": WINDOW_START, "period_start": PERIOD_START, "period_end": PERIOD_END,
}  # fmt: skip


def run(files: str, devices: int, neighbours: str = "sort", **_: Any) -> Any:  # noqa: ANN401 - whatever there is
    """All of it in one connection, with as many threads as there are processors."""
    database = duckdb.connect(config={"preserve_insertion_order": neighbours == "sort"})
    database.execute(f"CREATE VIEW source AS FROM read_parquet('{Path(files)}/*.parquet')")
    columns = ("park_id", "device_id", "status")
    texts = [database.sql(f"SELECT DISTINCT {column} AS text FROM source").fetchall() for column in columns]
    numbers = numbering([[text for (text,) in found if text is not None] for found in texts], Fleet(devices).rules)
    for name, table in _tables(numbers).items():
        database.register(f"{name}_arrow", table)
        database.execute(f"CREATE TABLE {name} AS FROM {name}_arrow")
    rows = database.sql("SELECT count(*) FROM source").fetchall()[0][0]
    reasons = database.sql(_BAD.format(**_BOUNDS, bad=_bad(numbers))).fetchall()
    text = _TIMELINES.format(
        **_BOUNDS, neighbours=_NEIGHBOURS[neighbours], silence=_silence(numbers), day=_day(), midnight=_midnight()
    )
    days = database.sql(text).fetchnumpy()
    bad = {BAD_ROW_REASONS[reason]: count for reason, count in reasons}
    return answer_of_days(numbers, days, rows, bad)


def _tables(numbers: Numbering) -> dict[str, pa.Table]:
    rules = [rank << 10 | silence << 1 for rank, silence in enumerate(numbers.silence_of_park)]
    return {
        "parks": pa.table({
            "park_text": pa.array(numbers.parks, pa.binary()),
            "rule": pa.array(rules, pa.uint64()),
            "active": pa.array(numbers.active_of_park, pa.uint64()),
        }),
        "devices": pa.table({
            "device_text": pa.array(numbers.devices, pa.binary()),
            "device": pa.array(range(len(numbers.devices)), pa.uint32()),
        }),
        "statuses": pa.table({
            "status_text": pa.array(numbers.statuses, pa.binary()),
            "status_rank": pa.array(range(len(numbers.statuses)), pa.uint64()),
        }),
    }  # fmt: skip


def _bad(numbers: Numbering) -> str:
    lists = zip(("park_id", "device_id", "status"), numbers.bad, strict=True)
    return " OR ".join(
        f"{column} IS NULL" + (f" OR {column} IN ({', '.join(map(_blob, texts))})" if texts else "")
        for column, texts in lists
    )


def _blob(text: bytes) -> str:
    return "'" + "".join(f"\\x{byte:02X}" for byte in text) + "'::BLOB"


def _silence(numbers: Numbering) -> str:
    """Of a few silences, the one that the number names."""
    cases = " ".join(f"WHEN {place} THEN {each}" for place, each in enumerate(numbers.silences))
    return f"CASE (k >> 1) & 63 {cases} END::BIGINT"


def _day() -> str:
    """The number of the day that `began` is on: midnights are 24 hours apart, but where clocks change."""
    spans = day_spans()
    lasts = [day - 1 for _, day in spans[1:]] + [len(MIDNIGHTS) - 2]
    parts = [
        f"WHEN began >= {start} THEN least((began - {start}) // {_DAY} + {day}, {last})"
        for (start, day), last in zip(spans, lasts, strict=True)
    ]
    return f"CASE {' '.join(reversed(parts))} END"


def _midnight() -> str:
    """The midnight at which `day` ends."""
    parts = [f"WHEN day + 1 >= {day} THEN {start} + (day + 1 - {day}) * {_DAY}" for start, day in day_spans()]
    return f"CASE {' '.join(reversed(parts))} END"
