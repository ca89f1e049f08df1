"""What an answer of billing-orders means for the order it is about (SPEC section 7, Outcomes)."""

import datetime as dt
from dataclasses import dataclass

from signalq_billing.domain.order import (
    Created,
    Misconfigured,
    NotFound,
    Outcome,
    Rejected,
    Unavailable,
    Unknown,
)
from signalq_billing.domain.progress import PaymentProgress

_LONGEST_WAIT = dt.timedelta(days=1)
_LONGEST_MESSAGE = 2000


@dataclass(frozen=True, slots=True)
class Meaning:
    """Where the order stands after an outcome, and what is kept beside its progress.

    `definite` is False where the order may exist in billing-orders although nobody said so.
    """

    outcome: str
    progress: PaymentProgress
    definite: bool
    message: str = ""
    doc_id: str | None = None
    retry_after: dt.timedelta | None = None
    hold_reason: str | None = None

    def last_error(self, before: str | None) -> str | None:
        """The error to show: none once created, and "no such order" is no error that hides an earlier one."""
        if self.progress is PaymentProgress.CREATED:
            return None
        return before if self.outcome == "not_found" else self.message


def meaning_of(outcome: Outcome | NotFound) -> Meaning:
    """The meaning of each outcome there is."""
    again = PaymentProgress.NOT_CREATED
    match outcome:
        case Created(doc_id):
            return Meaning("created", PaymentProgress.CREATED, definite=True, doc_id=doc_id)
        case Rejected(status, message):
            said = _cut(f"{status}: {message}")
            return Meaning("rejected", again, True, said, hold_reason=f"billing-orders rejected the order: {said}")
        case Misconfigured(status, message):
            return Meaning("misconfigured", again, True, _cut(f"{status}: {message}"))
        case Unavailable(message, definite, retry_after):
            return Meaning("unavailable", again, definite, _cut(message), retry_after=_wait(retry_after))
        case Unknown(message):
            return Meaning("unknown", PaymentProgress.IN_PROGRESS, False, _cut(message))
        case NotFound():
            return Meaning("not_found", again, True, "billing-orders has no such order")


def _wait(seconds: float | None) -> dt.timedelta | None:
    if seconds is None:
        return None
    return dt.timedelta(seconds=min(max(seconds, 0.0), _LONGEST_WAIT.total_seconds()))


def _cut(message: str) -> str:
    return message if len(message) <= _LONGEST_MESSAGE else f"{message[:_LONGEST_MESSAGE]}..."
