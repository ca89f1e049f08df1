"""The lower end of an explanation in words: what an amount was computed from, and the orders that pay it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

from signalq_billing.domain.clock_text import instant
from signalq_billing.domain.progress import OrderProgress
from signalq_billing.domain.readable import plural
from signalq_billing.domain.record import PayoutRecord
from signalq_billing.services.explain import Explanation
from signalq_billing.services.explanation import Block, Facts, Heading, Note, money


def origin(told: Explanation) -> Iterator[Block]:
    """What the payout was computed from."""
    facts, stored = told.facts, told.stored
    yield Heading("What it was computed from")
    applied = f", applied {_utc(told.applied_at)} by {told.applied_by}" if told.applied_at else ""
    bad = facts.bad_rows.total
    considered = facts.bad_rows.considered
    rows = f"{plural(facts.rows_read, 'row')}; {bad} of {considered} in reach of the period unusable and left out"
    found = [
        ("config", f"version {told.config.version}{applied}"),
        ("period", f"{instant(told.period.start, told.period)} to {instant(told.period.end, told.period)} "
                   f"{told.period.timezone}"),
        ("source", f"read {_utc(facts.clock)}, complete up to {_utc(facts.watermark)}; {rows}"),
    ]  # fmt: skip
    if facts.source_revision:
        found.append(("its state", facts.source_revision))
    if stored is not None:
        origin = stored.origin
        found.append(("computed", f"{_utc(origin.computed_at)} by {origin.code_version}"))
        found.append(("digests", f"payout {origin.digest[:16]}, activity {origin.activity_digest[:16] or 'not kept'}"))
    yield Facts(found)


def orders(told: Explanation) -> Iterator[Block]:
    """The orders that pay the device, and every attempt at them."""
    if told.stored is None:
        return
    yield Heading("Order and attempts" if len(told.orders) < 2 else "Orders and attempts")
    if len(told.revisions) > 1:
        yield Note(f"This is revision {told.stored.progress.revision} of {len(told.revisions)}.")
        for record in told.revisions:
            yield from _revision(told, record)
    if not told.orders:
        yield Note("No order pays this device." if told.line else "No order is about this device.")
    for record, order in told.orders:
        yield from _order(told, record, order)


def _revision(told: Explanation, record: PayoutRecord) -> Iterator[Block]:
    """What one revision pays or takes back, the park and this device."""
    progress, line = record.progress, record.line_of(told.device_id)
    carried = f", {money(told, -progress.carried)} of it made good what the park owed" if progress.carried else ""
    retired = ", retired: it was never paid and never will be" if record.retired_at else ""
    own = f", {money(told, line.amount)} for this device" if line is not None else ""
    yield Note(f"Revision {progress.revision}: {money(told, progress.total)} for the park{carried}{own}{retired}.")


def _order(told: Explanation, record: PayoutRecord, order: OrderProgress) -> Iterator[Block]:
    whole = "" if order.device_id is not None else ", of the whole park"
    carried = f", after {money(told, -order.carried)} that was carried" if order.carried else ""
    revision = [("revision", str(record.progress.revision))] if len(told.orders) > 1 else []
    yield Facts(
        [
            *revision,
            ("order", order.external_ref),
            ("amount", f"{money(told, order.amount)}{whole}{carried}"),
            ("progress", order.payment_progress.value + (f", doc {order.doc_id}" if order.doc_id else "")),
            *([("last error", order.last_error)] if order.last_error else []),
        ]
    )
    for attempt in told.attempts:
        if attempt.order_id == order.order_id:
            what = "sent" if attempt.purpose == "pay" else "asked about"
            outcome = attempt.outcome or "nothing recorded"
            detail = f" ({attempt.detail})" if attempt.detail else ""
            yield Note(f"{_utc(attempt.claimed_at)} {what} by {attempt.worker}: {outcome}{detail}")


def _utc(at: dt.datetime | None) -> str:
    return f"{at.astimezone(dt.UTC):%Y-%m-%d %H:%M:%S} UTC" if at else "nowhere"
