"""What an extraction reports: bad rows by reason and their share, and an error that shows them."""

import datetime as dt
from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field, replace
from fractions import Fraction
from typing import Any

import pytest

from signalq_billing.domain.activity import BAD_ROW_REASONS, ActivityRequest, ActivitySnapshot, BadRows
from signalq_billing.domain.source import Source
from signalq_billing.errors import ActivityIncomplete, BadRowsExceeded
from signalq_billing.services.extract import extract
from tests.unit.domain.builders import config, period

SOURCE = Source("//home/status_history", "//results", bad_row_share=Fraction(1, 1000))
READY = period().end + dt.timedelta(hours=1)
BAD = BadRows({"status_missing": 2}, 1000, ({"reason": "status_missing", "park_id": "p", "status": None},))


@dataclass
class Recorder:
    """Metrics that remember; the port has no other answer to give."""

    gauges: dict[tuple[str, str], float] = field(default_factory=dict)

    def count(self, name: str, value: int = 1, **tags: str) -> None: ...

    def gauge(self, name: str, value: float, **tags: str) -> None:
        self.gauges[name, tags.get("reason", "")] = value

    def timer(self, name: str, **tags: str) -> AbstractContextManager[object]:
        return nullcontext()


@dataclass
class Activity:
    """An extraction that found these bad rows."""

    bad: BadRows
    watermark_at: dt.datetime = READY
    discarded: list[str] = field(default_factory=list)

    def extract(self, request: ActivityRequest) -> ActivitySnapshot:
        return ActivitySnapshot(request.period, "//result", self.watermark_at, 5000, self.bad, request.clock)

    def discard(self, result_table: str) -> None:
        self.discarded.append(result_table)


def extracted(activity: Activity, metrics: Recorder | None = None, source: Source = SOURCE) -> ActivitySnapshot:
    named: Mapping[str, Any] = {"activity": activity, "metrics": metrics or Recorder()}
    return extract(period(), [config()], source=source, now=READY + dt.timedelta(minutes=3), of_run=True, **named)


def test_bad_rows_are_measured_by_reason_and_as_a_share() -> None:
    metrics = Recorder()
    extracted(Activity(replace(BAD, considered=4000)), metrics)
    assert metrics.gauges == {
        ("extract.rows_read", ""): 5000,
        **{("extract.bad_rows", reason): 0 for reason in BAD_ROW_REASONS},
        ("extract.bad_rows", "status_missing"): 2,
        ("extract.bad_row_share", ""): 0.0005,
        ("watermark.lag_seconds", ""): 180,
    }


def test_bad_rows_that_are_gone_are_measured_as_none() -> None:
    metrics = Recorder()
    extracted(Activity(replace(BAD, considered=4000)), metrics)
    extracted(Activity(BadRows()), metrics)
    assert metrics.gauges["extract.bad_rows", "status_missing"] == 0


def test_a_look_at_some_period_says_nothing_about_how_it_stands_now() -> None:
    metrics = Recorder()
    named: Mapping[str, Any] = {"activity": Activity(BAD), "metrics": metrics}
    loose = replace(SOURCE, bad_row_share=Fraction(1))
    extract(period(), [config()], source=loose, now=READY, **named)
    assert metrics.gauges == {}


def test_a_watermark_ahead_of_the_clock_lags_by_nothing() -> None:
    metrics = Recorder()
    extracted(Activity(BadRows(), watermark_at=READY + dt.timedelta(minutes=30)), metrics)
    assert metrics.gauges["watermark.lag_seconds", ""] == 0


def test_a_share_of_nothing_is_measured_too() -> None:
    metrics = Recorder()
    extracted(Activity(BadRows()), metrics)
    assert metrics.gauges["extract.bad_row_share", ""] == 0


def test_more_bad_rows_than_allowed_stop_the_run_and_show_examples() -> None:
    activity = Activity(BAD)
    with pytest.raises(BadRowsExceeded) as stopped:
        extracted(activity)
    assert str(stopped.value).splitlines() == [
        "2 of 1,000 rows of //home/status_history for weekly_msk 2026-11-16 are unusable: 0.2 %, allowed is 0.1 %. "
        "Nothing was computed.",
        "By reason: status_missing 2.",
        "Mend the source, or raise bad_row_share in source.yaml if leaving them out is right. Examples:",
        '  status_missing: park_id "p", status null',
    ]
    assert activity.discarded == ["//result"]


def test_exactly_the_allowed_share_is_allowed() -> None:
    activity = Activity(replace(BAD, considered=2000))
    assert extracted(activity).bad_rows.total == 2
    assert activity.discarded == []


def test_bad_rows_are_measured_even_where_the_period_is_not_complete() -> None:
    metrics, activity = Recorder(), Activity(BAD, watermark_at=period().end)
    with pytest.raises(ActivityIncomplete):
        extracted(activity, metrics)
    assert metrics.gauges["extract.bad_rows", "status_missing"] == 2
    assert activity.discarded == ["//result"]
