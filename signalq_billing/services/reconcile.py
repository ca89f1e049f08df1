"""Going on with what a run left behind: stale claims are settled by asking, payouts not created are sent again."""

from __future__ import annotations

from dataclasses import dataclass

from signalq_billing.ports import ActivitySource, BillingOrders, PayoutStore
from signalq_billing.services.checking import check_dependencies
from signalq_billing.services.submit import SubmitReport, Submitter

_PAYOUTS_AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class ReconcileReport:
    """How many payouts were looked at, and what came of their orders."""

    payouts: int
    orders: SubmitReport


def reconcile(
    *, activity: ActivitySource, payouts: PayoutStore, billing: BillingOrders, submitter: Submitter
) -> ReconcileReport:
    """Take up to 500 unfinished payouts of any period through the one submit there is: those never tried first, then
    those tried longest ago.

    Raises DependenciesUnavailable while any of the three services is down: then nothing is created.
    """
    unfinished = payouts.unfinished(_PAYOUTS_AT_ONCE)
    if not unfinished:
        return ReconcileReport(0, SubmitReport())
    check_dependencies(activity, payouts, billing)
    return ReconcileReport(len(unfinished), submitter.submit(unfinished))
