"""The lower half of an explanation: days against the threshold, and the intervals behind each day."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterator

from signalq_billing.cli.explain_layout import heading, paragraph
from signalq_billing.domain.clock_text import clock, duration
from signalq_billing.domain.readable import name_text, plural
from signalq_billing.domain.timeline import LocalDay, Piece, Timeline, local_days, merged
from signalq_billing.domain.timeline_text import left_out_texts, piece_words, refused_text
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
    yield from paragraph(refused_text(told.timeline), "  ")
    for found in local_days(merged(told.timeline.intervals), told.period):
        if (not only or found.date in only) and found.pieces:
            yield from _day(found, told.timeline, len(found.pieces) if everything or only else _SHOWN)
    for text in left_out_texts(told.timeline, told.history):
        yield from paragraph(text)


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


def _day(day: LocalDay, timeline: Timeline, most: int) -> Iterator[str]:
    yield f"{day.date:%a %Y-%m-%d}  {day.active_seconds} s active"
    for piece in day.pieces[:most]:
        yield from _piece(piece, day, timeline)
    left = len(day.pieces) - most
    if left > 0:
        yield f"  ... {left} more: `--day {day.date}` shows all"


def _piece(piece: Piece, day: LocalDay, timeline: Timeline) -> Iterator[str]:
    period = timeline.period
    span = f"{clock(piece.begins, period)}-{clock(piece.ends, period, day.ends)}"
    first, *rest = paragraph("; ".join(piece_words(piece, timeline)), " " * _TOLD_AT)
    yield f"  {span:<17} {duration(piece.microseconds):>16}  {first.strip()}"
    yield from rest
