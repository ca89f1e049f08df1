"""Bad rows in words: why rows were left out, and what some of them look like (SPEC section 3)."""

import datetime as dt
from collections.abc import Mapping, Sequence
from fractions import Fraction

from signalq_billing.domain.activity import BadRows
from signalq_billing.domain.readable import number_text

REASON = "reason"
INSTANT = "status_at"
_EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
_END = 7_258_118_400_000_000  # of the year 2199, in microseconds since the epoch


def bad_rows_text(bad: BadRows) -> str:
    """How many rows are bad, of how many, by reason; one line."""
    told = f"{bad.total:,} of {bad.considered:,} rows are bad"
    return f"{told}: {reasons_text(bad)}" if bad.total else told


def reasons_text(bad: BadRows) -> str:
    """The reasons with their counts, the most frequent first."""
    return ", ".join(f"{reason} {count:,}" for reason, count in _most_frequent_first(bad))


def example_lines(bad: BadRows) -> list[str]:
    """One line per example, of the most frequent reason first: nulls are `null`, texts quoted, instants shown in
    ISO 8601 too."""
    places = {reason: place for place, (reason, _) in enumerate(_most_frequent_first(bad))}
    ordered = sorted(bad.examples, key=lambda example: places.get(example.get(REASON) or "", len(places)))
    return [f"{example.get(REASON)}: {example_text(example)}" for example in ordered]


def example_text(example: Mapping[str, str | None]) -> str:
    """The columns of one bad row, without its reason."""
    return ", ".join(f"{column} {column_text(column, value)}" for column, value in example.items() if column != REASON)


def column_text(column: str, value: str | None) -> str:
    """One value of a bad row, on one line."""
    if value is None:
        return "null"
    return instant_text(value) if column == INSTANT else f'"{_printable(value)}"'


def instant_text(microseconds: str) -> str:
    """The number as it is, and the instant it stands for unless that is absurd."""
    if not microseconds.isdecimal() or int(microseconds) >= _END:
        return _printable(microseconds)
    instant = _EPOCH + dt.timedelta(microseconds=int(microseconds))
    return f"{microseconds} ({instant.replace(tzinfo=None).isoformat()}Z)"


def share_text(share: Fraction) -> str:
    """A share in percent, exact where six places can be."""
    return f"{number_text(share * 100)} %"


def examples_by_reason(bad: BadRows) -> Sequence[tuple[str, int, str]]:
    """(reason, how many, an example) per example, the most frequent reason first; for tables."""
    found: list[tuple[str, int, str]] = []
    for reason, count in _most_frequent_first(bad):
        shown = [example_text(example) for example in bad.examples if example.get(REASON) == reason]
        found += [(reason, count, text) for text in shown or [""]]
    return found


def _most_frequent_first(bad: BadRows) -> list[tuple[str, int]]:
    return sorted(bad.by_reason.items(), key=lambda item: (-item[1], item[0]))


def _printable(text: str) -> str:
    return "".join(char if char.isprintable() else repr(char)[1:-1] for char in text)
