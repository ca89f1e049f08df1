"""Who is next in a submit, by hand: what is begun, what waits, and whom a park in trouble keeps waiting."""

import datetime as dt
from collections.abc import Sequence
from decimal import Decimal

import pytest

from signalq_billing.domain.progress import OrderProgress, PaymentProgress, PayoutProgress
from signalq_billing.services.turns import Errand, Turns


class Clock:
    def __init__(self) -> None:
        self.seconds = 0.0

    def now(self) -> dt.datetime:
        raise AssertionError("nobody asks for the date")

    def elapsed(self) -> float:
        return self.seconds

    def sleep(self, seconds: float) -> None:
        self.seconds += seconds


def errand(park_id: str, number: int) -> Errand:
    order = OrderProgress(
        *(number, f"{park_id}:{number}", f"cam-{number}", Decimal("1.00"), PaymentProgress.NOT_CREATED, 0),
        *(None, None, None, None, False),
    )
    payout = PayoutProgress(
        *(number, park_id, "weekly", dt.date(2026, 11, 16), 1, "RUB", Decimal("1.00"), 1, None, None, (order,)),
    )
    return Errand(payout, order)


class Desk:
    """Turns with a clock and a breaker that a test sets by hand."""

    def __init__(self, parks: str) -> None:
        self.clock, self.failing = Clock(), False
        errands = [errand(park, number) for number, park in enumerate(parks)]
        self.turns = Turns(errands, self.clock, lambda: self.failing)

    def take(self) -> Errand:
        turn = self.turns.next()
        assert turn is not None
        assert turn[0] is not None
        self.clock.sleep(turn[1])
        return turn[0]

    def begin(self, count: int) -> Sequence[Errand]:
        return [self.take() for _ in range(count)]


def parks(errands: Sequence[Errand]) -> str:
    return "".join(each.park_id for each in errands)


@pytest.mark.parametrize(
    ("given", "taken"), [("aaabc", "abcaa"), ("aaa", "aaa"), ("ab", "ab"), ("aabb", "abab"), ("abbbb", "abbbb")]
)
def test_parks_take_turns_and_all_orders_come_up(given: str, taken: str) -> None:
    desk = Desk(given)
    assert parks(desk.begin(len(given))) == taken
    assert desk.turns.next() is None


def test_the_park_with_the_fewest_under_way_is_next() -> None:
    desk = Desk("aaabbb")
    first, *_ = desk.begin(4)
    desk.turns.over(first, trouble=False)
    assert desk.take().park_id == "a"


def test_a_park_in_trouble_begins_nothing_new_before_the_others_did() -> None:
    desk = Desk("aaabb")
    desk.turns.over(desk.take(), trouble=True)
    assert parks(desk.begin(4)) == "bbaa"


def test_a_park_that_is_answered_again_is_out_of_trouble() -> None:
    desk = Desk("aaaabbb")
    first, second = desk.take(), desk.take()
    assert (first.park_id, second.park_id) == ("a", "b")
    desk.turns.over(first, trouble=True)
    desk.turns.over(second, trouble=False)
    desk.turns.over(desk.take(), trouble=False)
    last = desk.take()
    assert last.park_id == "b"
    in_trouble = desk.take()
    desk.turns.over(in_trouble, trouble=False)
    assert parks(desk.begin(2)) == "aa"


def test_an_order_that_waits_for_its_next_try_holds_nobody() -> None:
    desk = Desk("abc")
    waiting = desk.take()
    desk.turns.again(waiting, 5.0, trouble=True)
    assert parks(desk.begin(2)) == "bc"
    assert desk.clock.seconds == 0
    assert desk.take() is waiting
    assert desk.clock.seconds == 5


def test_what_is_due_goes_before_what_is_new() -> None:
    desk = Desk("abc")
    waiting = desk.take()
    desk.turns.again(waiting, 5.0, trouble=True)
    desk.clock.seconds = 5.0
    assert desk.take() is waiting


def test_while_nothing_is_answered_what_was_begun_goes_before_what_is_new() -> None:
    desk = Desk("abc")
    waiting = desk.take()
    desk.failing = True
    desk.turns.again(waiting, 5.0, trouble=True)
    assert desk.take() is waiting
    assert desk.clock.seconds == 5


def test_while_nothing_is_answered_and_calls_are_under_way_one_looks_again_soon() -> None:
    desk = Desk("abc")
    waiting, _ = desk.begin(2)
    desk.failing = True
    desk.turns.again(waiting, 5.0, trouble=True)
    turn = desk.turns.next()
    assert turn is not None
    assert turn[0] is None
    assert 0 < turn[1] < 5


def test_of_several_that_wait_the_first_due_is_next() -> None:
    desk = Desk("abc")
    first, second, third = desk.begin(3)
    for each, pause in ((first, 9.0), (second, 1.0), (third, 4.0)):
        desk.turns.again(each, pause, trouble=True)
    assert desk.begin(3) == [second, third, first]
    assert desk.turns.next() is None
