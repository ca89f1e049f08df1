"""active_hour: all active seconds of the period, as hours."""

from fractions import Fraction

from signalq_billing.domain.activity import ActivityRules, DeviceActivity
from signalq_billing.domain.units.unit import counted_as


@counted_as("active hour")
def active_hour(device: DeviceActivity, rules: ActivityRules, eligible: bool) -> Fraction:  # noqa: ARG001
    """Active seconds / 3600, exact; every day counts, however short."""
    return Fraction(device.active_seconds, 3600)
