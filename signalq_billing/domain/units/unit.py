"""What a unit is: a function from a device's activity, its park's rules and its eligibility to a quantity."""

from collections.abc import Callable
from fractions import Fraction

from signalq_billing.domain.activity import ActivityRules, DeviceActivity

Unit = Callable[[DeviceActivity, ActivityRules, bool], Fraction]
