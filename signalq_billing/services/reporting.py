"""What a run came to: which parks are settled and which are not."""

from collections.abc import Sequence

from signalq_billing.domain.period import Period
from signalq_billing.domain.progress import PayoutProgress
from signalq_billing.ports import PayoutStore


def open_parks(
    period: Period, parks: Sequence[str], payouts: Sequence[PayoutProgress], store: PayoutStore
) -> list[str]:
    """In words, park by park (bytewise): those without a payout for `period`, and those with a revision that is
    neither created, nor held, nor pays nothing."""
    overlapping = dict(store.overlaps(period, parks))
    open_ = {payout.park_id for payout in payouts if not (payout.settled or payout.hold_reason)}
    known = {payout.park_id for payout in payouts}
    return [
        overlapping.get(park_id)
        or f"park {park_id}: {'its orders are not created' if park_id in known else 'no payout'}"
        for park_id in sorted(parks, key=str.encode)
        if park_id in overlapping or park_id in open_ or park_id not in known
    ]
