"""What an answer of billing-orders means for an order (SPEC section 7). The one place where statuses are read."""

import datetime as dt

from signalq_billing.adapters.billing_orders.answers import NotTheObject, is_error_object, read_order
from signalq_billing.adapters.billing_orders.retry_after import retry_after
from signalq_billing.adapters.billing_orders.transport import Answer
from signalq_billing.adapters.billing_orders.wording import Wording
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
from signalq_billing.domain.progress import Claim

# 413 is about this one order: it is too long, today and tomorrow.
_REJECTED = frozenset({400, 409, 413, 422})
# The contract's four, and those that say that the address or the way of asking is wrong for every order alike.
_MISCONFIGURED = frozenset({401, 403, 404, 405, 406, 407, 410, 411, 415, 421, 426, 431})
# A redirect of the address as such: whoever sent it did not take the order. 303 says the opposite (processed, look
# there), so it is left unknown like every other answer that the contract does not have.
_REDIRECTED = frozenset({301, 302, 307, 308})
_LATER = frozenset({408, 425, 429})
_NOT_TAKEN = frozenset({425, 429})


def of_creation(answer: Answer, claim: Claim, wording: Wording) -> Outcome:
    """The outcome of a POST."""
    status = answer.status
    if status == 200:
        return _created(answer, claim, wording)
    said = _said(answer, wording)
    if status == 409:
        return Rejected(status, f"idempotency conflict, the key stands for another payload: {said}")
    if status in _REJECTED:
        return Rejected(status, said)
    if (refusal := _refusal(answer, said)) is not None:
        return refusal
    if status in _LATER or 500 <= status <= 599:
        return Unavailable(said, definite=status in _NOT_TAKEN, retry_after=_wait(answer))
    return Unknown(f"{said}; the contract does not have this answer")


def of_question(
    answer: Answer, external_ref: str, wording: Wording
) -> BillingOrder | NotFound | Unavailable | Unknown | Rejected:
    """What GET of one order tells. Only the service's own 404 means that there is no such order; a 400 or 422 is about
    this one question, so it leaves this order unknown and stops no other."""
    status, said = answer.status, _said(answer, wording)
    if status == 200:
        return _asked_for(answer, external_ref, wording)
    if status == 404:
        return NotFound() if is_error_object(answer.body) else Unknown(f"{said}; that is not the service's own 404")
    if status in _LATER or 500 <= status <= 599:
        return Unavailable(said, definite=False, retry_after=_wait(answer))
    if (refusal := _refusal(answer, said)) is not None:
        return Rejected(refusal.status, refusal.message)
    return Unknown(f"{said}; the contract does not have this answer")


def refused(answer: Answer, wording: Wording) -> Misconfigured | None:
    """Whether the service refuses us rather than what was asked."""
    return _refusal(answer, _said(answer, wording)) if answer.status != 200 else None


def _said(answer: Answer, wording: Wording) -> str:
    return f"{answer.call} answered {answer.status} {wording.body(answer.body)}".rstrip()


def _refusal(answer: Answer, said: str) -> Misconfigured | None:
    if answer.status in _REDIRECTED:
        return Misconfigured(answer.status, f"{said}; it redirects elsewhere: give the connection the final address")
    return Misconfigured(answer.status, said) if answer.status in _MISCONFIGURED else None


def _wait(answer: Answer) -> float | None:
    return retry_after(answer.headers, dt.datetime.now(dt.UTC))


def _created(answer: Answer, claim: Claim, wording: Wording) -> Created | Unknown:
    found = _asked_for(answer, claim.external_ref, wording)
    if isinstance(found, Unknown):
        return found
    if found.currency != claim.currency:
        return Unknown(f"{_said(answer, wording)}; the currency is not {claim.currency}")
    if found.amount != claim.amount:
        return Unknown(f"{_said(answer, wording)}; the amount is not {claim.amount:f}")
    return Created(found.doc_id)


def _asked_for(answer: Answer, external_ref: str, wording: Wording) -> BillingOrder | Unknown:
    try:
        order = read_order(answer.body)
    except NotTheObject as error:
        return Unknown(f"{_said(answer, wording)}; {error}")
    if order.external_ref != external_ref:
        return Unknown(f"{_said(answer, wording)}; the external_ref is not the one asked for")
    return order
