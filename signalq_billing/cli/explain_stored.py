"""What `explain` shows of a stored payout whose charge model or unit is gone: all that was kept, and why no more."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from signalq_billing.domain.money import money_text

if TYPE_CHECKING:
    from signalq_billing.domain.record import PayoutRecord
    from signalq_billing.services.explain import NotRecalculated


def stored_document(gone: NotRecalculated, device_id: str) -> dict[str, Any]:
    """What `explain --json` prints then."""
    return {
        "park_id": gone.records[0].park_id,
        "device_id": device_id,
        "stored": True,
        "not_explained": str(gone),
        "revisions": [_revision(record, device_id) for record in gone.records],
    }


def _revision(record: PayoutRecord, device_id: str) -> dict[str, Any]:
    progress, line, order = record.progress, record.line_of(device_id), record.order_of(device_id)
    return {
        "revision": progress.revision,
        "currency": progress.currency,
        "total": money_text(progress.total, progress.currency),
        "payment_progress": progress.payment_progress.value,
        "retired": record.retired_at is not None,
        "config_version": record.origin.config.version,
        "amount": money_text(line.amount, progress.currency) if line else None,
        "active_seconds": line.active_seconds if line else None,
        "active_days": line.active_days if line else None,
        "day_seconds": list(line.day_seconds) if line else None,
        "reason": line.reason if line else None,
        "external_ref": order.external_ref if order else None,
        "doc_id": order.doc_id if order else None,
    }


def stored_text(gone: NotRecalculated, device_id: str) -> str:
    """The same for people."""
    lines = [f"{device_id} in park {gone.records[0].park_id}, as it is stored:"]
    for record in gone.records:
        progress, line, order = record.progress, record.line_of(device_id), record.order_of(device_id)
        total = f"{money_text(progress.total, progress.currency)} {progress.currency}"
        named = f"{progress.cadence} {progress.period_name}, revision {progress.revision}"
        version = record.origin.config.version
        lines.append(f"  {named}, config {version}: the park's total is {total}, {progress.payment_progress.value}")
        if line is None:
            lines.append("    the device has no line in it")
            continue
        lines.append(
            f"    its line: {money_text(line.amount, progress.currency)} {progress.currency} "
            f"for {line.active_days} active days, {line.active_seconds} s{f'; {line.reason}' if line.reason else ''}"
        )
        if order is not None:
            lines.append(f"    order {order.external_ref}: {order.doc_id or order.payment_progress.value}")
    lines += ["", f"How it was charged cannot be shown now: {gone}"]
    return "\n".join(lines)
