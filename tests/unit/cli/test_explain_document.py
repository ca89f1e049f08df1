"""Exact amounts in JSON: a decimal where one is exact, else a fraction."""

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from signalq_billing.cli.explain_document import exact
from signalq_billing.cli.explain_layout import pairs, paragraph, row, visible
from signalq_billing.domain.clock_text import duration
from signalq_billing.domain.readable import name_text


@pytest.mark.parametrize(
    ("amount", "text"),
    [
        (Fraction(0), "0"),
        (Fraction(12), "12"),
        (Fraction("12.5"), "12.5"),
        (Fraction("0.0335"), "0.0335"),
        (Fraction(-1, 8), "-0.125"),
        (Fraction(1, 3), "1/3"),
        (Fraction(100), "100"),
    ],
)
def test_exact_amounts(amount: Fraction, text: str) -> None:
    assert exact(amount) == text


@given(st.fractions())
def test_an_exact_amount_reads_back_as_itself(amount: Fraction) -> None:
    assert Fraction(exact(amount)) == amount


@given(st.decimals(-1000, 1000, places=5))
def test_what_a_decimal_can_say_is_a_decimal(amount: Decimal) -> None:
    assert "/" not in exact(Fraction(amount))


def test_durations() -> None:
    assert duration(0) == "0:00:00"
    assert duration(3_600_000_000 * 25 + 61_000_000) == "25:01:01"
    assert duration(1_500_000) == "0:00:01.500000"


def test_a_figure_stands_at_the_right_edge() -> None:
    assert row("charge", "78.00") == ["  charge" + " " * 67 + "78.00"]
    lines = row("word " * 40, "78.00")
    assert all(len(line) <= 80 for line in lines)
    assert lines[-1].endswith("78.00")
    assert len(lines[-1]) == 80


def test_long_ids_stay_whole_to_be_copied() -> None:
    device_id = "x" * 120
    assert device_id in paragraph(f"the device {device_id} earned nothing")
    assert any(device_id in line for line in pairs([("order", device_id)]))


def test_ids_do_not_steer_the_terminal() -> None:
    assert visible("камера \x1b[31m\r\u202e x") == "камера \\x1b[31m\\r\\u202e x"


def test_escapes_are_counted_when_lines_are_broken() -> None:
    assert all(len(line) <= 80 for line in paragraph("a word \u2028 and " * 20))


def test_what_would_mislead_the_eye_is_quoted() -> None:
    names = ["online", "камера 7", "online ", " x", "a\\b", 'a"b', "a\tb", ""]
    shown = ["online", "камера 7", '"online "', '" x"', '"a\\\\b"', '"a\\"b"', '"a\\tb"', '""']
    assert [name_text(name) for name in names] == shown
