"""Deadlines of payouts runs: scheduled runs that can still make it have one; history, backfills and people do not."""

import datetime as dt
from typing import Any

import pytest
from airflow.sdk.definitions.callback import AsyncCallback
from airflow.serialization.encoders import encode_deadline_reference

from signalq_billing.domain.period import UTC, Cadence, Every
from signalq_billing.orchestration.deadlines import PeriodEnd, deadlines, reference_of
from signalq_billing.services.watching import Limits
from signalq_billing.settings import settings

END = dt.datetime(2026, 11, 23, tzinfo=UTC)
HOUR = dt.timedelta(hours=1)


def cadence(**changes: Any) -> Cadence:  # noqa: ANN401
    return Cadence("weekly_msk", Every.WEEK, 1, dt.date(2026, 1, 5), "Europe/Moscow", **changes)


def test_a_scheduled_run_counts_from_the_end_of_its_period() -> None:
    assert reference_of("scheduled", END, 3 * 3600, END + HOUR) == END


@pytest.mark.parametrize("kind", ["manual", "backfill", "asset_triggered"])
def test_other_runs_have_no_deadline(kind: str) -> None:
    assert reference_of(kind, END, 3 * 3600, END + HOUR) is None


def test_a_run_that_is_made_after_its_deadline_has_none() -> None:
    assert reference_of("scheduled", END, 3600, END + HOUR) is None
    assert reference_of("scheduled", END, 3600, END + HOUR - dt.timedelta(seconds=1)) == END
    assert reference_of("scheduled", None, 3600, END) is None


def test_whatever_goes_wrong_airflow_goes_on_making_runs() -> None:
    class Broken:
        def execute(self, statement: object) -> None:
            raise RuntimeError("away")

    assert PeriodEnd(60)._evaluate_with(session=Broken(), dag_id="d", run_id="r") is None  # type: ignore[arg-type]


def test_a_cadence_has_its_own_time_or_the_deployments_after_its_run_is_due() -> None:
    limits = Limits(deadline=3 * HOUR)
    assert limits.after_end(cadence(deadline=90 * HOUR)) == 90 * HOUR
    assert limits.after_end(cadence(settle=2 * HOUR)) == 5 * HOUR


def test_the_deadline_survives_being_stored_by_airflow() -> None:
    settings.cache_clear()
    (alert,) = deadlines(cadence(deadline=2 * HOUR))
    kept = encode_deadline_reference(alert.reference)
    assert kept["__class_path"] == "signalq_billing.orchestration.deadlines.PeriodEnd"
    assert PeriodEnd.deserialize_reference(kept).seconds == 7200
    assert alert.interval == 2 * HOUR
    assert isinstance(alert.callback, AsyncCallback)
    assert alert.callback.kwargs == {"cadence": "weekly_msk"}
