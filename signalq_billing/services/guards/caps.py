"""The most that may leave per park and per run, by currency. A run is all payouts of one cadence and period."""

import datetime as dt
from collections import defaultdict
from decimal import Decimal
from functools import cache

from signalq_billing.domain.guards import Guards
from signalq_billing.domain.progress import PayoutProgress
from signalq_billing.ports import PayoutStore


class Caps:
    """Caps of guards.yaml, held against what is stored; asks once per run."""

    def __init__(self, guards: Guards, payouts: PayoutStore) -> None:
        self._guards = guards
        self._by_park = cache(payouts.period_totals)
        self._by_run = cache(self._sum_of_run)

    def exceeded_by(self, payout: PayoutProgress) -> list[str]:
        """Why the payout must be held for the size of it and of its run; nothing if both are within their caps."""
        return [reason for reason in (self._park(payout), self._run(payout)) if reason is not None]

    def _park(self, payout: PayoutProgress) -> str | None:
        """An adjustment counts with what the period paid before it."""
        park_max = self._guards.park_max.get(payout.currency)
        if park_max is None:
            return None
        if payout.total > park_max:
            return f"total {payout.total} {payout.currency} is above guards.yaml park_max {park_max}"
        if payout.revision == 1:
            return None
        total = self._by_park(payout.cadence, payout.period_name).get((payout.park_id, payout.currency), payout.total)
        if total <= park_max:
            return None
        return f"with revision {payout.revision} the period pays {total} {payout.currency}, above park_max {park_max}"

    def _run(self, payout: PayoutProgress) -> str | None:
        run_max = self._guards.run_max.get(payout.currency)
        if run_max is None:
            return None
        run_total = self._by_run(payout.cadence, payout.period_name)[payout.currency]
        if run_total <= run_max:
            return None
        return f"the run pays {run_total} {payout.currency} in total, above guards.yaml run_max {run_max}"

    def _sum_of_run(self, cadence: str, period_name: dt.date) -> dict[str, Decimal]:
        totals: dict[str, Decimal] = defaultdict(Decimal)
        for (_, currency), total in self._by_park(cadence, period_name).items():
            totals[currency] += total
        return totals
