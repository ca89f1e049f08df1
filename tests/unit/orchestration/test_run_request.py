"""What a run's form may say, and what it is told when it says something else."""

import datetime as dt
from typing import Any

import pytest

from signalq_billing.domain.period import Cadence, Every
from signalq_billing.errors import PeriodNotOver, UsageError
from signalq_billing.orchestration.run_request import RunRequest, read_request

CADENCE = Cadence("weekly_msk", Every.WEEK, 1, dt.date(2026, 1, 5), "Europe/Moscow")
NOW = dt.datetime(2026, 11, 23, 12, tzinfo=dt.UTC)


def read(conf: dict[str, Any] | None = None, interval: dt.datetime | None = None, now: dt.datetime = NOW) -> RunRequest:
    params = {"period": None, "parks": [], "dry_run": False} | (conf or {})
    return read_request(CADENCE, conf or {}, params, interval, now, now)


def test_an_empty_form_means_the_last_complete_period_of_all_parks() -> None:
    request = read()
    assert (request.period.name, request.park_ids, request.dry_run) == (dt.date(2026, 11, 16), (), False)


def test_a_scheduled_run_is_about_its_data_interval() -> None:
    start = CADENCE.starting(dt.date(2026, 10, 5)).start
    assert read(interval=start).period.name == dt.date(2026, 10, 5)


def test_the_form_wins_over_the_data_interval() -> None:
    start = CADENCE.starting(dt.date(2026, 10, 5)).start
    assert read({"period": "2026-09-28"}, start).period.name == dt.date(2026, 9, 28)


def test_parks_are_taken_once_each() -> None:
    assert read({"parks": ["b", " a ", "b", ""]}).park_ids == ("b", "a")


@pytest.mark.parametrize(
    ("conf", "says"),
    [
        ({"peroid": "2026-11-16"}, "did you mean 'period'"),
        ({"period": "2026-11-17"}, "nearest ones start on 2026-11-16 and 2026-11-23"),
        ({"period": "17.11.2026"}, "YYYY-MM-DD"),
        ({"parks": "park-1"}, "list of park ids"),
        ({"dry_run": "yes"}, "true or false"),
    ],
)
def test_a_wrong_form_is_told_what_would_be_right(conf: dict[str, Any], says: str) -> None:
    with pytest.raises(UsageError, match=says):
        read(conf)


def test_a_period_that_is_not_over_is_refused() -> None:
    with pytest.raises(PeriodNotOver, match="not over"):
        read({"period": "2026-11-23"})


def test_a_data_interval_that_is_no_period_is_refused() -> None:
    start = CADENCE.starting(dt.date(2026, 10, 5)).start + dt.timedelta(hours=5)
    with pytest.raises(UsageError, match="the period around it is 2026-10-05"):
        read(interval=start)
