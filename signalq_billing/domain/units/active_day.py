"""active_day: local days with enough activity."""

from fractions import Fraction

from signalq_billing.domain.activity import ActivityRules, DeviceActivity
from signalq_billing.domain.units.unit import counted_as


@counted_as("active day")
def active_day(device: DeviceActivity, rules: ActivityRules, eligible: bool) -> Fraction:  # noqa: ARG001
    """Days with at least `min_active_seconds_per_day` active seconds."""
    return Fraction(device.active_days(rules))
