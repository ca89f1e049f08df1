"""Task body of the adjust DAG."""

from __future__ import annotations

import logging

from airflow.sdk import get_current_context

from signalq_billing.errors import PayoutsUnfinished
from signalq_billing.orchestration import bootstrap
from signalq_billing.orchestration.failures import told_to_airflow

log = logging.getLogger(__name__)


@told_to_airflow
def adjust(cadence: str) -> int:
    """Hold the last periods of a cadence against a recompute and pay the differences. Returns how many parks changed.

    Raises PayoutsUnfinished, after all periods were gone through, if a person has to look at a park.
    """
    from signalq_billing.domain.adjustment import Step
    from signalq_billing.domain.adjustment_text import adjusted_text
    from signalq_billing.services.adjust import last_periods
    from signalq_billing.settings import settings

    now, adjuster = bootstrap.now(), bootstrap.adjuster(_actor())
    changed, problems = 0, 0
    periods = last_periods(bootstrap.config().cadences[cadence], now, settings().adjust_window_periods)
    for done in adjuster.adjust_window(periods, now=now):
        for park in done.parks:
            if park.step is not Step.NOTHING:
                amounts = f"paid {park.paid}, recomputed {park.recomputed} {park.currency}"
                log.info("%s, park %s: %s: %s", done.period, park.park_id, amounts, adjusted_text(park))
        for problem in done.orders.problems:
            log.warning("%s", problem)
        changed += sum(park.step not in (Step.NOTHING, Step.KEPT, Step.LEFT, Step.PROBLEM) for park in done.parks)
        problems += len(done.problems) + bool(done.refused)
    if problems:
        raise PayoutsUnfinished(f"{problems} parks or periods of {cadence} need a person before they are adjusted")
    return changed


def _actor() -> str:
    task = get_current_context()["ti"]
    return bootstrap.worker_name(f"{task.dag_id}/{task.run_id}", f"{task.task_id} try {task.try_number}")
