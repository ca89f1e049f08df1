"""Money: exact fractions of a major unit until the one rounding point, then whole minor units (SPEC section 6)."""

import math
from collections.abc import Sequence
from decimal import Decimal
from fractions import Fraction
from functools import cache

import iso4217

from signalq_billing.domain.config import Rounding
from signalq_billing.errors import UsageError


@cache
def minor_digits(currency: str) -> int:
    """How many digits the currency's minor unit has by ISO 4217: 2 for RUB, 0 for JPY, 3 for BHD.

    Raises UsageError for a code that ISO 4217 does not list or that has no minor unit (gold, test codes).
    """
    try:
        digits = iso4217.Currency(currency).exponent
    except ValueError as error:
        raise UsageError(f"{currency!r} is not an ISO 4217 currency code such as RUB") from error
    if digits is None:
        raise UsageError(f"{currency} has no minor unit to round to: use a circulating currency")
    return int(digits)


def in_minor(amount: Fraction, currency: str) -> Fraction:
    """`amount` in minor units, exact."""
    scale: int = 10 ** minor_digits(currency)
    return amount * scale


def round_to_minor(amount: Fraction, currency: str, rounding: Rounding) -> int:
    """`amount` in whole minor units; the one place where money is rounded."""
    scaled = in_minor(amount, currency)
    return round(scaled) if rounding is Rounding.HALF_EVEN else math.floor(scaled + Fraction(1, 2))


def spread(total: int, shares: Sequence[Fraction], currency: str) -> list[int]:
    """Cut `total` minor units into whole ones close to the exact `shares`, whose sum rounds to `total`.

    Each share gets its floor; what remains goes one each to the largest remainders, ties to the earlier share.
    """
    scale: int = 10 ** minor_digits(currency)
    parts = [divmod(share.numerator * scale, share.denominator) for share in shares]
    floors = [floor for floor, _ in parts]
    if left := total - sum(floors):
        common = math.lcm(*[share.denominator for share in shares])
        remainders = [rest * (common // share.denominator) for (_, rest), share in zip(parts, shares, strict=True)]
        for index in sorted(range(len(shares)), key=lambda index: -remainders[index])[:left]:
            floors[index] += 1
    return floors


def from_minor(minor: int, currency: str) -> Decimal:
    """Minor units as a Decimal of major ones, written with exactly the currency's minor digits."""
    # Made from text, for arithmetic would round to the context's 28 digits.
    return Decimal(f"{minor}E-{minor_digits(currency)}")


def money_text(amount: Decimal | Fraction, currency: str) -> str:
    """`amount`, already whole in minor units, with exactly the currency's minor digits and no exponent."""
    minor = Fraction(amount) * 10 ** minor_digits(currency)
    if minor.denominator != 1:
        raise ValueError(f"{amount} {currency} is not whole in minor units")
    return format(from_minor(int(minor), currency), "f")
