"""After PostgreSQL came back from a backup: payouts are held of parks for which billing-orders has orders that nothing
here knows, for what is stored of them may have been retired and paid under another key since."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from signalq_billing.domain.discrepancy import ComparedPeriod, DiscrepancyKind
from signalq_billing.domain.order import is_of_park
from signalq_billing.domain.progress import PayoutProgress
from signalq_billing.ports import PayoutStore
from signalq_billing.services.comparing import Comparison
from signalq_billing.services.holding import HoldOutcome, hold


@dataclass(frozen=True, slots=True)
class HeldBesideUnknown:
    """What was held, and the unknown orders for whose park and period nothing is stored here that could be held."""

    outcomes: Sequence[HoldOutcome]
    nothing_stored: Sequence[str]


def hold_beside_unknown(comparison: Comparison, store: PayoutStore, reason: str, actor: str) -> HeldBesideUnknown:
    """Hold every unsettled payout of a park and period of which billing-orders has an order that is unknown here.

    Only what the comparison found is held; what was not compared is not. Safe to repeat.
    """
    outcomes: list[HoldOutcome] = []
    nothing_stored: list[str] = []
    for period in comparison.periods:
        if unknown := _unknown(period):
            stored = store.payouts(period.cadence, period.period_name)
            beside = [payout for payout in stored if any(_beside(payout, ref) for ref in unknown)]
            outcomes += hold(store, beside, reason, actor)
            nothing_stored += [ref for ref in unknown if not any(_beside(payout, ref) for payout in beside)]
    return HeldBesideUnknown(outcomes, nothing_stored)


def _unknown(period: ComparedPeriod) -> list[str]:
    return [each.external_ref for each in period.discrepancies if each.kind is DiscrepancyKind.UNKNOWN_HERE]


def _beside(payout: PayoutProgress, external_ref: str) -> bool:
    return is_of_park(external_ref, payout.cadence, payout.period_name, payout.park_id)
