"""From activity to a payout: what each device counts for, what that pays, and why a line earns nothing (SPEC 6)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from fractions import Fraction

from signalq_billing.domain.activity import DeviceActivity
from signalq_billing.domain.calculation import Calculation, Counted, Share, calculate
from signalq_billing.domain.config import ParkConfig, PayTerms
from signalq_billing.domain.money import from_minor
from signalq_billing.domain.payout import Payout, PayoutLine
from signalq_billing.domain.period import Period
from signalq_billing.domain.units import UNITS, exact_count

BELOW_MIN_ACTIVE_DAYS = "below_min_active_days"
NO_UNITS = "no_units"
NO_CHARGE = "no_charge"
ROUNDS_TO_ZERO = "rounds_to_zero"
NO_ACTIVITY = "no_activity"
NO_ELIGIBLE_DEVICE = "no_eligible_device"


def compute_payout(config: ParkConfig, period: Period, devices: Sequence[DeviceActivity]) -> Payout:
    """The payout of one park, whole and exact; the order of `devices` does not matter.

    Raises ValueError for a config that is not enabled: nothing can be computed by it.
    """
    terms = config.terms
    if terms is None:
        raise ValueError(f"park {config.park_id} is not enabled in {period}")
    activity = {device.device_id: device for device in devices}
    calculation = calculate(terms, [_counted(device, terms) for device in devices])
    return Payout(
        config=config,
        period=period,
        currency=terms.currency,
        lines=tuple(_line(share, activity[share.counted.device_id], terms) for share in calculation.shares),
        total=from_minor(calculation.total_minor, terms.currency),
        reason=None if calculation.total_minor else _why_zero(calculation),
    )


def recalculate(terms: PayTerms, lines: Iterable[PayoutLine]) -> Calculation:
    """The arithmetic behind stored lines, from their units and active days: what the amounts were made of."""
    eligible = terms.min_active_days
    return calculate(terms, [Counted(line.device_id, line.units, line.active_days >= eligible) for line in lines])


def _counted(device: DeviceActivity, terms: PayTerms) -> Counted:
    eligible = device.active_days(terms.activity) >= terms.min_active_days
    unit = terms.charge.unit
    units = exact_count(UNITS[unit], device, terms.activity, eligible) if unit else Fraction(0)
    return Counted(device.device_id, units, eligible)


def _line(share: Share, device: DeviceActivity, terms: PayTerms) -> PayoutLine:
    return PayoutLine(
        device_id=device.device_id,
        active_seconds=device.active_seconds,
        active_days=device.active_days(terms.activity),
        units=share.counted.units,
        amount=from_minor(share.minor, terms.currency),
        reason=None if share.minor else _why_nothing(share, terms),
        day_seconds=device.day_seconds,
    )


def _why_nothing(share: Share, terms: PayTerms) -> str:
    if not share.counted.eligible:
        return BELOW_MIN_ACTIVE_DAYS
    if share.exact:
        return ROUNDS_TO_ZERO
    return NO_UNITS if terms.charge.unit and not share.counted.units else NO_CHARGE


def _why_zero(calculation: Calculation) -> str:
    if not calculation.shares:
        return NO_ACTIVITY
    if not calculation.eligible:
        return NO_ELIGIBLE_DEVICE
    return ROUNDS_TO_ZERO if calculation.limited else NO_CHARGE
