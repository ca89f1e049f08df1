"""What guards.yaml sets: limits that hold money back before it leaves (SPEC section 11). All are off by default."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal


@dataclass(frozen=True, slots=True)
class Guards:
    """Settings of the guards. Caps are in major units by currency; a currency without one is not capped.

    `kill_switch` stops everything; `run_max` caps the sum of one run, `park_max` the payout of one park.
    """

    kill_switch: bool = False
    run_max: Mapping[str, Decimal] = field(default_factory=dict)
    park_max: Mapping[str, Decimal] = field(default_factory=dict)
