"""Parks that were paid and now earn nothing. Nothing is sent for them, so there is nothing to hold: they are told."""

from collections.abc import Sequence

from signalq_billing.domain.payment_history import PastPeriod
from signalq_billing.domain.progress import PayoutProgress
from signalq_billing.ports import Metrics, PayoutStore


def fallen_to_zero(payouts: Sequence[PayoutProgress], store: PayoutStore, metrics: Metrics | None) -> list[str]:
    """In words, payouts of one period that pay nothing though the settled period before it paid something.

    Sets the gauge `payouts.fallen_to_zero` to how many; `metrics` None where `payouts` are not all of the cadence, for
    some parks tell nothing about the others. A park that stays at nothing is told once.
    """
    zero = {payout.payout_id: payout for payout in payouts if not payout.total and payout.revision == 1}
    histories = store.payment_histories(list(zero), 1) if zero else []
    fallen = [
        _words(zero[history.payout_id], before) for history in histories for before in history.past if before.total > 0
    ]
    if payouts and metrics is not None:
        metrics.gauge("payouts.fallen_to_zero", len(fallen), cadence=payouts[0].cadence)
    return fallen


def _words(payout: PayoutProgress, before: PastPeriod) -> str:
    return (
        f"park {payout.park_id}, {payout.cadence} {payout.period_name}: pays nothing ({payout.reason}), while "
        f"{before.period_name} paid {before.total} {before.currency} for {before.paid_devices} devices: find out "
        f"whether its cameras stopped or their rows are missing"
    )
