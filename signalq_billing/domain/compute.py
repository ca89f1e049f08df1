"""From activity to a payout: units, eligibility, charge, limits, and the one rounding (SPEC section 6)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from signalq_billing.domain.activity import DeviceActivity
from signalq_billing.domain.config import Limits, ParkConfig, PayTerms, Scope
from signalq_billing.domain.money import from_minor, round_to_minor, spread
from signalq_billing.domain.payout import Payout, PayoutLine
from signalq_billing.domain.period import Period
from signalq_billing.domain.units import UNITS

BELOW_MIN_ACTIVE_DAYS = "below_min_active_days"
NO_UNITS = "no_units"
NO_CHARGE = "no_charge"
ROUNDS_TO_ZERO = "rounds_to_zero"
NO_ACTIVITY = "no_activity"
NO_ELIGIBLE_DEVICE = "no_eligible_device"


@dataclass(slots=True)
class _Share:
    """One device on its way to a line: what it did, and the exact amount so far."""

    device: DeviceActivity
    active_days: int
    units: Fraction
    eligible: bool
    amount: Fraction = Fraction(0)


def compute_payout(config: ParkConfig, period: Period, devices: Sequence[DeviceActivity]) -> Payout:
    """The payout of one park, whole and exact; the order of `devices` does not matter.

    Raises ValueError for a config that is not enabled: nothing can be computed by it.
    """
    terms = config.terms
    if terms is None:
        raise ValueError(f"park {config.park_id} is not enabled in {period}")
    ordered = sorted(devices, key=lambda device: device.device_id.encode())
    shares = [_share(device, terms) for device in ordered]
    eligible = [share for share in shares if share.eligible]
    _charge(eligible, terms)
    total = _limit_park(eligible, terms.limits)
    total_minor = round_to_minor(total, terms.currency, terms.rounding)
    minors = spread(total_minor, [share.amount for share in shares], terms.currency)
    lines = tuple(_line(share, minor, terms) for share, minor in zip(shares, minors, strict=True))
    return Payout(
        config=config,
        period=period,
        currency=terms.currency,
        lines=lines,
        total=from_minor(total_minor, terms.currency),
        reason=None if total_minor else _why_zero(shares, eligible, total),
    )


def _share(device: DeviceActivity, terms: PayTerms) -> _Share:
    active_days = device.active_days(terms.activity)
    eligible = active_days >= terms.min_active_days
    unit = terms.charge.unit
    units = UNITS[unit](device, terms.activity, eligible) if unit else Fraction(0)
    return _Share(device, active_days, units, eligible)


def _charge(eligible: list[_Share], terms: PayTerms) -> None:
    """Step 1: exact amounts per eligible device, device limits included."""
    if not eligible:
        return
    model = terms.charge.model
    if terms.charge.scope is Scope.PARK:
        units = sum((share.units for share in eligible), Fraction(0))
        _distribute(eligible, model.price(units), [share.units for share in eligible])
        return
    for share in eligible:
        share.amount = _bounded(model.price(share.units), terms.limits.device_min, terms.limits.device_max)


def _limit_park(eligible: list[_Share], limits: Limits) -> Fraction:
    """Step 2: the exact total within the park's limits; device amounts scale with it."""
    charged = sum((share.amount for share in eligible), Fraction(0))
    total = _bounded(charged, limits.park_min if eligible else None, limits.park_max)
    if total != charged:
        _distribute(eligible, total, [share.amount for share in eligible])
    return total


def _distribute(shares: list[_Share], total: Fraction, weights: list[Fraction]) -> None:
    """Give out `total` in proportion to `weights`, equally if all of them are 0."""
    weight = sum(weights, Fraction(0))
    for share, own in zip(shares, weights, strict=True):
        share.amount = total * own / weight if weight else total / len(shares)


def _bounded(amount: Fraction, least: Decimal | None, most: Decimal | None) -> Fraction:
    if least is not None:
        amount = max(amount, Fraction(least))
    if most is not None:
        amount = min(amount, Fraction(most))
    return amount


def _line(share: _Share, minor: int, terms: PayTerms) -> PayoutLine:
    return PayoutLine(
        device_id=share.device.device_id,
        active_seconds=share.device.active_seconds,
        active_days=share.active_days,
        units=share.units,
        amount=from_minor(minor, terms.currency),
        reason=None if minor else _why_nothing(share, terms),
    )


def _why_nothing(share: _Share, terms: PayTerms) -> str:
    if not share.eligible:
        return BELOW_MIN_ACTIVE_DAYS
    if share.amount:
        return ROUNDS_TO_ZERO
    return NO_UNITS if terms.charge.unit and not share.units else NO_CHARGE


def _why_zero(shares: list[_Share], eligible: list[_Share], total: Fraction) -> str:
    if not shares:
        return NO_ACTIVITY
    if not eligible:
        return NO_ELIGIBLE_DEVICE
    return ROUNDS_TO_ZERO if total else NO_CHARGE
