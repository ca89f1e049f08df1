"""The timetable: data intervals are periods, missed ones follow oldest first, and it survives serialization."""

import datetime as dt

import pendulum
import pytest
from airflow.timetables.base import DataInterval, TimeRestriction

from signalq_billing.domain.period import Cadence, Every
from signalq_billing.orchestration import timetable as module
from signalq_billing.orchestration.timetable import PeriodTimetable

NOW = dt.datetime(2026, 11, 23, 12, tzinfo=dt.UTC)


@pytest.fixture(autouse=True)
def _today(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_now", lambda: NOW)


def timetable(**keys: object) -> PeriodTimetable:
    fields = {"name": "c", "every": Every.DAY, "count": 1, "anchor": dt.date(2026, 1, 1), "timezone": "Europe/Moscow"}
    return PeriodTimetable.of(Cadence(**(fields | keys)))  # type: ignore[arg-type]


def names(
    each: PeriodTimetable, runs: int, last: DataInterval | None = None, between: tuple[object, object] | None = None
) -> list[str]:
    found = []
    begin = pendulum.instance(each.cadence.nth(0).start)
    earliest, latest = between or (begin, None)
    restriction = TimeRestriction(earliest=earliest, latest=latest, catchup=True)  # type: ignore[arg-type]
    for _ in range(runs):
        info = each.next_dagrun_info(last_automated_data_interval=last, restriction=restriction)
        assert info is not None
        last = info.data_interval
        assert last is not None
        found.append(last.start.in_timezone(each.cadence.timezone).to_date_string())
    return found


def interval(each: PeriodTimetable, day: dt.date) -> DataInterval:
    period = each.cadence.starting(day)
    return DataInterval(pendulum.instance(period.start), pendulum.instance(period.end))


def test_the_first_run_reaches_back_a_week_at_most() -> None:
    assert names(timetable(), 2) == ["2026-11-16", "2026-11-17"]


def test_the_first_run_of_a_long_cadence_is_the_last_complete_period() -> None:
    assert names(timetable(every=Every.MONTH), 2) == ["2026-10-01", "2026-11-01"]


def test_the_first_run_is_the_one_the_cadence_names() -> None:
    assert names(timetable(catch_up_from=dt.date(2026, 11, 22)), 2) == ["2026-11-22", "2026-11-23"]


def test_missed_periods_follow_one_by_one_oldest_first() -> None:
    each = timetable()
    assert names(each, 3, interval(each, dt.date(2026, 9, 29))) == ["2026-09-30", "2026-10-01", "2026-10-02"]


def test_a_backfill_gets_every_period_it_asks_for() -> None:
    between = pendulum.datetime(2026, 3, 1, tz="Europe/Moscow"), pendulum.datetime(2026, 4, 1, tz="Europe/Moscow")
    weekly = timetable(every=Every.WEEK, anchor=dt.date(2026, 1, 5), catch_up_from=dt.date(2026, 11, 2))
    assert names(weekly, 2, None, between) == ["2026-03-02", "2026-03-09"]


def test_the_scheduler_leaves_out_what_lies_before_catch_up_from() -> None:
    each = timetable(catch_up_from=dt.date(2026, 10, 1))
    assert names(each, 2, interval(each, dt.date(2026, 9, 1))) == ["2026-10-01", "2026-10-02"]


def test_a_run_starts_when_its_period_is_over_and_has_settled() -> None:
    each = timetable(settle=dt.timedelta(minutes=40))
    info = each.next_dagrun_info(
        last_automated_data_interval=None, restriction=TimeRestriction(earliest=None, latest=None, catchup=True)
    )
    assert info is not None
    assert info.data_interval is not None
    assert info.run_after == info.data_interval.end.add(minutes=40)


def test_a_day_of_23_hours_is_one_interval_of_23_hours() -> None:
    each = timetable(timezone="Europe/Berlin")
    found = interval(each, dt.date(2026, 3, 29))
    assert names(each, 1, interval(each, dt.date(2026, 3, 28))) == ["2026-03-29"]
    assert found.end - found.start == dt.timedelta(hours=23)


def test_a_manual_run_is_about_the_last_complete_period() -> None:
    each = timetable(every=Every.WEEK, anchor=dt.date(2026, 1, 5))
    found = each.infer_manual_data_interval(run_after=pendulum.instance(NOW))
    assert found == interval(each, dt.date(2026, 11, 16))


def test_no_run_starts_after_the_last_one_asked_for() -> None:
    latest = pendulum.datetime(2025, 12, 1, tz="UTC")
    restriction = TimeRestriction(earliest=None, latest=latest, catchup=True)
    assert timetable().next_dagrun_info(last_automated_data_interval=None, restriction=restriction) is None


def test_it_survives_serialization() -> None:
    each = timetable(count=2, every=Every.WEEK, anchor=dt.date(2026, 1, 5), catch_up_from=dt.date(2026, 2, 2))
    again = PeriodTimetable.deserialize(each.serialize())
    assert again.cadence == each.cadence
    assert again.summary == each.summary == "every 2 weeks from 2026-01-05, Europe/Moscow"
