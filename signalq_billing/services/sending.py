"""One order's way to billing-orders: claim, call, record; or, where an earlier call's outcome is unknown, ask first.

Nothing here holds a database transaction while it waits for HTTP (SPEC section 7).
"""

from __future__ import annotations

import logging
import random
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from threading import Lock

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

    @property
    def failing(self) -> bool:
        """Whether the last call of all had no answer."""
        return self._failures > 0


Progressed = Outcome | NotFound | ClaimRefusal
_WORTH_ANOTHER_TRY = (Unavailable, Unknown, NotFound)
_JITTER = 0.5  # seconds
_ALONE: AbstractContextManager[object] = nullcontext()


@dataclass(frozen=True, slots=True)
class Answered:
    """What billing-orders said of a claimed order: as it is to be recorded, and as it is told to whoever asked, where
    that is something else. It is told only once it is recorded."""

    claimed: Claim
    outcome: Outcome | NotFound
    instead: Misconfigured | ClaimRefusal | None = None

    @property
    def told(self) -> Progressed:
        return self.outcome if self.instead is None else self.instead


@dataclass(frozen=True, slots=True)
class Sender:
    """Brings single orders forward. `worker` names who holds a claim, for people."""

    payouts: PayoutStore
    billing: BillingOrders
    clock: Clock
    worker: str
    policy: SubmitPolicy

    def bring_forward(
        self,
        order_id: int,
        breaker: Breaker,
        tries: int = 0,
        calling: AbstractContextManager[object] = _ALONE,
    ) -> Progressed | None:
        """Take an order one step. None: not tried (on), for the breaker is open or halted.

        An open breaker keeps new orders from being started; one that was tried before keeps its tries. `calling` is
        held from before the claim until billing-orders has answered, not while the answer is recorded: whoever waits
        for it calls meanwhile.
        """
        with calling:
            if (breaker.open and not tries) or breaker.halted():
                return None
            answered = self._called(order_id)
            breaker.note(answered.told if isinstance(answered, Answered) else answered)
        return self._recorded(answered) if isinstance(answered, Answered) else answered

    def pause(self, result: Progressed | None, tries: int) -> float | None:
        """Seconds until another try after so many: what billing-orders asked for, else growing; none after "no such
        order". None: no more tries now, for it is settled, there were enough, or the next one is further off than
        patience reaches."""
        if not isinstance(result, _WORTH_ANOTHER_TRY) or tries >= self.policy.tries:
            return None
        pause = 0.0 if isinstance(result, NotFound) else self._growing(tries)
        if isinstance(result, Unavailable) and result.retry_after is not None:
            pause = result.retry_after
        return pause if pause <= self.policy.patience else None

    def _growing(self, tries: int) -> float:
        """Doubling from try to try, and not the same for all that failed at once."""
        return min(self.policy.first_pause * 2.0 ** (tries - 1) + _jitter(), self.policy.patience)

    def _called(self, order_id: int) -> Answered | ClaimRefusal:
        """One claim with one call. NotFound: it was not sent after all and can be claimed again."""
        asked_at = self.clock.elapsed()
        claim = self.payouts.claim(order_id, self.worker, self.policy.lease)
        if isinstance(claim, Claim):
            return Answered(claim, self.billing.create(claim)) if self._in_time(asked_at) else self._left(claim)
        if claim is not ClaimRefusal.IN_PROGRESS:
            return claim
        stale = self.payouts.claim_stale(order_id, self.worker, self.policy.lease)
        return self._asked(stale) if isinstance(stale, Claim) else stale

    def _in_time(self, asked_at: float) -> bool:
        """Whether a call that begins now ends within the lease of a claim asked for at `asked_at`. A worker that stood
        still since may find the order paid by hand; nobody else learns of its call in time."""
        return self.clock.elapsed() - asked_at <= self.policy.time_to_send

    def _left(self, claim: Claim) -> Answered:
        """Nothing was sent. The lease ends here, if it is still ours, and whoever is next asks first."""
        reason = f"not sent: it was claimed more than {self.policy.time_to_send:g} s ago, too late for its lease"
        return Answered(claim, Unknown(reason), instead=ClaimRefusal.LATE)

    def _asked(self, claim: Claim) -> Answered:
        found = self.billing.find(claim.external_ref)
        if isinstance(found, BillingOrder):
            return Answered(claim, _as_outcome(found, claim))
        if isinstance(found, NotFound):
            return Answered(claim, found)
        # Asking failed: what happened to the order stays as unknown as it was.
        misconfigured = Misconfigured(found.status, found.message) if isinstance(found, Rejected) else None
        return Answered(claim, Unknown(f"could not ask: {found.message}"), misconfigured)

    def _recorded(self, answered: Answered) -> Progressed:
        claim, told = answered.claimed, answered.told
        if self.payouts.record(claim, answered.outcome, self.worker):
            log.info("order %s: %s", claim.external_ref, answered.outcome)
            return told
        log.warning("order %s: another worker took over while %s was answered", claim.external_ref, answered.outcome)
        # Nobody else will say that we are not let in; and nothing was sent, whoever goes on with it.
        return ClaimRefusal.IN_PROGRESS if answered.instead is None else told


def _jitter() -> float:
    return random.uniform(0, _JITTER)  # noqa: S311 - no secret


def _as_outcome(found: BillingOrder, claim: Claim) -> Created | Rejected:
    """An order that billing-orders has, held against what we meant to send."""
    if found.amount == claim.amount and found.currency == claim.currency:
        return Created(found.doc_id, found=True)
    return Rejected(
        409,
        f"billing-orders holds {claim.external_ref} as {found.doc_id} over {found.amount} {found.currency}, "
        f"we meant {claim.amount} {claim.currency}: find out which is right before anything is paid",
    )
