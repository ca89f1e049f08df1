"""Deadlines of payouts runs, what SLA misses were: the end of a run's period and the cadence's own time after it.

A deadline belongs to a scheduled run and is set once, when Airflow creates the run: clearing neither loses it nor sets
it anew. A run that is created after its deadline (a period caught up, history) has none, nor have backfills, manual
runs and dry runs: whether their period is late is for `signalq_watch`, which looks at what is paid.
"""

from __future__ import annotations

import datetime as dt
import logging
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from airflow.sdk.definitions.callback import AsyncCallback
from airflow.sdk.definitions.deadline import BaseDeadlineReference, DeadlineAlert

from signalq_billing.domain.period import Cadence
from signalq_billing.settings import settings

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

log = logging.getLogger(__name__)

_SCHEDULED = "scheduled"


class PeriodEnd(BaseDeadlineReference):
    """The end of a scheduled run's period, unless its deadline, `seconds` later, has passed when the run is created."""

    required_kwargs = {"dag_id", "run_id"}  # noqa: RUF012 - Airflow reads the attribute as it is

    def __init__(self, seconds: float = 0) -> None:
        self.seconds = seconds

    def serialize_reference(self) -> dict[str, Any]:
        return {**super().serialize_reference(), "seconds": self.seconds}

    @classmethod
    def deserialize_reference(cls, reference_data: dict[str, Any]) -> PeriodEnd:
        return cls(float(reference_data.get("seconds", 0)))

    def _evaluate_with(self, *, session: Session, dag_id: str, run_id: str) -> dt.datetime | None:
        """The reference, or None for no deadline. Never raises: an error here would keep Airflow from making runs."""
        try:
            run_type, period_end = _run(session, dag_id, run_id)
        except Exception:
            log.exception("no deadline for %s %s", dag_id, run_id)
            return None
        return reference_of(run_type, period_end, self.seconds, dt.datetime.now(dt.UTC))


def reference_of(run_type: str, period_end: dt.datetime | None, seconds: float, now: dt.datetime) -> dt.datetime | None:
    """What a run's deadline counts from; None for a run without one."""
    if run_type != _SCHEDULED or period_end is None:
        return None
    return period_end if period_end + dt.timedelta(seconds=seconds) > now else None


def deadlines(cadence: Cadence) -> list[DeadlineAlert]:
    """The deadline of a cadence's payouts DAG."""
    after_end = settings().limits.after_end(cadence)
    return [
        DeadlineAlert(
            name="payouts stand",
            reference=PeriodEnd(after_end.total_seconds()),
            interval=after_end,
            callback=AsyncCallback(deadline_missed, kwargs={"cadence": cadence.name}),
        )
    ]


async def deadline_missed(cadence: str, context: Mapping[str, Any]) -> None:
    """Tell that a run missed its deadline, if its period really is not paid. Runs in Airflow's triggerer, so whatever
    blocks goes to a thread; returns None, for anything else would end the triggerer."""
    from asgiref.sync import sync_to_async

    from signalq_billing.orchestration.alerting import tell_late

    await sync_to_async(tell_late, thread_sensitive=False)(cadence, dict(context.get("dag_run") or {}))


def _run(session: Session, dag_id: str, run_id: str) -> tuple[str, dt.datetime | None]:
    from airflow.models.dagrun import DagRun
    from sqlalchemy import select

    wanted = select(DagRun.run_type, DagRun.data_interval_end).where(DagRun.dag_id == dag_id, DagRun.run_id == run_id)
    run_type, period_end = session.execute(wanted).one()
    return str(getattr(run_type, "value", run_type)), period_end
