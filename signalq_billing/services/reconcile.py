"""Going on with what a run left behind: stale claims are settled by asking, payouts not created are sent again."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from signalq_billing.domain.progress import PayoutProgress
from signalq_billing.errors import UsageError
from signalq_billing.ports import ActivitySource, BillingOrders, PayoutStore
from signalq_billing.services.checking import check_dependencies
from signalq_billing.services.submit import SubmitReport, Submitter

_PAYOUTS_AT_ONCE = 500
_ALL_OPEN = 100_000


@dataclass(frozen=True, slots=True)
class Scope:
    """The payouts somebody named: of a cadence, a period, some parks, or of any combination; empty is everything."""

    cadence: str | None = None
    period_name: dt.date | None = None
    park_ids: Sequence[str] = ()

    def __bool__(self) -> bool:
        return bool(self.cadence or self.period_name or self.park_ids)

    def __str__(self) -> str:
        named = [self.cadence, self.period_name and str(self.period_name), *(f"park {each}" for each in self.park_ids)]
        return ", ".join(each for each in named if each)


EVERYTHING = Scope()


@dataclass(frozen=True, slots=True)
class ReconcileReport:
    """How many payouts were looked at, and what came of their orders."""

    payouts: int
    orders: SubmitReport


def reconcile(
    *,
    activity: ActivitySource,
    payouts: PayoutStore,
    billing: BillingOrders,
    submitter: Submitter,
    scope: Scope = EVERYTHING,
) -> ReconcileReport:
    """Take up to 500 unfinished payouts of any period through the one submit there is: those never tried first, then
    those tried longest ago. Of a `scope`, all its unfinished ones, also those to be tried later.

    Raises DependenciesUnavailable while any of the three services is down: then nothing is created. Raises UsageError
    for a scope in which nothing is stored.
    """
    unfinished = unfinished_in(scope, payouts) if scope else payouts.unfinished(_PAYOUTS_AT_ONCE)
    if not unfinished:
        return ReconcileReport(0, SubmitReport())
    check_dependencies(activity, payouts, billing)
    return ReconcileReport(len(unfinished), submitter.submit(unfinished))


def unfinished_in(scope: Scope, payouts: PayoutStore) -> list[PayoutProgress]:
    """The unfinished payouts somebody named. Raises UsageError if none of what is named is stored at all, finished or
    not: then a name is wrong, or the period was never computed."""
    if scope.cadence and not scope.period_name and not scope.park_ids:
        # A whole cadence: what is finished is years of payouts.
        return [payout for payout in payouts.unfinished(_ALL_OPEN) if payout.cadence == scope.cadence]
    found = payouts.payouts(scope.cadence, scope.period_name, list(scope.park_ids) or None)
    if missing := sorted(set(scope.park_ids) - {payout.park_id for payout in found}, key=str.encode):
        scope = Scope(scope.cadence, scope.period_name, missing)
    if missing or not found:
        raise UsageError(
            f"no payout is stored for {scope}: nothing to go on with. Correct the form; if the period was never "
            f"computed, trigger its payouts DAG"
        )
    return [payout for payout in found if not payout.settled]
