"""What waits, in the triggerer, for an answer to an approval or for the hold to be decided elsewhere.

Airflow resumes the task by itself when somebody answers in its UI. This looks, beside that, into our database, whether
the payout was released, marked, or computed anew; it never ends with an error, for that would fail the task.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import logging
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar
from uuid import UUID

from airflow.triggers.base import BaseTrigger, TriggerEvent

log = logging.getLogger(__name__)
T = TypeVar("T")

ELSEWHERE = "Not answered here"  # what Airflow shows of a question that was closed without an answer

# Threads of our own: a database that hangs keeps no other trigger waiting.
_looking = ThreadPoolExecutor(4, thread_name_prefix="signalq-holds")


class HoldTrigger(BaseTrigger):
    """Fires with the answer, or with `ended`: "decided", "time" or "queue" (another run of the DAG waits for this one).

    `asked` names the hold by ids and digests; `until` is an instant in ISO 8601.
    """

    def __init__(
        self,
        *,
        ti_id: UUID | str,
        dag_id: str,
        cadence: str,
        period: str,
        asked: dict[str, Any],
        until: str,
        poll: float,
    ) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.ti_id, self.dag_id, self.cadence, self.period = str(ti_id), dag_id, cadence, period
        self.asked, self.until, self.poll = asked, until, poll

    def serialize(self) -> tuple[str, dict[str, Any]]:
        """How Airflow stores it, to be made again by any triggerer."""
        names = ("ti_id", "dag_id", "cadence", "period", "asked", "until", "poll")
        return f"{type(self).__module__}.{type(self).__qualname__}", {name: getattr(self, name) for name in names}

    async def run(self) -> AsyncIterator[TriggerEvent]:
        """Look now and every `poll` seconds."""
        while True:
            if event := await self._event():
                if "ended" in event and not await self._quietly(self._close):
                    event = await self._quietly(self._answer) or event  # somebody answered at this very moment
                yield TriggerEvent(event)  # type: ignore[no-untyped-call]
                return
            await asyncio.sleep(self.poll)

    async def _event(self) -> dict[str, Any] | None:
        # An answer that came before the task was parked resumes nothing: it has to be looked for.
        if answer := await self._quietly(self._answer):
            return answer
        if await self._quietly(self._decided):
            return {"ended": "decided"}
        if dt.datetime.now(dt.UTC) >= dt.datetime.fromisoformat(self.until):
            return {"ended": "time"}
        return {"ended": "queue"} if await self._quietly(self._queued) else None

    async def _quietly(self, look: Callable[[], T]) -> T | None:
        """What `look` finds, off the event loop; nothing when it cannot look now."""
        try:
            return await asyncio.get_running_loop().run_in_executor(_looking, look)
        except Exception as error:
            log.warning("could not look after the hold of park %s, will try again: %s", self.asked["park_id"], error)
            return None

    def _answer(self) -> dict[str, Any] | None:
        from airflow.sdk.execution_time.hitl import get_hitl_detail_content_detail

        found = get_hitl_detail_content_detail(ti_id=UUID(self.ti_id))
        if not (found.response_received and found.chosen_options):
            return None
        user = found.responded_by_user
        return {
            "chosen_options": list(found.chosen_options),
            "params_input": dict(found.params_input or {}),
            "responded_by_user": {"id": user.id, "name": user.name} if user else None,
        }

    def _close(self) -> bool:
        """Take a question that nobody has to answer any more off the lists. Raises if somebody answered meanwhile."""
        from airflow.sdk.execution_time.hitl import update_hitl_detail_response

        update_hitl_detail_response(UUID(self.ti_id), [ELSEWHERE], {})
        return True

    def _decided(self) -> bool:
        from signalq_billing.orchestration import approvals

        return approvals.decided(self.cadence, self.period, self.asked)

    def _queued(self) -> bool:
        from airflow.sdk.execution_time.task_runner import RuntimeTaskInstance

        return RuntimeTaskInstance.get_dr_count(dag_id=self.dag_id, states=["queued"]) > 0
