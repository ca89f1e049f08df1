"""Why a device earned nothing, or has no line at all, in a sentence or two for the park that asks."""

import datetime as dt
from collections.abc import Sequence

from signalq_billing.domain import adjustment, compute
from signalq_billing.domain.calculation import Share
from signalq_billing.domain.config import PayTerms, Scope
from signalq_billing.domain.device_history import DeviceHistory, Sightings
from signalq_billing.domain.near_miss import near_miss
from signalq_billing.domain.payout import PayoutLine
from signalq_billing.domain.period import Period, zone
from signalq_billing.domain.readable import name_text, number_text
from signalq_billing.domain.timeline import Refusal, RefusedCarryIn, Timeline


def why_nothing(line: PayoutLine, share: Share, terms: PayTerms) -> str:
    """Why a line earned nothing; empty for one that earned something."""
    threshold, needed = terms.activity.min_active_seconds_per_day, terms.min_active_days
    match line.reason:
        case None:
            return ""
        case compute.BELOW_MIN_ACTIVE_DAYS:
            short = sum(0 < seconds < threshold for seconds in line.day_seconds)
            also = f"; {_plural(short)} with some activity stayed below {threshold} s" if short else ""
            has = _plural(line.active_days, "active day")
            return f"It has {has}; to be eligible it needs {needed}{also}."
        case compute.NO_UNITS:
            return f"It is eligible, but no {terms.charge.unit} was counted for it."
        case compute.ROUNDS_TO_ZERO:
            return (
                f"It earned {number_text(share.exact)} {terms.currency}, less than the smallest amount there is, "
                "and what was left to share out went to larger remainders."
            )
        case adjustment.NO_LONGER_SEEN:
            return "It was paid before, and status_history has no time of it in this park any more: it was taken back."
        case compute.NO_CHARGE if share.charged:
            return "It earned something, but the limits of the park's config leave nothing to pay."
        case compute.NO_CHARGE if terms.charge.scope is Scope.PARK:
            return "The park's price for all units together is zero."
        case compute.NO_CHARGE if terms.charge.unit is None:
            return "The park's charge model pays nothing for being eligible."
        case compute.NO_CHARGE:
            return f"The price of its {number_text(share.counted.units)} units is zero by the park's charge model."
    return f"Reason kept with the line: {line.reason}."


def why_no_line(timeline: Timeline, history: DeviceHistory, neighbours: Sequence[str]) -> str:
    """Why the payout has no line for the device. `neighbours` are devices that do have one."""
    period, park_id = timeline.period, timeline.park_id
    if timeline.has_line:
        return "status_history has activity of it in this park now that it did not have when the payout was computed."
    if not history.seen:
        return _never_seen(history, neighbours)
    if timeline.intervals:
        parks = sorted({interval.park_id for interval in timeline.intervals}, key=str.encode)
        own = timeline.refused if timeline.refused is not None and timeline.refused.own else None
        also = f" {_refused(own, period, history.lookback_days)}" if own else ""
        here = name_text(park_id)
        return f"In this period it was in {_listed(parks)}, and not in {here}: what it did belongs there.{also}"
    if timeline.refused is not None:
        return _refused(timeline.refused, period, history.lookback_days)
    if history.after:
        first = min(history.after, key=lambda each: each.first)
        return f"It had not been seen before the period's end: its first event is of {_when(first.first, period)}."
    return f"No event of it lasts into this period. {_last_seen(history.before, period)}".strip()


def _never_seen(history: DeviceHistory, neighbours: Sequence[str]) -> str:
    if history.rows_read:
        reasons = ", ".join(f"{reason}: {count}" for reason, count in sorted(history.bad_rows.by_reason.items()))
        rows = _plural(history.rows_read, "row")
        return f"status_history has {rows} of it and cannot use any: {reasons}."
    near = near_miss(history.device_id, neighbours)
    where = "status_history has never had a row of it."
    if history.days_read:
        where = "status_history has no row of it in the tables of {} to {}.".format(*history.days_read)
    return where + (f" Did you mean {name_text(near)}?" if near else "")


def _refused(refused: RefusedCarryIn, period: Period, lookback_days: int) -> str:
    at = _when(refused.opened_at, period)
    said = f"Its last event before the period was {name_text(refused.status)} in {name_text(refused.park_id)} on {at}"
    if refused.reason is Refusal.TOO_OLD:
        return f"{said}: more than the {lookback_days} days of lookback_days before it, so it no longer counts."
    return f"{said}, and max_silence_seconds had run out before the period began: the camera was silent all through."


def _last_seen(before: Sequence[Sightings], period: Period) -> str:
    if not before:
        return ""
    last = max(before, key=lambda each: each.last)
    return f"It was last seen in {name_text(last.park_id)} on {_when(last.last, period)}."


def _when(instant: dt.datetime, period: Period) -> str:
    return f"{instant.astimezone(zone(period.timezone)):%Y-%m-%d %H:%M:%S}"


def _plural(count: int, noun: str = "day") -> str:
    return f"{count} {noun}{'' if count == 1 else 's'}"


def _listed(parks: Sequence[str]) -> str:
    return ", ".join(map(name_text, parks[:3])) + (f" and {len(parks) - 3} more" if len(parks) > 3 else "")
