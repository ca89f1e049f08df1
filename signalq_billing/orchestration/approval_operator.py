"""The approval of one held payout in Airflow's UI: a required action that also ends when it is decided elsewhere."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from airflow.providers.standard.operators.hitl import HITLOperator
from airflow.sdk import Param

from signalq_billing.domain.approval import APPROVE, KEEP, Asked, is_about
from signalq_billing.orchestration.failures import told_to_airflow
from signalq_billing.settings import settings

if TYPE_CHECKING:
    from airflow.sdk import Context

log = logging.getLogger(__name__)

ELSEWHERE = "Not answered here"  # what Airflow shows of a question that was closed without an answer
_PUT = "put"
NOTE = {"title": "Note", "description": "Why it is right to pay it. It stays in the history."}


class HeldPayoutApproval(HITLOperator):
    """Asks whether a held payout may be paid, and releases it in the name of whoever approves.

    What was let go, there or elsewhere, it submits: it ends `success` once that is created, `skipped` if the payout
    stays held. Tried again, it sends what was let go and asks about what was not.
    """

    template_fields = ("asked",)

    def __init__(self, *, cadence: str, asked: Any, **kwargs: Any) -> None:  # noqa: ANN401 - an XCom, until it runs
        # Instead of the form of the DAG, which Airflow hands to every task.
        kwargs["params"] = {"note": Param(None, type=["null", "string"], source="task", **NOTE)}
        super().__init__(subject="Pay a held payout?", options=[APPROVE, KEEP], **kwargs)
        self.cadence, self.asked = cadence, asked

    def execute(self, context: Context) -> None:
        """Ask, and wait without a worker, if the hold is still the one that is asked about."""
        told_to_airflow(self._ask)(context)

    def execute_complete(self, context: Context, event: dict[str, Any]) -> None:
        """Do what was answered; an approval of what changed since is void."""
        told_to_airflow(self._answered)(context, event)

    def _ask(self, context: Context) -> None:
        from signalq_billing.orchestration import approvals
        from signalq_billing.orchestration.hold_trigger import HoldTrigger
        from signalq_billing.orchestration.this_run import requested

        context["park"] = self.asked["park_id"]  # type: ignore[typeddict-unknown-key]
        ti_id, dag_id = context["ti"].id, context["ti"].dag_id
        question = approvals.question(self.cadence, self.asked)
        if question is None:
            approvals.submit_approved(self.cadence, self.asked)
            return
        self.subject, self.body = question.subject, question.body
        self._put(context)
        log.info("%s Waiting for an answer until %s UTC", self.subject, f"{question.until:%Y-%m-%d %H:%M}")
        self.defer(
            trigger=HoldTrigger(
                ti_id=ti_id,
                dag_id=dag_id,
                cadence=self.cadence,
                period=requested(self.cadence).period.name.isoformat(),
                asked=dict(self.asked),
                until=question.until.isoformat(),
                poll=settings().approval_poll_seconds,
            ),
            method_name="execute_complete",
        )

    def _answered(self, context: Context, event: Mapping[str, Any]) -> None:
        from signalq_billing.orchestration import approvals

        context["park"] = self.asked["park_id"]  # type: ignore[typeddict-unknown-key]
        user = event.get("responded_by_user")
        if event.get("chosen_options") == [APPROVE] and user:
            note = str((event.get("params_input") or {}).get("note") or "").strip()
            run = context["ti"]
            approvals.approve(self.cadence, self.asked, user["name"], note or f"approved in {run.dag_id}/{run.run_id}")
        approvals.go_on(self.cadence, self.asked, _why(event))
        approvals.submit_approved(self.cadence, self.asked)

    def _put(self, context: Context) -> None:
        """Put the question, once between two clears. Airflow may record an answer and, with the scheduler busy, try the
        task again instead of acting on it: to put the question again would drop that answer; the trigger finds it."""
        from signalq_billing.orchestration import approvals

        ti, states = context["ti"], context["task_state_store"]
        put = f"{ti.max_tries} {self.asked['hold_key']}"  # a clear raises max_tries, a retry does not
        if states.get(_PUT) == put:
            return
        if not is_about(self._show(ti.id), Asked(**self.asked)):
            approvals.go_on(self.cadence, self.asked, "Airflow would show a question with other figures. ")
            return
        states.set(_PUT, put)

    def _show(self, ti_id: Any) -> str:  # noqa: ANN401 - a UUID, as Airflow gives it
        """Put the question; returns what Airflow shows, which is the old text if this task asked before."""
        from airflow.sdk.execution_time.comms import CreateHITLDetailPayload
        from airflow.sdk.execution_time.task_runner import SUPERVISOR_COMMS

        shown = SUPERVISOR_COMMS.send(
            CreateHITLDetailPayload(
                ti_id=ti_id,
                options=self.options,
                subject=self.subject,
                body=self.body,
                params=self.serialized_params,
                multiple=False,
                assigned_users=[],
            )
        )
        return str(getattr(shown, "body", None) or "")


def _why(event: Mapping[str, Any]) -> str:
    user = event.get("responded_by_user")
    if event.get("chosen_options"):
        return f"{event['chosen_options'][0]}, says {user['name'] if user else 'nobody'}. "
    return {
        "time": "No answer came in time. ",
        "queue": "Another run of this DAG was triggered and could not start while this one waited; clear this task to "
        "be asked again after it. ",
    }.get(str(event.get("ended")), "")
