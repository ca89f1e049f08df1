"""What a park was paid before a payout, as far as guards hold the payout against it (SPEC section 11)."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal


@dataclass(frozen=True, slots=True)
class PastPeriod:
    """One settled period of a park: the sum of its revisions, retired ones left out, and how many devices its first
    one paid. `version_id` is the config version that its last revision was computed with."""

    cadence: str
    period_name: dt.date
    currency: str
    total: Decimal
    paid_devices: int
    version_id: int


@dataclass(frozen=True, slots=True)
class PaymentHistory:
    """One payout and what came before it. `past`: settled periods of the park in the same cadence, the latest first,
    those that paid nothing among them. `last_paid`: the latest that paid something, whatever its cadence; None for a
    park that never was paid before."""

    payout_id: int
    currency: str
    total: Decimal
    paid_devices: int
    version_id: int
    past: Sequence[PastPeriod]
    last_paid: PastPeriod | None
