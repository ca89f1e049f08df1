"""What guards.yaml sets: limits that hold money back before it leaves (SPEC section 11). All are off by default."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from fractions import Fraction

PERIODS, MIN_PERIODS = 6, 3  # how many past periods a park is judged by, and how few are too few


@dataclass(frozen=True, slots=True)
class TotalDeviation:
    """Hold a total that differs from the median of the park's last `periods` by more than `share` of that median.

    Fewer than `min_periods` of them: not judged. A difference of at most `min_difference`, in major units by currency,
    holds nobody; a currency that is not in it has no such floor.
    """

    share: Fraction
    periods: int = PERIODS
    min_periods: int = MIN_PERIODS
    min_difference: Mapping[str, Decimal] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class DeviceJump:
    """Hold a payout with more paid devices than the median of the park's last `periods` by more than `share` of it.

    Fewer than `min_periods` of them: not judged. `min_difference` devices more hold nobody yet.
    """

    share: Fraction
    periods: int = PERIODS
    min_periods: int = MIN_PERIODS
    min_difference: int = 0


@dataclass(frozen=True, slots=True)
class Guards:
    """Settings of the guards. Caps are in major units by currency; a currency without one is not capped.

    `kill_switch` stops everything; `run_max` caps the sum of one run, `park_max` the payout of one park.
    `hold_config_changes` holds what was computed by another config than the park was paid by last, `hold_first` the
    first payout of a park.
    """

    kill_switch: bool = False
    run_max: Mapping[str, Decimal] = field(default_factory=dict)
    park_max: Mapping[str, Decimal] = field(default_factory=dict)
    total_deviation: TotalDeviation | None = None
    device_jump: DeviceJump | None = None
    hold_config_changes: bool = False
    hold_first: bool = False

    @property
    def past_periods(self) -> int:
        """How many past periods of a park have to be known; 0 if no guard looks at the past."""
        rules = [rule.periods for rule in (self.total_deviation, self.device_jump) if rule is not None]
        return max([*rules, int(self.hold_config_changes or self.hold_first)])
