"""Quick arithmetic gives exactly what slow arithmetic gives."""

from decimal import Decimal
from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from signalq_billing.domain.exact import exact_sum, exactly
from signalq_billing.domain.money import in_minor, spread


@given(st.lists(st.fractions()))
def test_a_sum_is_the_sum(numbers: list[Fraction]) -> None:
    found = exact_sum(numbers)
    assert found == sum(numbers, Fraction(0))
    assert type(found) is Fraction


@given(st.decimals(allow_nan=False, allow_infinity=False))
def test_an_amount_is_the_same_however_it_is_written(amount: Decimal) -> None:
    sign, digits, exponent = amount.as_tuple()
    assert isinstance(exponent, int)
    assert exactly(amount) == exactly(Decimal((sign, (*digits, 0), exponent - 1))) == Fraction(amount)


@given(st.lists(st.fractions(min_value=0, max_value=10**9, max_denominator=10**6), min_size=1), st.data())
def test_what_remains_goes_to_the_largest_remainders_and_then_to_the_first(
    shares: list[Fraction], data: st.DataObject
) -> None:
    exact = [in_minor(share, "RUB") for share in shares]
    floors = [share.numerator // share.denominator for share in exact]
    left = data.draw(st.integers(0, len(shares)))
    largest = sorted(range(len(shares)), key=lambda index: (floors[index] - exact[index], index))[:left]
    given_to = [floor + (index in largest) for index, floor in enumerate(floors)]
    assert spread(sum(floors) + left, shares, "RUB") == given_to
