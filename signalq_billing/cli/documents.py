"""The JSON that `--json` prints, in the shapes of SPEC section 9. Money is a decimal string, times are ISO 8601 UTC."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from fractions import Fraction
from typing import Any

from signalq_billing.domain.activity import ActivitySnapshot, BadRows
from signalq_billing.domain.money import money_text
from signalq_billing.domain.order import utc_iso
from signalq_billing.domain.payout import Payout, PayoutLine
from signalq_billing.domain.period import Period
from signalq_billing.domain.progress import OrderProgress, PayoutProgress
from signalq_billing.services.preview import Preview
from signalq_billing.services.run import RunResult


def preview_document(preview: Preview) -> dict[str, Any]:
    """What `preview --json` prints; its parks are computed as they are printed."""
    period = preview.snapshot.period
    return {
        "cadence": period.cadence,
        "period": period_document(period),
        "parks": map(_park, preview.payouts),
        **source_document(preview.snapshot),
    }


def run_document(result: RunResult) -> dict[str, Any]:
    """What `run --json` prints: what `status` does, and what the run read from the source."""
    return {**status_document(result.payouts), **source_document(result.snapshot)}


def source_document(snapshot: ActivitySnapshot) -> dict[str, Any]:
    return {
        "bad_rows": bad_rows_document(snapshot.bad_rows),
        "watermark": utc_iso(snapshot.watermark) if snapshot.watermark else None,
    }


def period_document(period: Period) -> dict[str, str]:
    return {
        "name": period.name.isoformat(),
        "start": utc_iso(period.start),
        "end": utc_iso(period.end),
        "timezone": period.timezone,
    }


def bad_rows_document(bad: BadRows) -> dict[str, Any]:
    return {
        "total": bad.total,
        "considered": bad.considered,
        "share": format(round_places(bad.share, 6), "f"),
        "by_reason": dict(sorted(bad.by_reason.items())),
        "examples": [dict(example) for example in bad.examples],
    }


def _park(payout: Payout) -> dict[str, Any]:
    unit = payout.config.terms.charge.unit if payout.config.terms else None
    return {
        "park_id": payout.park_id,
        "currency": payout.currency,
        "config_version": payout.config.version,
        "total": money_text(payout.total, payout.currency),
        "lines": [_line(line, payout.currency, unit) for line in payout.lines],
    }


def _line(line: PayoutLine, currency: str, unit: str | None) -> dict[str, Any]:
    return {
        "device_id": line.device_id,
        "active_seconds": line.active_seconds,
        "active_days": line.active_days,
        "units": units_text(line.units, unit),
        "amount": money_text(line.amount, currency),
        "reason": line.reason,
    }


def units_text(units: Fraction, unit: str | None) -> str:
    """Whole units as they are; hours rounded to six places, for show only."""
    if unit == "active_hour":
        return format(round_places(units, 6), "f")
    return str(units.numerator) if units.denominator == 1 else format(round_places(units, 6), "f")


def round_places(value: Fraction, places: int) -> Decimal:
    """`value` to so many decimal places, half to even."""
    return Decimal(round(value * 10**places)).scaleb(-places)


def status_document(payouts: Sequence[PayoutProgress]) -> dict[str, Any]:
    """What `status --json` prints."""
    return {"payouts": [payout_document(payout) for payout in payouts]}


def payout_document(payout: PayoutProgress) -> dict[str, Any]:
    """One of the payouts that `status --json` prints."""
    return {
        "park_id": payout.park_id,
        "cadence": payout.cadence,
        "period": payout.period_name.isoformat(),
        "revision": payout.revision,
        "currency": payout.currency,
        "total": money_text(payout.total, payout.currency),
        "payment_progress": payout.payment_progress.value,
        "hold_reason": payout.hold_reason,
        **_held(payout),
        **_carried(payout, payout.currency),
        **({"retired": True} if payout.retired else {}),
        "orders": [_order(order, payout.currency) for order in payout.orders],
    }


def _held(payout: PayoutProgress) -> dict[str, Any]:
    """What only payouts have that are held, or were until somebody released them."""
    told: dict[str, Any] = {}
    if hold := payout.hold:
        times = {"since": utc_iso(hold.since), "expires_at": utc_iso(hold.expires_at)}
        told["hold"] = {**times, "outdated": hold.outdated, "digest": payout.digest}
    if release := payout.release:
        told["release"] = {"at": utc_iso(release.at), "by": release.by, "note": release.note}
    return told


def _order(order: OrderProgress, currency: str) -> dict[str, Any]:
    return {
        "external_ref": order.external_ref,
        "doc_id": order.doc_id,
        "amount": money_text(order.amount, currency),
        "payment_progress": order.payment_progress.value,
        "attempts": order.attempts,
        "last_error": order.last_error,
        **_carried(order, currency),
    }


def _carried(of: PayoutProgress | OrderProgress, currency: str) -> dict[str, str]:
    """What only payouts and orders have that make good what the park owed."""
    return {"carried": money_text(of.carried, currency)} if of.carried else {}
