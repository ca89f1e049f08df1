"""Breaks of the protocol on purpose, each a small change of the product's code or of the store's rules, so that we know
that the simulation would notice them. Nothing here touches a product file; a mutation lasts as long as its context."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import replace
from datetime import timedelta
from functools import partial
from typing import Any
from unittest.mock import patch

from signalq_billing.adapters.billing_orders import outcomes
from signalq_billing.adapters.billing_orders.answers import NotTheObject, read_order
from signalq_billing.adapters.billing_orders.transport import Answer
from signalq_billing.adapters.billing_orders.wording import Wording
from signalq_billing.domain.marking import Mark
from signalq_billing.domain.order import (
    BillingOrder,
    Created,
    NotFound,
    Outcome,
    Rejected,
    Unavailable,
    Unknown,
    payload_hash,
)
from signalq_billing.domain.payout import Payout
from signalq_billing.domain.progress import Claim, ClaimRefusal, PaymentProgress
from signalq_billing.services import reforming, sending
from signalq_billing.services.mark_created import Marker
from signalq_billing.services.sending import Answered, Breaker, Progressed, Sender
from tests.simulation.adjustments import SimulatedAdjustments
from tests.simulation.rows import OrderRow, PayoutRow
from tests.simulation.store import SimulatedStore

_recorded, _called, _bring_forward, _take = Sender._recorded, Sender._called, Sender.bring_forward, SimulatedStore._take
_of_creation, _claim, _store_record = outcomes.of_creation, SimulatedStore.claim, SimulatedStore.record


# The services


def record_before_the_call(sender: Sender, order_id: int) -> Answered | ClaimRefusal:
    claim = sender.payouts.claim(order_id, sender.worker, sender.policy.lease)
    if not isinstance(claim, Claim):
        return _called(sender, order_id)
    sender._recorded(Answered(claim, Created(f"BO-{claim.order_id}")))
    return Answered(claim, sender.billing.create(claim))


def a_new_key_after_a_timeout(sender: Sender, order_id: int) -> Answered | ClaimRefusal:
    claim = sender.payouts.claim(order_id, sender.worker, sender.policy.lease)
    if not isinstance(claim, Claim):
        return _called(sender, order_id)
    outcome = sender.billing.create(claim)
    if isinstance(outcome, Unknown):
        body = claim.body.replace(claim.external_ref.encode(), f"{claim.external_ref}-again".encode())
        again = replace(claim, external_ref=f"{claim.external_ref}-again", body=body, payload_hash=payload_hash(body))
        outcome = sender.billing.create(again)
    return Answered(claim, outcome)


def a_new_key_after_a_5xx(sender: Sender, order_id: int, breaker: Breaker, *others: Any) -> Progressed | None:  # noqa: ANN401
    result = _bring_forward(sender, order_id, breaker, *others)
    found = sender.payouts._target.find_order(order_id)  # type: ignore[attr-defined]
    if isinstance(result, Unavailable) and not result.definite and found is not None:
        _, order = found
        ref = f"{order.external_ref}x"
        order.body = order.body.replace(order.external_ref.encode(), ref.encode())
        order.external_ref, order.payload_hash = ref, payload_hash(order.body)
    return result


def _recording(change: Callable[[Claim, Outcome | NotFound], Outcome | NotFound]) -> Callable[..., Progressed]:
    return lambda sender, answered: _recorded(
        sender, replace(answered, outcome=change(answered.claimed, answered.outcome))
    )


def _unknown_as_failed(claim: Claim, result: Outcome | NotFound) -> Outcome | NotFound:
    return Unavailable(result.message, definite=False) if isinstance(result, Unknown) else result


def _unknown_as_rejected(claim: Claim, result: Outcome | NotFound) -> Outcome | NotFound:
    return Rejected(400, result.message) if isinstance(result, Unknown) else result


def _unknown_as_created(claim: Claim, result: Outcome | NotFound) -> Outcome | NotFound:
    return Created("unknown") if isinstance(result, Unknown) else result


def _not_found_as_rejected(claim: Claim, result: Outcome | NotFound) -> Outcome | NotFound:
    return Rejected(404, "no such order") if isinstance(result, NotFound) else result


def _5xx_as_rejected(claim: Claim, result: Outcome | NotFound) -> Outcome | NotFound:
    broken = isinstance(result, Unavailable) and not result.definite
    return Rejected(500, "broken") if broken else result


def _5xx_as_definite(claim: Claim, result: Outcome | NotFound) -> Outcome | NotFound:
    return replace(result, definite=True) if isinstance(result, Unavailable) else result


def _rejected_as_unavailable(claim: Claim, result: Outcome | NotFound) -> Outcome | NotFound:
    return Unavailable(result.message, definite=True) if isinstance(result, Rejected) else result


def resend_without_asking(sender: Sender, claim: Claim) -> Answered:
    return Answered(claim, sender.billing.create(claim))


def send_without_a_claim(sender: Sender, order_id: int) -> Answered | ClaimRefusal:
    row, order = sender.payouts._target.find_order(order_id)  # type: ignore[attr-defined]
    if order.progress is PaymentProgress.CREATED:
        return ClaimRefusal.CREATED
    order.claimed_until = order.claimed_until or sender.payouts._target.clock()  # type: ignore[attr-defined]
    forged = row.claim_of(order)
    return Answered(forged, sender.billing.create(forged))


def send_however_late(sender: Sender, asked_at: float) -> bool:
    return True


def another_payload_on_a_resend(sender: Sender, order_id: int) -> Answered | ClaimRefusal:
    claim = sender.payouts.claim(order_id, sender.worker, sender.policy.lease)
    if not isinstance(claim, Claim):
        return _called(sender, order_id)
    document = json.loads(claim.body) | {"event_at": claim.claimed_until.isoformat()}
    return Answered(claim, sender.billing.create(replace(claim, body=json.dumps(document).encode())))


def find_without_looking_at_the_amount(found: BillingOrder, claim: Claim) -> Created:
    return Created(found.doc_id)


def created_without_looking_at_the_answer(answer: Answer, claim: Claim, wording: Wording) -> Outcome:
    if answer.status != 200:
        return _of_creation(answer, claim, wording)
    try:
        return Created(read_order(answer.body).doc_id)
    except NotTheObject:
        return Created("BO-?")


def any_404_is_not_found(answer: Answer, external_ref: str, wording: Wording) -> object:
    return NotFound() if answer.status == 404 else _of_question(answer, external_ref, wording)


_of_question = outcomes.of_question


def mark_without_asking(marker: Marker, mark: Mark, answer: object) -> None:
    return None


def reconcile_only_what_was_never_begun(store: SimulatedStore, limit: int) -> list[Any]:
    rows = [row for row in store.rows.values() if row.hold_reason is None]
    return [row.shown() for row in rows if all(each.progress is not PaymentProgress.IN_PROGRESS for each in row.orders)]


# The store's rules


def no_fencing(store: SimulatedStore, order: OrderRow, claim: Claim) -> bool:
    return True


def always_stale(store: SimulatedStore, order: OrderRow, now: object) -> bool:
    return True


def claim_while_held(store: SimulatedStore, order_id: int, worker: str, lease: timedelta) -> Claim | ClaimRefusal:
    row, _ = store.find_order(order_id) or (None, None)
    reason = row.hold_reason if row else None
    if row:
        row.hold_reason = None
    result = _claim(store, order_id, worker, lease)
    if row:
        row.hold_reason = reason
    return result


def claim_without_a_lease(
    store: SimulatedStore, row: PayoutRow, order: OrderRow, worker: str, lease: timedelta, purpose: str
) -> Claim:
    before = order.progress
    claim = _take(store, row, order, worker, lease, purpose)
    if purpose == "pay":
        order.progress, order.claimed_until = before, None
    return claim


def the_same_fencing_number(
    store: SimulatedStore, row: PayoutRow, order: OrderRow, worker: str, lease: timedelta, purpose: str
) -> Claim:
    order.fencing -= purpose == "ask"
    return _take(store, row, order, worker, lease, purpose)


def nothing_is_frozen(store: SimulatedStore, payouts: Iterable[Payout], snapshot_id: int, actor: str) -> object:
    for row in store.rows.values():
        row.frozen = False
    return _store(store, payouts, snapshot_id, actor)


_store = SimulatedStore.store


def forget_what_is_ambiguous(store: SimulatedStore, claim: Claim, outcome: Outcome | NotFound, actor: str) -> bool:
    current = _store_record(store, claim, outcome, actor)
    if found := store.find_order(claim.order_id):
        found[1].ambiguous = False
    return current


def mark_what_has_moved(mark: Mark, now: object) -> bool:
    return False


def retired_keys_live(store: SimulatedStore, order_id: int, worker: str, lease: timedelta) -> Claim | ClaimRefusal:
    row, _ = store.find_order(order_id) or (None, None)
    retired = row.retired if row else False
    if row:
        row.retired = False
    result = _claim(store, order_id, worker, lease)
    if row:
        row.retired = retired
    return result


@contextmanager
def _retired_keys_live() -> Iterator[None]:
    """Neither submit nor the store knows that a key is retired."""
    shown = PayoutRow.shown
    living = patch.object(PayoutRow, "shown", lambda row: replace(shown(row), retired=False))
    with living, patch.object(SimulatedStore, "claim", retired_keys_live):
        yield


def _retiring(*names: str) -> Callable[[], AbstractContextManager[Any]]:
    """Without some of the checks between a rejection and a new key."""

    @contextmanager
    def mutated() -> Iterator[None]:
        with ExitStack() as stack:
            if "unsure" in names:
                stack.enter_context(patch.object(reforming, "_in_the_way", lambda payout, attempts, billing: iter(())))
            if "found" in names:
                stack.enter_context(patch.object(reforming, "_found", lambda payout, billing: iter(())))
            if "moved" in names:
                stack.enter_context(patch.object(SimulatedAdjustments, "_moved", lambda store, row, retirement: False))
            yield

    return mutated


def _on(target: object, name: str, change: object) -> Callable[[], AbstractContextManager[Any]]:
    return lambda: patch.object(target, name, change)


_sender, _in_store = partial(_on, Sender), partial(_on, SimulatedStore)

MUTATIONS: dict[str, Callable[[], AbstractContextManager[Any]]] = {
    "record before the call": _sender("_called", record_before_the_call),
    "a new key after a timeout": _sender("_called", a_new_key_after_a_timeout),
    "a new key after a 5xx": _sender("bring_forward", a_new_key_after_a_5xx),
    "unknown taken for failed, to be sent again": _sender("_recorded", _recording(_unknown_as_failed)),
    "unknown taken for rejected": _sender("_recorded", _recording(_unknown_as_rejected)),
    "unknown taken for created": _sender("_recorded", _recording(_unknown_as_created)),
    "not found taken for rejected": _sender("_recorded", _recording(_not_found_as_rejected)),
    "5xx taken for rejected": _sender("_recorded", _recording(_5xx_as_rejected)),
    "5xx taken for certainly not created": _sender("_recorded", _recording(_5xx_as_definite)),
    "rejected tried again": _sender("_recorded", _recording(_rejected_as_unavailable)),
    "resend after the lease without asking": _sender("_asked", resend_without_asking),
    "send without a claim": _sender("_called", send_without_a_claim),
    "no lease check before sending": _sender("_in_time", send_however_late),
    "another payload on a resend": _sender("_called", another_payload_on_a_resend),
    "an order found with another amount is taken": lambda: patch.object(
        sending, "_as_outcome", find_without_looking_at_the_amount
    ),
    "any answer of 200 is taken": lambda: patch.object(outcomes, "of_creation", created_without_looking_at_the_answer),
    "a proxy's 404 is taken for not found": lambda: patch.object(outcomes, "of_question", any_404_is_not_found),
    "paid by hand without asking": lambda: patch.object(Marker, "_uncertain_problem", mark_without_asking),
    "reconcile leaves out what was begun": _in_store("unfinished", reconcile_only_what_was_never_begun),
    "no fencing": _in_store("_current", no_fencing),
    "a takeover while the lease lives": _in_store("_stale", always_stale),
    "a takeover under the same fencing number": _in_store("_take", the_same_fencing_number),
    "held payouts are claimed": _in_store("claim", claim_while_held),
    "a claim that nobody else sees": _in_store("_take", claim_without_a_lease),
    "a recompute after the first claim": _in_store("store", nothing_is_frozen),
    "what is ambiguous is forgotten": _in_store("record", forget_what_is_ambiguous),
    "a key is retired whatever became of its attempts": _retiring("unsure", "moved"),
    "a key is retired without a look at anything": _retiring("unsure", "found", "moved"),
    "a key is retired that was claimed meanwhile": _retiring("moved"),
    "a retired key is sent and claimed": _retired_keys_live,
    "marking what has moved meanwhile": lambda: patch("tests.simulation.store._moved", mark_what_has_moved),
}
