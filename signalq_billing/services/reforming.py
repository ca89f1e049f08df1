"""Whether a rejected payout may be formed anew under a new key: only if its old ones certainly paid nothing, and never
will (SPEC section 7)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from signalq_billing.domain.adjustment import Retirement
from signalq_billing.domain.order import BillingOrder, NotFound, following_ref
from signalq_billing.domain.progress import OrderProgress, PaymentProgress, PayoutProgress
from signalq_billing.domain.record import OrderAttempt
from signalq_billing.errors import Refused
from signalq_billing.ports import BillingOrders, PayoutStore

_FORMED_ANEW = "no key is retired while it might stand for an order"


def retirement_of(
    payouts: Sequence[PayoutProgress], *, store: PayoutStore, billing: BillingOrders, by: str, note: str
) -> Retirement:
    """The retirement of one park's rejected payout, of all its payouts of a period.

    Raises Refused, with every reason, if it is not held after a rejection (or retired already in a history that a
    restore lost), if an attempt of one of its orders had no definite answer, or if billing-orders has one of them or
    cannot be asked.
    """
    who = f"park {payouts[0].park_id}, {payouts[0].cadence} {payouts[0].period_name}"
    held = [each for each in payouts if not each.settled and each.hold_reason]
    if not held:
        raise Refused(f"{who}: no payout of it is held, so there is nothing to form anew. `status` shows what there is")
    payout = held[-1]
    attempts = store.attempts(payout.payout_id)
    if problems := [*_in_the_way(payout, attempts, billing), *_found(payout, billing)]:
        raise Refused(f"{who}, revision {payout.revision}: {_FORMED_ANEW}.\n" + "\n".join(f"  {p}" for p in problems))
    fencings = {order.order_id: 0 for order in payout.orders}
    for attempt in attempts:
        fencings[attempt.order_id] = max(fencings[attempt.order_id], attempt.fencing)
    return Retirement(payout.payout_id, tuple(sorted(fencings.items())), by, note)


def _in_the_way(payout: PayoutProgress, attempts: Sequence[OrderAttempt], billing: BillingOrders) -> Iterator[str]:
    """What we know ourselves that speaks against it."""
    if not any(attempt.outcome == "rejected" for attempt in attempts) and not _paid_as_next(payout, billing):
        yield "billing-orders never rejected it: `release` lets it go under the keys it has"
    for order in payout.orders:
        ref = order.external_ref
        if order.payment_progress is PaymentProgress.CREATED:
            yield f"order {ref} is created as {order.doc_id}: mend what the others were rejected for, and `release`"
        elif order.payment_progress is PaymentProgress.IN_PROGRESS:
            yield f"order {ref} is in progress: `reconcile` finds out what came of it"
        elif _unsure(order, attempts):
            yield f"order {ref} was sent once without a definite answer: mend the cause, and `release` sends it again"


def _unsure(order: OrderProgress, attempts: Sequence[OrderAttempt]) -> bool:
    return order.ambiguous or any(each.order_id == order.order_id and not each.definite for each in attempts)


def _paid_as_next(payout: PayoutProgress, billing: BillingOrders) -> bool:
    """Whether billing-orders has the next revision: then these keys were retired before the database was restored."""
    return any(isinstance(billing.find(following_ref(each.external_ref)), BillingOrder) for each in payout.orders)


def _found(payout: PayoutProgress, billing: BillingOrders) -> Iterator[str]:
    """What billing-orders says of its keys."""
    for order in payout.orders:
        found = billing.find(order.external_ref)
        if isinstance(found, BillingOrder):
            yield f"billing-orders has {order.external_ref} as {found.doc_id} over {found.amount} {found.currency}"
        elif not isinstance(found, NotFound):
            yield f"billing-orders could not be asked about {order.external_ref}: {found.message}"
