"""Stacked bars: whole heights, every state that is there to be seen, nothing drawn for what is below zero."""

import datetime as dt
from decimal import Decimal

import pytest

from signalq_billing.domain.glance import PayoutState, PeriodGlance, StateSum, TrendPoint
from signalq_billing.web import charts


def glance(week: int, *sums: tuple[PayoutState, int, str], currency: str = "RUB") -> PeriodGlance:
    name = dt.date(2026, 1, 5) + dt.timedelta(weeks=week)
    return PeriodGlance(
        "weekly", name, [StateSum(state, currency, parks, Decimal(total)) for state, parks, total in sums]
    )


def test_bars_stand_oldest_first_and_the_highest_fills_the_plot() -> None:
    (chart,) = charts.money_charts(
        [glance(2, (PayoutState.CREATED, 1, "100")), glance(1, (PayoutState.CREATED, 1, "50"))]
    )
    older, newer = chart.bars
    assert older.key < newer.key
    assert older.x < newer.x
    assert newer.segments[0].height == 114
    assert older.segments[0].height == 57


def test_a_small_held_amount_can_still_be_seen_on_top() -> None:
    (chart,) = charts.money_charts([glance(1, (PayoutState.HELD, 1, "0.01"), (PayoutState.CREATED, 900, "1000000"))])
    created, held = chart.bars[0].segments
    assert (held.state, held.height) == (PayoutState.HELD, 1)
    assert held.y < created.y


def test_currencies_never_stand_in_one_chart() -> None:
    both = PeriodGlance(
        "weekly",
        dt.date(2026, 1, 5),
        [StateSum(PayoutState.CREATED, "RUB", 1, Decimal(5)), StateSum(PayoutState.CREATED, "KZT", 1, Decimal(7))],
    )
    assert [(each.unit, each.bars[0].label) for each in charts.money_charts([both])] == [("KZT", "7"), ("RUB", "5")]
    assert charts.parks_chart([both]).bars[0].label == "2"


def test_what_is_taken_back_has_no_height() -> None:
    points = [TrendPoint(dt.date(2026, 1, 5), "RUB", Decimal(-30), 3, PayoutState.ZERO)]
    (chart,) = charts.trend_charts(points)
    assert chart.bars[0].segments == []
    assert chart.bars[0].label == "-30"


def test_nothing_at_all_is_an_empty_picture() -> None:
    assert charts.money_charts([]) == []
    assert charts.parks_chart([]).bars == []


@pytest.mark.parametrize(
    ("amount", "label"),
    [("0", "0"), ("999", "999"), ("1000", "1k"), ("12345.67", "12.3k"), ("3100000", "3.1M"), ("-1500", "-1.5k")],
)
def test_labels_are_short(amount: str, label: str) -> None:
    assert charts.compact(Decimal(amount)) == label
