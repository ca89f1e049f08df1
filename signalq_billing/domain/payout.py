"""What a park is paid for a period: the payout and its lines, as plain values. `compute.py` works them out."""

from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from signalq_billing.domain.activity import activity_digest
from signalq_billing.domain.config import ParkConfig
from signalq_billing.domain.period import Period


@dataclass(frozen=True, slots=True)
class PayoutLine:
    """One device of a payout. `units` is exact; `reason` says why the line earned nothing, None for a paid line.
    `day_seconds` are the active seconds of each local day of the period, in order; they sum to `active_seconds`."""

    device_id: str
    active_seconds: int
    active_days: int
    units: Fraction
    amount: Decimal
    reason: str | None
    day_seconds: tuple[int, ...] = ()


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

    @property
    def activity_digest(self) -> str:
        """SHA-256 of the activity the payout was computed from, whatever it pays."""
        return activity_digest((line.device_id, line.day_seconds) for line in self.lines)
