"""Task body of the adjust DAG."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from airflow.sdk import get_current_context

from signalq_billing.errors import PayoutsUnfinished, UsageError
from signalq_billing.orchestration import bootstrap
from signalq_billing.orchestration.failures import told_to_airflow
from signalq_billing.orchestration.run_request import dry_run_of, parks_of, reject_unknown

if TYPE_CHECKING:
    from signalq_billing.services.adjust import PeriodAdjusted

log = logging.getLogger(__name__)

FORM_KEYS = ("cadence", "periods", "parks", "dry_run")


@told_to_airflow
def adjust(cadence: str) -> int:
    """Hold the last periods of a cadence against a recompute and pay the differences. Returns how many parks changed.

    Skips itself if the form names another cadence. Raises PayoutsUnfinished, after all periods were gone through, if
    a person has to look at a park.
    """
    from airflow.sdk.exceptions import AirflowSkipException

    from signalq_billing.services.adjust import last_periods

    context = get_current_context()
    params: dict[str, Any] = dict(context["params"])
    reject_unknown(context["dag_run"].conf or {}, FORM_KEYS)
    parks, dry_run = _known(parks_of(params)), dry_run_of(params)
    if params.get("cadence") not in (None, cadence):
        raise AirflowSkipException(f"the form asks for {params['cadence']} alone")
    now, adjuster = bootstrap.now(), bootstrap.adjuster(_actor())
    periods = last_periods(bootstrap.config().cadences[cadence], now, _count(params))
    done = list(map(_told, adjuster.adjust_window(periods, parks, now=now, dry_run=dry_run)))
    problems = sum(len(each.problems) + bool(each.refused) for each in done)
    if dry_run:
        log.info("dry run: nothing was stored or sent; trigger again without it to pay and take back what is above")
    elif problems:
        raise PayoutsUnfinished(f"{problems} parks or periods of {cadence} need a person before they are adjusted")
    return sum(map(_changed, done))


def _told(done: PeriodAdjusted) -> PeriodAdjusted:
    """Log a period: its differences park by park, and what could not be adjusted or sent."""
    from signalq_billing.domain.adjustment import Step
    from signalq_billing.domain.adjustment_text import adjusted_text

    for park in done.parks:
        if park.step is not Step.NOTHING:
            amounts = f"paid {park.paid}, recomputed {park.recomputed} {park.currency}"
            log.info("%s, park %s: %s: %s", done.period, park.park_id, amounts, adjusted_text(park))
    for problem in done.orders.problems:
        log.warning("%s", problem)
    same = sum(park.step is Step.NOTHING for park in done.parks)
    log.info("%s: %d of %d parks were paid what a recompute pays", done.period, same, len(done.parks))
    return done


def _changed(done: PeriodAdjusted) -> int:
    from signalq_billing.domain.adjustment import Step

    return sum(park.step not in (Step.NOTHING, Step.KEPT, Step.LEFT, Step.PROBLEM) for park in done.parks)


def _count(params: dict[str, Any]) -> int:
    from signalq_billing.settings import settings

    count = params.get("periods")
    if count is None:
        return settings().adjust_window_periods
    if not isinstance(count, int) or isinstance(count, bool) or count < 1:
        raise UsageError(f"periods is {count!r}: write how many complete periods back, 1 or more")
    return count


def _known(parks: tuple[str, ...]) -> tuple[str, ...]:
    """Raises UsageError for a park that there is not: nothing would be adjusted, and nobody would notice."""
    from signalq_billing.domain.near_miss import suggestion

    there = {config.park_id for config in bootstrap.config_store().current()} if parks else set()
    if missing := [park_id for park_id in parks if park_id not in there]:
        raise UsageError(
            "; ".join(f"there is no park {park_id!r}: {suggestion(park_id, there)}" for park_id in missing)
        )
    return parks


def _actor() -> str:
    task = get_current_context()["ti"]
    return bootstrap.worker_name(f"{task.dag_id}/{task.run_id}", f"{task.task_id} try {task.try_number}")
