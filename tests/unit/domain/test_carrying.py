"""What a park owes is carried into what it is paid next, whole, and never below zero."""

from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from signalq_billing.adapters.postgres import forming
from signalq_billing.domain.carrying import carried_into, debt_of, due, parts
from signalq_billing.domain.config import OrderPer
from signalq_billing.domain.payout import Payout
from tests.integration.postgres.factories import line, payout

D = Decimal
cents = st.integers(0, 100_000).map(lambda minor: D(minor) / 100)


def adjustment(amounts: dict[str, str], order_per: OrderPer = OrderPer.PARK) -> Payout:
    return payout(amounts=amounts, order_per=order_per, revision=2)


def orders(made: Payout, carried: str = "0.00") -> list[tuple[str | None, Decimal, Decimal]]:
    return [(order.device_id, order.amount, order.carried) for order in forming.orders(made, D(carried))]


def test_a_debt_is_carried_as_far_as_the_total_goes() -> None:
    assert carried_into(D("100.00"), D("30.00")) == D("-30.00")
    assert carried_into(D("100.00"), D("130.00")) == D("-100.00")
    assert carried_into(D("100.00"), D("0")) == 0
    assert carried_into(D("-5.00"), D("130.00")) == 0


def test_zero_is_written_with_the_digits_of_the_currency() -> None:
    assert str(carried_into(D("100.00"), D(0))) == "0.00"
    assert str(carried_into(D("100"), D(0))) == "0"
    assert str(due(D("-5.00"), D("0.00"))) == "0.00"


@given(st.lists(st.tuples(cents, st.booleans())))
def test_what_is_carried_and_what_is_still_owed_is_all_that_was_taken_back(steps: list[tuple[Decimal, bool]]) -> None:
    books: list[tuple[Decimal, Decimal]] = []
    for amount, takes_back in steps:
        total = -amount if takes_back else amount
        books.append((total, carried_into(total, debt_of(books))))
        assert debt_of(books) >= 0
        assert due(*books[-1]) >= 0
    assert sum(due(*each) for each in books) - debt_of(books) == sum(total for total, _ in books)


def test_a_park_order_takes_all_lines_and_says_what_was_carried() -> None:
    assert orders(adjustment({"a": "10.00", "b": "-4.00"}), "-2.50") == [(None, D("3.50"), D("-2.50"))]


def test_what_a_device_gives_back_is_taken_from_the_others_in_order() -> None:
    per_device = adjustment({"a": "10.00", "b": "-12.00", "c": "5.00"}, OrderPer.DEVICE)
    assert orders(per_device) == [("c", D("3.00"), D("-2.00"))]
    assert orders(per_device, "-1.00") == [("c", D("2.00"), D("-3.00"))]
    assert orders(per_device, "-3.00") == []


def test_nothing_is_ordered_for_what_takes_back_more_than_it_pays() -> None:
    for order_per in OrderPer:
        assert orders(adjustment({"a": "10.00", "b": "-12.00"}, order_per)) == []
        assert orders(adjustment({"a": "10.00", "b": "-10.00"}, order_per)) == []


@given(st.dictionaries(st.sampled_from("abcdef"), st.integers(-500, 500)), st.integers(0, 1000))
def test_device_orders_sum_to_what_is_due_and_none_is_below_a_kopeck(amounts: dict[str, int], debt: int) -> None:
    lines = [line(device, f"{minor / 100:.2f}") for device, minor in sorted(amounts.items())]
    total = sum((each.amount for each in lines), D("0.00"))
    carried = carried_into(total, D(debt) / 100)
    made = list(parts(lines, carried)) if due(total, carried) else []
    assert sum((part.amount for part in made), D(0)) == due(total, carried)
    assert all(part.amount >= 0 >= part.carried for part in made)
