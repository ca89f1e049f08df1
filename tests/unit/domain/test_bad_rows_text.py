"""Bad rows in words that an operator can act on."""

from fractions import Fraction

from signalq_billing.domain.activity import BadRows
from signalq_billing.domain.bad_rows_text import (
    bad_rows_text,
    example_lines,
    examples_by_reason,
    instant_text,
    reasons_text,
    share_text,
)

BAD = BadRows(
    {"not_utf8": 2, "status_at_missing": 1200},
    5000,
    (
        {"reason": "status_at_missing", "park_id": "park", "status_at": None, "event_id": "null"},
        {"reason": "not_utf8", "park_id": "a\nb", "status_at": "1793577600000001"},
    ),
)


def test_reasons_are_counted_the_commonest_first() -> None:
    assert reasons_text(BAD) == "status_at_missing 1,200, not_utf8 2"
    assert bad_rows_text(BAD) == "1,202 of 5,000 rows are bad: status_at_missing 1,200, not_utf8 2"
    assert bad_rows_text(BadRows({}, 7)) == "0 of 7 rows are bad"


def test_a_null_is_told_from_the_text_null_and_an_example_is_one_line() -> None:
    assert example_lines(BAD) == [
        'status_at_missing: park_id "park", status_at null, event_id "null"',
        'not_utf8: park_id "a\\nb", status_at 1793577600000001 (2026-11-02T00:00:00.000001Z)',
    ]


def test_examples_of_the_commonest_reason_come_first() -> None:
    examples = tuple({"reason": reason, "park_id": park} for reason, park in [("a", "1"), ("b", "2"), ("b", "3")])
    assert example_lines(BadRows({"a": 1, "b": 5}, 9, examples)) == [
        'b: park_id "2"',
        'b: park_id "3"',
        'a: park_id "1"',
    ]


def test_every_reason_has_a_row_with_an_example_or_without() -> None:
    rows = examples_by_reason(BadRows({"a": 1, "b": 5}, 9, ({"reason": "b", "park_id": None},)))
    assert rows == [("b", 5, "park_id null"), ("a", 1, "")]


def test_an_absurd_instant_is_only_its_number() -> None:
    assert instant_text("0") == "0 (1970-01-01T00:00:00Z)"
    assert instant_text("1793577600") == "1793577600 (1970-01-01T00:29:53.577600Z)"
    for absurd in (str(2**64 - 1), "-5", "soon", ""):
        assert instant_text(absurd) == absurd


def test_a_share_keeps_the_digits_that_matter() -> None:
    assert share_text(Fraction(1, 1000)) == "0.1 %"
    assert share_text(Fraction(100001, 10**8)) == "0.100001 %"
    assert share_text(Fraction(1, 3)) == "≈ 33.333333 %"
