"""All guards over all payouts of a submit, with a handful of queries however many parks there are."""

from collections.abc import Sequence

from signalq_billing.domain.guards import Guards
from signalq_billing.domain.progress import PayoutProgress
from signalq_billing.ports import PayoutStore
from signalq_billing.services.guards.caps import Caps
from signalq_billing.services.guards.past import past_reasons


def reasons_to_hold(guards: Guards, payouts: Sequence[PayoutProgress], store: PayoutStore) -> dict[int, str]:
    """Why payouts must be held, by payout id: all that its guards say in one text. Nothing for those that may leave.

    What is settled, held already or approved is not judged.
    """
    judged = [payout for payout in payouts if not (payout.settled or payout.hold_reason or payout.approved)]
    caps, past = Caps(guards, store), past_reasons(guards, judged, store)
    said = {payout.payout_id: [*caps.exceeded_by(payout), *past.get(payout.payout_id, ())] for payout in judged}
    return {payout_id: "; ".join(reasons) for payout_id, reasons in said.items() if reasons}
