"""One order's way to billing-orders: claim, call, record; or, where an earlier call's outcome is unknown, ask first.

Nothing here holds a database transaction while it waits for HTTP (SPEC section 7).
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from threading import Lock

from tenacity import RetryCallState, Retrying, retry_if_result, wait_exponential_jitter

from signalq_billing.domain.order import (
    BillingOrder,
    Created,
    Misconfigured,
    NotFound,
    Outcome,
    Rejected,
    Unavailable,
    Unknown,
)
from signalq_billing.domain.progress import Claim, ClaimRefusal
from signalq_billing.domain.submit_policy import SubmitPolicy
from signalq_billing.ports import BillingOrders, Clock, PayoutStore

log = logging.getLogger(__name__)


class Breaker:
    """Failures in a row over all orders; while open, no new call is started (SPEC section 7: unavailable). `halted`
    says, before every call, whether nothing may be sent any more at all."""

    def __init__(self, limit: int, halted: Callable[[], bool] = lambda: False) -> None:
        self._limit, self._failures, self._lock = limit, 0, Lock()
        self.halted = halted

    def note(self, result: Progressed) -> None:
        """Count a result: billing-orders answered, or did not."""
        with self._lock:
            if isinstance(result, Misconfigured):
                self._failures = self._limit
            elif isinstance(result, Unavailable | Unknown):
                self._failures += 1
            else:
                self._failures = 0

    @property
    def open(self) -> bool:
        return self._failures >= self._limit


Progressed = Outcome | NotFound | ClaimRefusal
_WORTH_ANOTHER_TRY = (Unavailable, Unknown, NotFound)


@dataclass(frozen=True, slots=True)
class Sender:
    """Brings single orders forward. `worker` names who holds a claim, for people."""

    payouts: PayoutStore
    billing: BillingOrders
    clock: Clock
    worker: str
    policy: SubmitPolicy

    def bring_forward(self, order_id: int, breaker: Breaker) -> Progressed | None:
        """Step until the order is settled or trying on would not help now. None: not tried (on), for the breaker is
        open or halted.

        An open breaker keeps new orders from being started; one that is begun keeps its tries.
        """
        if breaker.open:
            return None
        retrying = Retrying(
            retry=retry_if_result(lambda result: isinstance(result, _WORTH_ANOTHER_TRY)),
            wait=self._pause,
            stop=self._enough,
            sleep=self.clock.sleep,
            retry_error_callback=lambda state: state.outcome.result() if state.outcome else None,
        )
        return retrying(self._noted_step, order_id, breaker)

    def _noted_step(self, order_id: int, breaker: Breaker) -> Progressed | None:
        if breaker.halted():
            return None
        result = self.step(order_id)
        breaker.note(result)
        return result

    def step(self, order_id: int) -> Progressed:
        """One claim with one call. NotFound: it was not sent after all and can be claimed again."""
        asked_at = self.clock.elapsed()
        claim = self.payouts.claim(order_id, self.worker, self.policy.lease)
        if isinstance(claim, Claim):
            return self._sent(claim) if self._in_time(asked_at) else self._left(claim)
        if claim is not ClaimRefusal.IN_PROGRESS:
            return claim
        stale = self.payouts.claim_stale(order_id, self.worker, self.policy.lease)
        return self._ask(stale) if isinstance(stale, Claim) else stale

    def _in_time(self, asked_at: float) -> bool:
        """Whether a call that begins now ends within the lease of a claim asked for at `asked_at`. A worker that stood
        still since may find the order paid by hand; nobody else learns of its call in time."""
        return self.clock.elapsed() - asked_at <= self.policy.time_to_send

    def _sent(self, claim: Claim) -> Progressed:
        return self._recorded(claim, self.billing.create(claim))

    def _left(self, claim: Claim) -> ClaimRefusal:
        """Nothing was sent. The lease ends here, if it is still ours, and whoever is next asks first."""
        reason = f"not sent: it was claimed more than {self.policy.time_to_send:g} s ago, too late for its lease"
        self._recorded(claim, Unknown(reason))
        return ClaimRefusal.LATE

    def _ask(self, claim: Claim) -> Progressed:
        found = self.billing.find(claim.external_ref)
        if isinstance(found, BillingOrder):
            return self._recorded(claim, _as_outcome(found, claim))
        if isinstance(found, Rejected):
            self.payouts.record(claim, Unknown(f"could not ask: {found.message}"), self.worker)
            return Misconfigured(found.status, found.message)
        if isinstance(found, NotFound):
            return self._recorded(claim, found)
        # Asking failed: what happened to the order stays as unknown as it was.
        return self._recorded(claim, Unknown(f"could not ask: {found.message}"))

    def _recorded(self, claim: Claim, result: Outcome | NotFound) -> Progressed:
        if self.payouts.record(claim, result, self.worker):
            log.info("order %s: %s", claim.external_ref, result)
            return result
        log.warning("order %s: another worker took over while %s was answered", claim.external_ref, result)
        return ClaimRefusal.IN_PROGRESS

    def _enough(self, state: RetryCallState) -> bool:
        """No more tries now: there were enough, or the next one is further off than patience reaches."""
        return state.attempt_number >= self.policy.tries or state.upcoming_sleep > self.policy.patience

    def _pause(self, state: RetryCallState) -> float:
        """Seconds until the next try: what billing-orders asked for, else growing; none after "no such order"."""
        result = state.outcome.result() if state.outcome else None
        if isinstance(result, NotFound):
            return 0.0
        if isinstance(result, Unavailable) and result.retry_after is not None:
            return result.retry_after
        growing = wait_exponential_jitter(multiplier=self.policy.first_pause, max=self.policy.patience, jitter=0.5)
        return growing(state)


def _as_outcome(found: BillingOrder, claim: Claim) -> Created | Rejected:
    """An order that billing-orders has, held against what we meant to send."""
    if found.amount == claim.amount and found.currency == claim.currency:
        return Created(found.doc_id, found=True)
    return Rejected(
        409,
        f"billing-orders holds {claim.external_ref} as {found.doc_id} over {found.amount} {found.currency}, "
        f"we meant {claim.amount} {claim.currency}: find out which is right before anything is paid",
    )
