"""How the page writes money, times, ages and ids."""

import datetime as dt
from decimal import Decimal

import pytest

from signalq_billing.web import words

NOW = dt.datetime(2026, 11, 23, 12, tzinfo=dt.UTC)


@pytest.mark.parametrize(
    ("amount", "currency", "copied"),
    [
        (Decimal("1234567.5"), "RUB", "1234567.50 RUB"),
        (Decimal("-999.99"), "RUB", "-999.99 RUB"),
        (Decimal(0), "RUB", "0.00 RUB"),
        (Decimal("1E+6"), "JPY", "1000000 JPY"),
        (Decimal("0.125"), "BHD", "0.125 BHD"),
    ],
)
def test_what_is_copied_of_an_amount_is_a_decimal_string(amount: Decimal, currency: str, copied: str) -> None:
    assert words.money(amount, currency).striptags() == copied


def test_digits_are_grouped_for_the_eye_only() -> None:
    assert "<span>1</span><span>234</span><span>567</span>.00" in words.money(Decimal(1234567), "RUB")


@pytest.mark.parametrize(
    ("ago", "told"),
    [
        (dt.timedelta(seconds=20), "0 min"),
        (dt.timedelta(minutes=59), "59 min"),
        (dt.timedelta(hours=3, minutes=5), "3 h 5 min"),
        (dt.timedelta(days=2, hours=3), "2 d 3 h"),
        (dt.timedelta(days=40), "40 d"),
        (dt.timedelta(seconds=-5), "0 min"),
    ],
)
def test_ages_are_told_in_their_two_largest_units(ago: dt.timedelta, told: str) -> None:
    assert words.age(NOW - ago, NOW) == told


def test_an_instant_is_in_utc_with_the_cadences_clock_beside_it() -> None:
    told = words.instant(dt.datetime(2026, 11, 15, 21, tzinfo=dt.UTC), "Europe/Moscow")
    assert told.striptags() == "2026-11-15 21:00 UTC"
    assert "2026-11-16 00:00:00 Europe/Moscow" in told


def test_markup_in_an_id_is_text() -> None:
    assert words.name("<b>") == '<bdi class="name">&lt;b&gt;</bdi>'
    assert words.marked_up("see `<a>` & co") == "see <code>&lt;a&gt;</code> &amp; co"
