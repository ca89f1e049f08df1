"""The guards in front of billing-orders, all in this one place (SPEC section 11)."""

import datetime as dt
from collections import defaultdict
from decimal import Decimal
from functools import cache

from signalq_billing.domain.guards import Guards
from signalq_billing.domain.progress import PayoutProgress
from signalq_billing.errors import Held
from signalq_billing.ports import PayoutStore


def check_kill_switch(guards: Guards) -> None:
    """Raises Held while `kill_switch` is on: nothing at all is sent."""
    if guards.kill_switch:
        raise Held("kill_switch is on in guards.yaml: nothing is sent until it is off")


class Caps:
    """The most that may leave per park and per run, by currency. A run is all payouts of one cadence and period."""

    def __init__(self, guards: Guards, payouts: PayoutStore) -> None:
        self._guards, self._payouts = guards, payouts
        self._run_totals = cache(self._sum_of_run)

    def exceeded_by(self, payout: PayoutProgress) -> str | None:
        """Why the payout must be held for the size of it or of its run; None if both are within their caps."""
        park_max = self._guards.park_max.get(payout.currency)
        if park_max is not None and payout.total > park_max:
            return f"total {payout.total} {payout.currency} is above guards.yaml park_max {park_max}"
        run_max = self._guards.run_max.get(payout.currency)
        if run_max is None:
            return None
        run_total = self._run_totals(payout.cadence, payout.period_name)[payout.currency]
        if run_total <= run_max:
            return None
        return f"the run pays {run_total} {payout.currency} in total, above guards.yaml run_max {run_max}"

    def _sum_of_run(self, cadence: str, period_name: dt.date) -> dict[str, Decimal]:
        totals: dict[str, Decimal] = defaultdict(Decimal)
        for payout in self._payouts.payouts(cadence, period_name):
            totals[payout.currency] += payout.total
        return totals
