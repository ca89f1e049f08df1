"""Task bodies of approvals: what guards hold in a run, the question about one of them, and what its answer does."""

from __future__ import annotations

import datetime as dt
import logging
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from airflow.sdk import get_current_context
from airflow.sdk.execution_time.context import NEVER_EXPIRE

from signalq_billing.domain.approval import Asked
from signalq_billing.errors import PayoutsUnfinished
from signalq_billing.orchestration import bootstrap
from signalq_billing.orchestration.failures import told_to_airflow
from signalq_billing.orchestration.this_run import airflow_url, requested, worker

if TYPE_CHECKING:
    from signalq_billing.domain.period import Cadence, Period

log = logging.getLogger(__name__)

_PLACES = "asked"


@dataclass(frozen=True, slots=True)
class Question:
    """What a person is shown, and until when an answer is waited for."""

    subject: str
    body: str
    until: dt.datetime


@told_to_airflow
def list_held(cadence: str, computed: Sequence[Mapping[str, Any]] | None) -> list[dict[str, Any]]:
    """The holds of this run's payouts that a person is asked about, by ids and digests: none in a dry run.

    Run again, holds asked about before keep their places: a place is one question, whose text Airflow never changes.
    """
    from signalq_billing.domain.approval import waits_until
    from signalq_billing.domain.hold_text import hold_text
    from signalq_billing.services.approving import held_in_run, with_new
    from signalq_billing.settings import settings

    request, store = requested(cadence), bootstrap.payout_store()
    parks = [park_id for batch in computed or () for park_id in batch["park_ids"]]
    if request.dry_run or not parks:
        return []
    held = held_in_run(request.period, parks, store=store, holders=store, service=bootstrap.SERVICE)
    now, every = bootstrap.now(), _cadence(cadence)
    in_time = [payout for payout in held if waits_until(payout, every) > now]
    for payout in held:
        log.warning("park %s: %s %s %s", payout.park_id, payout.total, payout.currency, hold_text(payout, now))
    places = get_current_context()["task_state_store"]
    before = [Asked(**each) for each in places.get(_PLACES, [])]  # type: ignore[union-attr,arg-type]
    asked = with_new(before, in_time, settings().approvals_at_most)
    log.info("%d payouts held by guards; %d questions, %d of them new", len(held), len(asked), len(asked) - len(before))
    if left := len([payout for payout in held if payout not in in_time]):
        log.warning("%d of them are not asked about here: their hold expired, or their next period is over", left)
    if asked:
        places.set(_PLACES, [asdict(each) for each in asked], retention=NEVER_EXPIRE)
    return [asdict(each) for each in asked]


def question(cadence: str, asked: Mapping[str, Any]) -> Question | None:
    """What to ask about a hold; None, with the reason in the log, if nobody has to be asked.

    Raises AirflowSkipException for one that stays held all the same: nothing follows it.
    """
    from airflow.sdk.exceptions import AirflowSkipException

    from signalq_billing.domain.approval import Standing, body, subject, waits_until
    from signalq_billing.services.approving import kept_text, look

    period = requested(cadence).period
    found = look(Asked(**asked), period, bootstrap.payout_store())
    if found.standing is not Standing.HELD or found.payout is None:
        go_on(cadence, asked)
        return None
    now, until = bootstrap.now(), waits_until(found.payout, _cadence(cadence))
    if until <= now:
        kept = kept_text(found.payout, now, airflow_url())
        raise AirflowSkipException(f"no answer is waited for after {until:%Y-%m-%d %H:%M} UTC. {kept}")
    return Question(subject(found.payout), body(found.payout, until, airflow_url()), until)


def go_on(cadence: str, asked: Mapping[str, Any], why: str = "") -> None:
    """Returns if the payout may be submitted: it was released, here or elsewhere, or nothing of it is left to send.

    Raises AirflowSkipException, which says why and what to do, for one that stays held.
    """
    from airflow.sdk.exceptions import AirflowSkipException

    from signalq_billing.domain.approval import Standing
    from signalq_billing.services.approving import ended_text, kept_text, look

    period = requested(cadence).period
    found = look(Asked(**asked), period, bootstrap.payout_store())
    if found.standing is Standing.HELD and found.payout is not None:
        raise AirflowSkipException(f"{why}{kept_text(found.payout, bootstrap.now(), airflow_url())}")
    told = ended_text(found, period, asked["park_id"])
    if found.standing not in (Standing.RELEASED, Standing.SETTLED):
        raise AirflowSkipException(told)
    log.info("%s", told)


def approve(cadence: str, asked: Mapping[str, Any], user: str, note: str) -> None:
    """Release what was asked about in the name of a user of Airflow, unless it changed since it was asked."""
    from signalq_billing.services.approving import approve as release

    release(Asked(**asked), requested(cadence).period, bootstrap.payout_store(), f"ui {user}", note)


def submit_approved(cadence: str, asked: Mapping[str, Any]) -> None:
    """Send the payout that was let go. Raises PayoutsUnfinished, to be tried again, while an order is not settled."""
    period = requested(cadence).period
    payouts = bootstrap.payout_store().payouts(cadence, period.name, [asked["park_id"]])
    report = bootstrap.submitter(worker()).submit([each for each in payouts if each.payout_id == asked["payout_id"]])
    for problem in report.problems:
        log.warning("%s", problem)
    log.info("orders: %d created, %d were before, %d held", report.created, report.already_created, report.held)
    if report.pending:
        raise PayoutsUnfinished(f"{report.pending} orders of {asked['park_id']} are not settled yet; see above for why")


def decided(cadence: str, period_name: str, asked: Mapping[str, Any]) -> bool:
    """Whether the hold that was asked about is not what it was. Blocks: it asks the database."""
    from signalq_billing.domain.approval import Standing
    from signalq_billing.services.approving import look

    period = _period(cadence, period_name)
    return look(Asked(**asked), period, bootstrap.payout_store()).standing is not Standing.HELD


def _period(cadence: str, name: str) -> Period:
    return _cadence(cadence).starting(dt.date.fromisoformat(name))


def _cadence(name: str) -> Cadence:
    return bootstrap.config().cadences[name]
