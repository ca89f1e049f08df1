"""Money before and after, per park and per currency, and never across currencies."""

import datetime as dt
from dataclasses import replace
from decimal import Decimal
from fractions import Fraction

from signalq_billing.domain.comparison import CurrencyTotal, Paid, ParkComparison, PeriodComparison
from tests.unit.domain.builders import period

OLD, NEW = dt.date(2026, 1, 1), dt.date(2026, 11, 16)


def park(park_id: str, before: str | None, after: str | None, currency: str = "RUB", then: str = "") -> ParkComparison:
    """`then` is the currency it would be paid in, if another one."""
    return ParkComparison(
        park_id,
        None if before is None else Paid(Decimal(before), currency, OLD, stored=True),
        None if after is None else Paid(Decimal(after), then or currency, NEW),
    )


def test_a_park_that_appears_gains_all_and_one_that_disappears_loses_all() -> None:
    new, gone = park("new", None, "5.00"), park("gone", "7.00", None)
    assert (new.difference, new.share, new.unchanged) == (Decimal("5.00"), None, False)
    assert (gone.difference, gone.share, gone.unchanged) == (Decimal("-7.00"), Fraction(-1), False)


def test_a_park_that_is_new_and_earns_nothing_is_no_unchanged_one() -> None:
    assert not park("new", None, "0.00").unchanged
    assert park("same", "0.00", "0.00").unchanged


def test_a_share_is_of_what_was_paid() -> None:
    assert park("p", "30.00", "36.00").share == Fraction(1, 5)
    assert park("p", "0.00", "36.00").share is None


def test_two_currencies_have_no_difference() -> None:
    moved = park("p", "10.00", "12.00", "RUB", "EUR")
    assert (moved.currency_changed, moved.difference, moved.share, moved.unchanged) == (True, None, None, False)
    compared = PeriodComparison(period(), (moved, park("q", "1.00", "1.00", "EUR")))
    assert compared.totals == [
        CurrencyTotal("EUR", Decimal("1.00"), Decimal("13.00")),
        CurrencyTotal("RUB", Decimal("10.00"), Decimal(0)),
    ]
    assert [total.difference for total in compared.totals] == [Decimal("12.00"), Decimal("-10.00")]


def test_movers_come_by_currency_the_largest_difference_first_whichever_way() -> None:
    parks = (
        park("b", "10.00", "11.00"),
        park("a", "10.00", "9.00"),
        park("same", "10.00", "10.00"),
        park("down", "100.00", "50.00"),
        park("yen", "1", "1000", "JPY"),
        park("moved", "1.00", "1.00", "RUB", "EUR"),
    )
    compared = PeriodComparison(period(), parks)
    assert [each.park_id for each in compared.movers] == ["moved", "yen", "down", "a", "b"]
    assert compared.unchanged == 1


def test_parks_priced_by_later_versions_are_counted_by_date_whether_they_would_be_paid_or_not() -> None:
    start = period().name
    paid = Paid(Decimal("1.00"), "RUB", start)
    far, next_week = start + dt.timedelta(days=14), start + dt.timedelta(days=7)
    compared = PeriodComparison(
        period(),
        (
            ParkComparison("a", paid, replace(paid, version=far)),
            ParkComparison("b", paid, replace(paid, version=next_week)),
            ParkComparison("c", paid, None, ended=next_week),
            ParkComparison("d", paid, paid),
        ),
    )
    assert list(compared.later.items()) == [(next_week, 2), (far, 1)]
