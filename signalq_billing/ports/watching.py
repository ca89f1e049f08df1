"""What is stored, as far as it tells that something is late or stuck."""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Protocol

from signalq_billing.domain.activity import BadRows
from signalq_billing.domain.progress import PayoutProgress


@dataclass(frozen=True, slots=True)
class OpenPayout:
    """A payout with an order that is not created, and when it was first stored."""

    payout: PayoutProgress
    created_at: dt.datetime


@dataclass(frozen=True, slots=True)
class UnknownOrder:
    """An order that may exist in billing-orders; `sent_at` is when it was sent last."""

    park_id: str
    cadence: str
    period_name: dt.date
    external_ref: str
    amount: Decimal
    currency: str
    sent_at: dt.datetime
    last_error: str | None


@dataclass(frozen=True, slots=True)
class Extraction:
    """The newest extraction of a cadence: of which period, when, and what it left out."""

    cadence: str
    period_name: dt.date
    extracted_at: dt.datetime
    bad_rows: BadRows


class StoredWork(Protocol):
    """Reads of the stored payouts that are quick however many were paid. Raises StorageUnavailable."""

    def open_payouts(self) -> list[OpenPayout]:
        """Payouts of any period with an order that is not created, held ones among them, retired ones not."""
        ...

    def parks_stored(self, cadence: str, names: Sequence[dt.date]) -> Mapping[dt.date, frozenset[str]]:
        """Parks with a payout, by period; periods without any are not in it."""
        ...

    def extracted(self, cadence: str, names: Sequence[dt.date]) -> frozenset[dt.date]:
        """The periods whose activity was extracted at least once."""
        ...

    def unknown_orders(self, longer_than: dt.timedelta) -> list[UnknownOrder]:
        """Orders that have been in progress for longer than that, by the store's clock, the oldest first."""
        ...

    def extractions(self) -> list[Extraction]:
        """The newest extraction of each cadence."""
        ...

    def period_totals(self, cadence: str, period_name: dt.date) -> Mapping[tuple[str, str], Decimal]:
        """What a period pays by (park_id, currency), over all revisions that stand."""
        ...
