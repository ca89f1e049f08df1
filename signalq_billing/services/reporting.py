"""What a run came to: which parks are settled and which are not."""

from collections.abc import Sequence

from signalq_billing.domain.progress import PayoutProgress


def unfinished_parks(parks: Sequence[str], payouts: Sequence[PayoutProgress]) -> list[str]:
    """Parks without a payout, or with one that is neither created, nor held, nor zero; sorted bytewise."""
    settled = {payout.park_id for payout in payouts if payout.settled or payout.hold_reason}
    open_ones = {payout.park_id for payout in payouts if not (payout.settled or payout.hold_reason)}
    return sorted((set(parks) - settled) | (open_ones & set(parks)), key=str.encode)
