"""What a park is paid for a period: the payout and its lines, as plain values. `compute.py` works them out."""

from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from signalq_billing.domain.config import ParkConfig
from signalq_billing.domain.period import Period


@dataclass(frozen=True, slots=True)
class PayoutLine:
    """One device of a payout. `units` is exact; `reason` says why the line earned nothing, None for a paid line."""

    device_id: str
    active_seconds: int
    active_days: int
    units: Fraction
    amount: Decimal
    reason: str | None


@dataclass(frozen=True, slots=True)
class Payout:
    """One park, one period, one revision. Lines are sorted bytewise by device and sum to `total`.

    Amounts are major units with exactly the currency's minor digits. `reason` says why a total is zero.
    """

    config: ParkConfig
    period: Period
    currency: str
    lines: tuple[PayoutLine, ...]
    total: Decimal
    reason: str | None
    revision: int = 1

    @property
    def park_id(self) -> str:
        return self.config.park_id
