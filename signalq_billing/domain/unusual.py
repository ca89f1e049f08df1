"""Which payouts are unlike what their park was paid before, and in what words (SPEC section 11). Exact: a payout at
precisely the share is not beyond it."""

from decimal import Decimal, localcontext
from fractions import Fraction
from statistics import median

from signalq_billing.domain.config import ParkConfig
from signalq_billing.domain.config_body import changed_fields, decimal_text
from signalq_billing.domain.guards import DeviceJump, TotalDeviation
from signalq_billing.domain.money import minor_digits
from signalq_billing.domain.payment_history import PastPeriod, PaymentHistory

_FIELDS_TOLD = 8


def unusual_total(history: PaymentHistory, rule: TotalDeviation) -> str | None:
    """Why the payout's total is unlike the park's last periods, up or down; None if it is not, or there are too few.

    Periods count in the payout's cadence and currency alone."""
    totals = [Fraction(each.total) for each in history.past[: rule.periods] if each.currency == history.currency]
    if len(totals) < rule.min_periods:
        return None
    usual = median(totals)
    off = abs(Fraction(history.total) - usual)
    if off <= rule.share * usual or off <= rule.min_difference.get(history.currency, Decimal(0)):
        return None
    where = "above" if history.total > usual else "below"
    return (
        f"total {history.total} {history.currency} is {_money(off, history.currency)} {where} "
        f"{_money(usual, history.currency)}, the median of {_last(len(totals))}: more than total_deviation "
        f"{_number(rule.share)} of guards.yaml allows"
    )


def unusual_devices(history: PaymentHistory, rule: DeviceJump) -> str | None:
    """Why the payout pays more devices than the park's last periods did; None if not, or there are too few."""
    counts = [Fraction(each.paid_devices) for each in history.past[: rule.periods]]
    if len(counts) < rule.min_periods:
        return None
    usual = median(counts)
    more = history.paid_devices - usual
    if more <= rule.share * usual or more <= rule.min_difference:
        return None
    return (
        f"{history.paid_devices} paid devices are {_number(more)} more than {_number(usual)}, the median of "
        f"{_last(len(counts))}: more than device_jump {_number(rule.share)} of guards.yaml allows"
    )


def changed_config(paid: PastPeriod, before: ParkConfig, now: ParkConfig) -> str | None:
    """That the config is another one than the park was paid by last, and in which fields; None if they are equal."""
    fields = changed_fields(before, now)
    if not fields:
        return None
    # Two versions of one body differ in their date, which says nothing about the money.
    told = [field for field in fields if field != "effective_from"] or ["only effective_from"]
    more = f" and {len(told) - _FIELDS_TOLD} more" if len(told) > _FIELDS_TOLD else ""
    return (
        f"the config changed since {paid.cadence} {paid.period_name} was paid: version {before.version} -> "
        f"{now.version} ({', '.join(told[:_FIELDS_TOLD])}{more}; hold_config_changes of guards.yaml)"
    )


def _last(count: int) -> str:
    return "the period before" if count == 1 else f"the {count} periods before"


def _money(amount: Fraction, currency: str) -> str:
    """In full: a median of two totals may lie between two minor units."""
    with localcontext(prec=99):
        exact = Decimal(amount.numerator) / Decimal(amount.denominator)
        in_minor = round(exact, minor_digits(currency))
    return format(in_minor if in_minor == exact else exact, "f")


def _number(value: Fraction) -> str:
    return decimal_text(Decimal(value.numerator) / Decimal(value.denominator))
