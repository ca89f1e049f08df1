"""The register of a period from the database, held first where somebody is going to pay by it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

from signalq_billing.domain.register import Register
from signalq_billing.errors import RegisterUnbalanced
from signalq_billing.ports import PayoutStore
from signalq_billing.services.registering import make_register


def export(store: PayoutStore, cadence: str, period: dt.date, park_ids: Sequence[str] | None = None) -> Register:
    """The register as it stands now. Raises RegisterUnbalanced if the database disagrees with itself."""
    try:
        return make_register(cadence, period, store.each_record(cadence, period, park_ids or None))
    except RegisterUnbalanced:
        # A payout that was computed anew between two reads looks so once, what is wrong looks so again.
        return make_register(cadence, period, store.each_record(cadence, period, park_ids or None))
