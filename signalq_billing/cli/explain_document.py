"""An explanation as JSON for programs. Money and units are decimal strings, exact amounts that do not end are
fractions `n/d`; instants are ISO 8601 UTC, days local dates, durations whole microseconds."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Sequence
from decimal import Decimal
from fractions import Fraction
from typing import Any

from signalq_billing.cli.documents import bad_rows_document, period_document, units_text
from signalq_billing.cli.explain_text import why
from signalq_billing.domain.config_body import model_name, to_body
from signalq_billing.domain.device_history import DeviceHistory
from signalq_billing.domain.money import from_minor, money_text
from signalq_billing.domain.order import utc_iso
from signalq_billing.domain.record import OrderAttempt, PayoutRecord
from signalq_billing.domain.timeline import Interval, Timeline, local_days
from signalq_billing.services.explain import Explanation

MOST_INTERVALS = 2_000


def explanation_document(
    told: Explanation, days: Collection[dt.date] = (), *, everything: bool = False
) -> dict[str, Any]:
    """What `explain --json` prints: the intervals that touch `days` if there are any, else the first 2,000, or with
    `everything` all; `intervals_omitted` counts the others."""
    line = told.line
    shown, omitted = _chosen(told, days, everything=everything)
    return {
        "park_id": told.park_id,
        "device_id": told.device_id,
        "cadence": told.period.cadence,
        "period": period_document(told.period),
        "currency": told.terms.currency,
        "stored": told.stored is not None,
        "amount": money_text(told.paid[line.device_id], told.terms.currency) if line else None,
        "reason": line.reason if line else None,
        "why": why(told) or None,
        "seen": told.history.seen if told.history else None,
        "payout": _payout(told),
        "revisions": [_revision(told, record) for record in told.revisions],
        "line": _line(told),
        "charge": _charge(told),
        "days": _days(told),
        "intervals": [_interval(each) for each in shown] if told.timeline else None,
        "intervals_omitted": omitted,
        "left_out": _left_out(told.timeline, told.history) if told.timeline and told.history else None,
        "source_problem": told.source_problem or None,
        "computed_from": _origin(told),
        "orders": _orders(told),
    }


def exact(amount: Fraction) -> str:
    """An exact amount as a decimal string, or as `n/d` where no decimal is exact."""
    twos_and_fives = amount.denominator
    for prime in (2, 5):
        while twos_and_fives % prime == 0:
            twos_and_fives //= prime
    if twos_and_fives != 1:
        return f"{amount.numerator}/{amount.denominator}"
    places = 0
    while (amount * 10**places).denominator != 1:
        places += 1
    digits = f"{abs(int(amount * 10**places)):0{places + 1}}"
    whole = digits[:-places] if places else digits
    return f"{'-' if amount < 0 else ''}{whole}" + (f".{digits[-places:]}" if places else "")


def _payout(told: Explanation) -> dict[str, Any]:
    made, limits, currency = told.calculation, told.terms.limits, told.terms.currency
    return {
        "revision": told.stored.progress.revision if told.stored else None,
        "total": money_text(from_minor(made.total_minor, currency), currency),
        "stored_total": money_text(_stored_total(told), currency) if told.stored else None,
        "payment_progress": told.stored.progress.payment_progress.value if told.stored else None,
        "hold_reason": told.stored.progress.hold_reason if told.stored else None,
        "devices": len(told.lines),
        "eligible_devices": made.eligible,
        "paid_devices": sum(line.reason is None for line in told.lines),
        "charged": exact(made.charged),
        "park_min": str(limits.park_min) if limits.park_min is not None else None,
        "park_max": str(limits.park_max) if limits.park_max is not None else None,
        "after_park_limits": exact(made.limited),
        "rounding": told.terms.rounding.value,
    }


def _stored_total(told: Explanation) -> Decimal:
    """What the park got over all revisions that stand."""
    return sum((record.progress.total for record in told.standing), Decimal(0))


def _revision(told: Explanation, record: PayoutRecord) -> dict[str, Any]:
    """What one revision pays the park, or takes back, and its part for the device."""
    progress, currency, line = record.progress, told.terms.currency, record.line_of(told.device_id)
    return {
        "revision": progress.revision,
        "total": money_text(progress.total, currency),
        "carried": money_text(progress.carried, currency),
        "amount": money_text(line.amount, currency) if line else None,
        "payment_progress": progress.payment_progress.value,
        "retired": record.retired_at is not None,
    }


def _line(told: Explanation) -> dict[str, Any] | None:
    line, share, limits = told.line, told.share, told.terms.limits
    if line is None or share is None:
        return None
    return {
        "active_seconds": line.active_seconds,
        "active_days": line.active_days,
        "units": units_text(line.units, told.terms.charge.unit),
        "eligible": share.counted.eligible,
        "charged": exact(share.charged),
        "device_min": str(limits.device_min) if limits.device_min is not None else None,
        "device_max": str(limits.device_max) if limits.device_max is not None else None,
        "after_device_limits": exact(share.bounded),
        "after_park_limits": exact(share.exact),
        "left_over_minor_units": share.left_over(told.terms.currency),
        "amount": money_text(told.paid[line.device_id], told.terms.currency),
    }


def _charge(told: Explanation) -> dict[str, Any]:
    charge = told.terms.charge
    return {
        "model": model_name(charge.model),
        "unit": charge.unit,
        "scope": charge.scope.value,
        "park_units": exact(told.calculation.park_units) if told.calculation.park_units is not None else None,
        "steps": [{"text": step.text, "amount": exact(step.amount)} for step in told.steps],
    }


def _chosen(told: Explanation, days: Collection[dt.date], *, everything: bool) -> tuple[Sequence[Interval], int]:
    """The intervals to print, and how many there are beside them."""
    there = told.timeline.intervals if told.timeline else ()
    if days:
        pieces = (piece for day in local_days(there, told.period) if day.date in days for piece in day.pieces)
        shown = list({piece.interval.begins: piece.interval for piece in pieces}.values())
        return shown, len(there) - len(shown)
    most = len(there) if everything else MOST_INTERVALS
    return there[:most], max(len(there) - most, 0)


def _days(told: Explanation) -> list[dict[str, Any]]:
    """Every local day: what was paid for (null where that was not kept), what status_history says now."""
    paid: tuple[int | None, ...] = told.line.day_seconds if told.line else ()
    now: tuple[int | None, ...] = told.timeline.day_seconds if told.timeline else ()
    threshold, unknown = told.terms.activity.min_active_seconds_per_day, (None,) * len(told.period.days)
    found = []
    for day, seconds, source in zip(told.period.days, paid or unknown, now or unknown, strict=True):
        counted = seconds if seconds is not None else source
        found.append(
            {
                "day": day.isoformat(),
                "active_seconds": seconds,
                "active_seconds_in_source": source,
                "threshold_seconds": threshold,
                "active": counted is not None and counted >= threshold,
            }
        )
    return found


def _interval(interval: Interval) -> dict[str, Any]:
    return {
        "park_id": interval.park_id,
        "status": interval.status,
        "active": interval.active,
        "opened_at": utc_iso(interval.opened_at),
        "begins": utc_iso(interval.begins),
        "ends": utc_iso(interval.ends),
        "microseconds": interval.microseconds,
        "carried_in": interval.carried_in,
        "closed_by": interval.closed_by.value,
        "next_park_id": interval.next_park,
        "next_status": interval.next_status,
        "silenced_microseconds": interval.silenced // (interval.silenced.resolution),
    }


def _left_out(timeline: Timeline, history: DeviceHistory) -> dict[str, Any]:
    refused = timeline.refused
    return {
        "carry_in": {
            "park_id": refused.park_id,
            "status": refused.status,
            "status_at": utc_iso(refused.opened_at),
            "reason": refused.reason.value,
        }
        if refused
        else None,
        "repeated_rows": sum(event.repeats for event in history.events if event.at >= timeline.period.start),
        "superseded": [
            {"park_id": each.park_id, "status": each.status, "status_at": utc_iso(each.at)}
            for each in timeline.superseded
        ],
        "bad_rows": dict(sorted(history.bad_rows.by_reason.items())),
    }


def _origin(told: Explanation) -> dict[str, Any]:
    facts, stored = told.facts, told.stored
    return {
        "config_version": told.config.version,
        "config": to_body(told.config),
        "applied_at": utc_iso(told.applied_at) if told.applied_at else None,
        "applied_by": told.applied_by,
        "source_read_at": utc_iso(facts.clock),
        "source_revision": facts.source_revision,
        "watermark": utc_iso(facts.watermark) if facts.watermark else None,
        "rows_read": facts.rows_read,
        "bad_rows": bad_rows_document(facts.bad_rows),
        "computed_at": utc_iso(stored.origin.computed_at) if stored else None,
        "code_version": stored.origin.code_version if stored else None,
        "digest": stored.origin.digest if stored else None,
        "activity_digest": stored.origin.activity_digest if stored else None,
    }


def _orders(told: Explanation) -> list[dict[str, Any]]:
    """The orders that pay the device, one per revision, with every attempt at them; none if nothing pays it."""
    return [
        {
            "revision": record.progress.revision,
            "external_ref": order.external_ref,
            "whole_park": order.device_id is None,
            "amount": money_text(order.amount, told.terms.currency),
            "carried": money_text(order.carried, told.terms.currency),
            "payment_progress": order.payment_progress.value,
            "doc_id": order.doc_id,
            "last_error": order.last_error,
            "attempts": [_attempt(each) for each in told.attempts if each.order_id == order.order_id],
        }
        for record, order in told.orders
    ]


def _attempt(attempt: OrderAttempt) -> dict[str, Any]:
    return {
        "purpose": attempt.purpose,
        "worker": attempt.worker,
        "claimed_at": utc_iso(attempt.claimed_at),
        "recorded_at": utc_iso(attempt.recorded_at) if attempt.recorded_at else None,
        "outcome": attempt.outcome,
        "definite": attempt.definite,
        "detail": attempt.detail,
    }
