"""A local day as a strip: where its intervals stand in it, in whole thousandths of its length (a day may have 23 or 25
hours), and in words."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from signalq_billing.domain.clock_text import clock, duration
from signalq_billing.domain.period import zone
from signalq_billing.domain.timeline import Closing, LocalDay, Piece, Timeline
from signalq_billing.domain.timeline_text import piece_words

WIDTH = 1000
_TICKS_EVERY = dt.timedelta(hours=6)
_MOST_PIECES = 400  # a day that changes more often cannot be read anyway: its table goes on, its picture stays whole


@dataclass(frozen=True, slots=True)
class Strip:
    """One stretch of the day. `kind` is active, inactive, other (another park's time) or silence (cut off)."""

    kind: str
    x: int
    width: int
    title: str


@dataclass(frozen=True, slots=True)
class Row:
    """One interval of the day in words."""

    kind: str
    span: str
    lasted: str
    words: Sequence[str]


@dataclass(frozen=True, slots=True)
class DayPicture:
    """A day, its strips and the same as rows. `changed`: seconds paid for, and seconds the source says now, where these
    differ. `more` is how many rows are left out."""

    day: LocalDay
    active: str
    strips: Sequence[Strip]
    rows: Sequence[Row]
    ticks: Sequence[tuple[int, str]]
    length: str
    changed: tuple[int, int] | None
    more: int


def drawn(day: LocalDay, timeline: Timeline, changed: tuple[int, int] | None) -> DayPicture:
    """The picture of one day."""
    usual = day.ends - day.begins == dt.timedelta(days=1)
    rows = [_row(piece, day, timeline) for piece in day.pieces[:_MOST_PIECES]]
    return DayPicture(
        day=day,
        active=duration(day.active_seconds * 1_000_000),
        strips=[strip for piece in day.pieces for strip in _strips(piece, day, timeline)],
        rows=rows,
        ticks=_ticks(day, timeline),
        length="" if usual else duration((day.ends - day.begins) // dt.timedelta(microseconds=1)),
        changed=changed,
        more=len(day.pieces) - len(rows),
    )


def _place(at: dt.datetime, day: LocalDay) -> int:
    return (
        WIDTH
        * ((at - day.begins) // dt.timedelta(microseconds=1))
        // ((day.ends - day.begins) // dt.timedelta(microseconds=1))
    )


def _kind(piece: Piece) -> str:
    return "other" if not piece.interval.own else "active" if piece.interval.active else "inactive"


def _strips(piece: Piece, day: LocalDay, timeline: Timeline) -> list[Strip]:
    interval, x = piece.interval, _place(piece.begins, day)
    title = f"{_span(piece, day, timeline)} {'; '.join(piece_words(piece, timeline))}"
    found = [Strip(_kind(piece), x, max(_place(piece.ends, day) - x, 1), title)]
    if interval.closed_by is Closing.SILENCE and piece.ends == interval.ends < day.ends:
        until = min(interval.ends + interval.silenced, day.ends)
        begins, period = _place(interval.ends, day), timeline.period
        silent = f"{clock(interval.ends, period)}-{clock(until, period, day.ends)} silent: not counted"
        found.append(Strip("silence", begins, max(_place(until, day) - begins, 1), silent))
    return found


def _row(piece: Piece, day: LocalDay, timeline: Timeline) -> Row:
    return Row(_kind(piece), _span(piece, day, timeline), duration(piece.microseconds), piece_words(piece, timeline))


def _span(piece: Piece, day: LocalDay, timeline: Timeline) -> str:
    period = timeline.period
    return f"{clock(piece.begins, period)}-{clock(piece.ends, period, day.ends)}"


def _ticks(day: LocalDay, timeline: Timeline) -> list[tuple[int, str]]:
    """Every sixth hour that passes, with what the local clock says then."""
    tz, at, found = zone(timeline.period.timezone), day.begins + _TICKS_EVERY, []
    while at < day.ends:
        found.append((_place(at, day), f"{at.astimezone(tz):%H:%M}"))
        at += _TICKS_EVERY
    return found
