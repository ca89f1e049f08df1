"""Orders that a person says were paid by hand: what is stored of them, and what marking them as created means."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from signalq_billing.domain.progress import PaymentProgress


@dataclass(frozen=True, slots=True)
class StoredOrder:
    """One order as it is stored, with what decides whether it may be marked.

    `lines` are the amounts of the devices it pays, and `carried`, zero or less, what was taken off them. `leased`: a
    worker may be sending it at this moment. `uncertain`: it may have been sent although nobody said that it was
    created; `unsure_for` is how long ago the last attempt without a definite answer ended. `digest` is
    the payout's: it changes when the payout is computed anew.
    """

    order_id: int
    payout_id: int
    external_ref: str
    park_id: str
    cadence: str
    period: dt.date
    revision: int
    device_id: str | None
    currency: str
    amount: Decimal
    payment_progress: PaymentProgress
    doc_id: str | None
    fencing: int
    leased: bool
    uncertain: bool
    unsure_for: dt.timedelta | None
    retired: bool
    digest: str
    lines: Mapping[str, Decimal]
    carried: Decimal = Decimal(0)


@dataclass(frozen=True, slots=True)
class Mark:
    """An order to be marked as created under `doc_id`, as it was when that was decided."""

    order: StoredOrder
    doc_id: str


@dataclass(frozen=True, slots=True)
class MarkedBy:
    """Who says so, why, and from which file; `operator` is the login that ran the command."""

    name: str
    note: str
    file_name: str
    file_sha256: str
    operator: str
