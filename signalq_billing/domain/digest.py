"""A payout's fingerprint: equal for payouts that are equal in every figure, and only for them."""

import hashlib
import json
from fractions import Fraction

from signalq_billing.domain.config_body import body_hash
from signalq_billing.domain.order import utc_iso
from signalq_billing.domain.payout import Payout, PayoutLine


def payout_digest(payout: Payout) -> str:
    """SHA-256 of all that was computed and of the config it was computed by."""
    period = payout.period
    content = {
        "park_id": payout.park_id,
        "period": [period.cadence, str(period.name), utc_iso(period.start), utc_iso(period.end), period.timezone],
        "revision": payout.revision,
        "config": body_hash(payout.config),
        "currency": payout.currency,
        "total": format(payout.total, "f"),
        "reason": payout.reason,
        "lines": [_line(line) for line in sorted_lines(payout)],
    }
    text = json.dumps(content, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def sorted_lines(payout: Payout) -> list[PayoutLine]:
    """The lines, bytewise by device."""
    return sorted(payout.lines, key=lambda line: line.device_id.encode())


def exact(units: Fraction) -> str:
    """Units as n/d, in lowest terms."""
    return f"{units.numerator}/{units.denominator}"


def _line(line: PayoutLine) -> list[object]:
    activity = (line.device_id, line.active_seconds, line.active_days, list(line.day_seconds))
    return [*activity, exact(line.units), format(line.amount, "f"), line.reason]
