"""The lower half of an explanation: days against the threshold, and the intervals behind each day."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterator

from signalq_billing.cli.explain_layout import clock, duration, heading, instant, paragraph, plural
from signalq_billing.domain.device_history import DeviceHistory
from signalq_billing.domain.readable import name_text
from signalq_billing.domain.timeline import Closing, LocalDay, Piece, Timeline, local_days, merged
from signalq_billing.services.explain import Explanation

_SHOWN = 8
DOCTOR = "`signalq-billing doctor` tells more"
_TOLD_AT = 38
_USUAL_DAY = dt.timedelta(days=1)


def days(told: Explanation) -> Iterator[str]:
    """Every local day with its active seconds against the threshold."""
    seconds = _day_seconds(told)
    if seconds is None:
        return
    rules = told.terms.activity
    yield from heading("Days: seconds against the threshold")
    silence = rules.max_silence_seconds
    limit = f"; an event counts for at most {duration(silence * 1_000_000)}" if silence is not None else ""
    yield from paragraph(
        f"Active means {' or '.join(map(name_text, rules.active_statuses))}{limit}. "
        f"A day is active from {rules.min_active_seconds_per_day} s on."
    )
    midnights = told.period.midnights
    for number, (day, count) in enumerate(zip(told.period.days, seconds, strict=True)):
        length = midnights[number + 1] - midnights[number]
        unusual = "" if length == _USUAL_DAY else f"  ({duration(length // dt.timedelta(microseconds=1))} long)"
        active = "active" if count >= rules.min_active_seconds_per_day else "-"
        yield f"  {day:%a %Y-%m-%d}  {count:>6} s  {duration(count * 1_000_000):>8}  {active}{unusual}".rstrip()
    total = sum(seconds)
    active_days = sum(count >= rules.min_active_seconds_per_day for count in seconds)
    yield f"  {'together':<14}  {total:>6} s  {duration(total * 1_000_000):>8}  {plural(active_days, 'active day')}"


def intervals(told: Explanation, only: Collection[dt.date], everything: bool) -> Iterator[str]:
    """The intervals behind each day: what opened and closed them, and what was cut off."""
    if told.timeline is None or told.history is None:
        yield from heading("Intervals behind the days")
        yield from paragraph(f"They are not shown: {unasked(told)}.")
        return
    if not told.timeline.intervals:
        return
    yield from heading(f"Intervals behind the days ({told.period.timezone})")
    for day, then, now in told.changed_days:
        yield from paragraph(
            f"! {day}: {then} s when the payout was computed, {now} s in status_history now. "
            "`verify` tells what that is in money."
        )
    yield from _refused(told.timeline)
    for found in local_days(merged(told.timeline.intervals), told.period):
        if (not only or found.date in only) and found.pieces:
            yield from _day(found, told.timeline, len(found.pieces) if everything or only else _SHOWN)
    yield from _left_out(told.timeline, told.history)


def unasked(told: Explanation) -> str:
    """Why status_history says nothing, in words for a park."""
    return f"YTsaurus cannot tell now ({DOCTOR})" if told.source_problem else "left out because of --offline"


def _day_seconds(told: Explanation) -> tuple[int, ...] | None:
    """What was paid for, if that was kept, else what the source says."""
    if told.line is not None and told.line.day_seconds:
        return told.line.day_seconds
    if told.timeline is not None and told.timeline.has_line:
        return told.timeline.day_seconds
    return None


def _refused(timeline: Timeline) -> Iterator[str]:
    refused = timeline.refused
    if refused is None or not timeline.intervals:
        return
    why = "older than lookback_days" if refused.reason == "too_old" else "silent for too long by then"
    at = instant(refused.opened_at, timeline.period)
    yield from paragraph(
        f"Not counted: {name_text(refused.status)} of {at} in {name_text(refused.park_id)}, {why}.", "  "
    )


def _day(day: LocalDay, timeline: Timeline, most: int) -> Iterator[str]:
    yield f"{day.date:%a %Y-%m-%d}  {day.active_seconds} s active"
    for piece in day.pieces[:most]:
        yield from _piece(piece, day, timeline)
    left = len(day.pieces) - most
    if left > 0:
        yield f"  ... {left} more: `--day {day.date}` shows all"


def _piece(piece: Piece, day: LocalDay, timeline: Timeline) -> Iterator[str]:
    period, interval = timeline.period, piece.interval
    span = f"{clock(piece.begins, period)}-{clock(piece.ends, period, day.ends)}"
    status = name_text(interval.status)
    what = status if interval.own else f"{status} in {name_text(interval.park_id)}"
    kind = "active" if interval.active else "belongs to that park" if not interval.own else "not active"
    told = [f"{what}: {kind}", *_opened(piece, timeline), *_closed(piece)]
    first, *rest = paragraph("; ".join(told), " " * _TOLD_AT)
    yield f"  {span:<17} {duration(piece.microseconds):>16}  {first.strip()}"
    yield from rest


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


def _left_out(timeline: Timeline, history: DeviceHistory) -> Iterator[str]:
    repeats = sum(event.repeats for event in history.events if event.at >= timeline.period.start)
    if repeats:
        yield from paragraph(f"{plural(repeats, 'repeated row')} of the period changed nothing.")
    if timeline.superseded:
        yield from paragraph(
            f"{plural(len(timeline.superseded), 'event')} stood for no time at all: another of the same microsecond "
            "comes later in the order (time, park, status)."
        )
    if history.bad_rows.total:
        reasons = ", ".join(f"{reason}: {count}" for reason, count in sorted(history.bad_rows.by_reason.items()))
        yield from paragraph(f"Unusable rows that name the device were left out ({reasons}).")
