"""active_device: being eligible counts as one."""

from fractions import Fraction

from signalq_billing.domain.activity import ActivityRules, DeviceActivity
from signalq_billing.domain.units.unit import counted_as


@counted_as("active device")
def active_device(device: DeviceActivity, rules: ActivityRules, eligible: bool) -> Fraction:  # noqa: ARG001
    """1 for an eligible device, 0 for any other."""
    return Fraction(int(eligible))
