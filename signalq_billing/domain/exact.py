"""Exact arithmetic that stays quick for many numbers: fractions are brought to lowest terms once, not at every step."""

import math
from collections.abc import Sequence
from decimal import Decimal
from fractions import Fraction
from functools import lru_cache


@lru_cache(4096)
def exactly(amount: Decimal) -> Fraction:
    """`amount` as a fraction. Configs hold few amounts, and each is asked for once per device."""
    return Fraction(amount)


def exact_sum(numbers: Sequence[Fraction]) -> Fraction:
    """The sum; 0 of nothing."""
    common = math.lcm(*[number.denominator for number in numbers])
    return Fraction(sum([number.numerator * (common // number.denominator) for number in numbers]), common)
