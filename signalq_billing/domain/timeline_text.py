"""A device's timeline in words: what opened and closed each interval, and what does not count."""

import datetime as dt
from collections.abc import Iterator

from signalq_billing.domain.clock_text import duration, instant
from signalq_billing.domain.device_history import DeviceHistory
from signalq_billing.domain.readable import name_text, plural
from signalq_billing.domain.timeline import Closing, Piece, Timeline


def piece_words(piece: Piece, timeline: Timeline) -> list[str]:
    """What a part of an interval is, what opened it and what ended it; a few words each."""
    interval = piece.interval
    status = name_text(interval.status)
    what = status if interval.own else f"{status} in {name_text(interval.park_id)}"
    kind = "active" if interval.active else "belongs to that park" if not interval.own else "not active"
    return [f"{what}: {kind}", *_opened(piece, timeline), *_closed(piece)]


def refused_text(timeline: Timeline) -> str:
    """Why the last event before the period does not count in it; empty where that is no question."""
    refused = timeline.refused
    if refused is None or not timeline.intervals:
        return ""
    why = "older than lookback_days" if refused.reason == "too_old" else "silent for too long by then"
    at = instant(refused.opened_at, timeline.period)
    return f"Not counted: {name_text(refused.status)} of {at} in {name_text(refused.park_id)}, {why}."


def left_out_texts(timeline: Timeline, history: DeviceHistory) -> Iterator[str]:
    """What status_history has of the device and no interval tells: repeats, events that never stood, unusable rows."""
    repeats = sum(event.repeats for event in history.events if event.at >= timeline.period.start)
    if repeats:
        yield f"{plural(repeats, 'repeated row')} of the period changed nothing."
    if timeline.superseded:
        yield (
            f"{plural(len(timeline.superseded), 'event')} stood for no time at all: another of the same microsecond "
            "comes later in the order (time, park, status)."
        )
    if history.bad_rows.total:
        reasons = ", ".join(f"{reason}: {count}" for reason, count in sorted(history.bad_rows.by_reason.items()))
        yield f"Unusable rows that name the device were left out ({reasons})."


def _opened(piece: Piece, timeline: Timeline) -> Iterator[str]:
    interval = piece.interval
    if interval.carried_in and piece.begins == interval.begins:
        yield f"since {instant(interval.opened_at, timeline.period)}, carried in"
    elif piece.begins != interval.begins:
        yield "goes on from the day before"
    if interval.events > 1 and piece.begins == interval.begins:
        yield f"{interval.events} events in a row say so"


def _closed(piece: Piece) -> Iterator[str]:
    interval = piece.interval
    if piece.ends != interval.ends:
        return
    match interval.closed_by:
        case Closing.NEXT_EVENT:
            yield f"until {name_text(interval.next_status or '')}"
        case Closing.OTHER_PARK:
            yield f"until {name_text(interval.next_status or '')} in {name_text(interval.next_park or '')}"
        case Closing.PERIOD_END:
            yield "until the period's end"
        case Closing.SILENCE:
            silent = duration(interval.silenced // dt.timedelta(seconds=1) * 1_000_000)
            if interval.active:
                yield f"cut off by silence: {silent} more not counted"
            else:
                yield f"then nothing was heard for {silent}"
