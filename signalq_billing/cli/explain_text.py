"""An explanation as text for people: from the amount down to the seconds, in 80 columns."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterator
from decimal import Decimal
from fractions import Fraction

from signalq_billing.cli import explain_days
from signalq_billing.cli.explain_layout import heading, instant, pairs, paragraph, plural, row
from signalq_billing.domain.calculation import Share
from signalq_billing.domain.config import Limits, Scope
from signalq_billing.domain.config_body import decimal_text, model_name
from signalq_billing.domain.money import from_minor, in_minor, money_text
from signalq_billing.domain.payout import PayoutLine
from signalq_billing.domain.progress import OrderProgress
from signalq_billing.domain.readable import name_text, number_text
from signalq_billing.domain.record import PayoutRecord
from signalq_billing.domain.units import counted_text
from signalq_billing.domain.why import why_no_line, why_nothing
from signalq_billing.services.explain import Explanation


def explanation_text(told: Explanation, days: Collection[dt.date] = (), everything: bool = False) -> str:
    """The whole explanation; `days` limits the intervals to some days, `everything` shows all of every day."""
    lines = [
        *_answer(told),
        *_payout(told),
        *_line(told),
        *_charge(told),
        *explain_days.days(told),
        *explain_days.intervals(told, days, everything),
        *_origin(told),
        *_orders(told),
    ]
    return "\n".join(lines)


def why(told: Explanation) -> str:
    """Why the device earned nothing, in a sentence or two; empty if it earned something."""
    if told.line is not None and told.share is not None:
        return why_nothing(told.line, told.share, told.terms)
    if told.timeline is None or told.history is None:
        return f"The payout has no line for it. Why is not shown: {explain_days.unasked(told)}."
    return why_no_line(told.timeline, told.history, [line.device_id for line in told.lines])


def _answer(told: Explanation) -> Iterator[str]:
    where = f"{name_text(told.device_id)} in park {name_text(told.park_id)}, {told.period}"
    if told.line is None:
        yield from paragraph(f"{where}: has no line in this payout.")
    elif told.line.reason is None:
        yield from paragraph(f"{where}: earned {_money(told, told.paid[told.device_id])}{_in_parts(told)}.")
        yield from paragraph(_summary(told, told.line))
    else:
        yield from paragraph(f"{where}: earned nothing.")
    yield from paragraph(why(told))
    if told.stored is None:
        yield from paragraph("No payout is stored for this period yet: this is what a run would pay now.")
    elif told.stored.progress.hold_reason:
        yield from paragraph(f"The payout is held: {told.stored.progress.hold_reason}")
    if told.stored is not None and not _agrees(told):
        yield from paragraph(
            f"! The lines below do not make the amounts stored: computed by {told.stored.origin.code_version}, they "
            "come to others by the code that runs now, or were changed in the database since. `verify` tells which."
        )
    if told.changed_days:
        yield from paragraph(
            "! status_history tells other seconds now than when the payout was computed; the days are named below."
        )


def _in_parts(told: Explanation) -> str:
    """How much of it each revision paid, where there are several."""
    if len(told.standing) < 2:
        return ""
    lines = ((record, record.line_of(told.device_id)) for record in told.standing)
    parts = [f"{line.amount} by revision {each.progress.revision}" for each, line in lines if line is not None]
    return f" ({', '.join(parts)})"


def _summary(told: Explanation, line: PayoutLine) -> str:
    """In one sentence, how the amount came about."""
    charge, days = told.terms.charge, plural(line.active_days, "active day")
    counted = f"counted {_units(told, line.units)}" if charge.unit else "is eligible"
    if charge.unit != "active_day":
        counted += f" ({days})"
    if charge.scope is Scope.PARK:
        return f"It {counted}; the park is charged once ({model_name(charge.model)}), and this is its part of that."
    limited = " and limits make" if told.terms.limits != Limits() else " makes"
    return f"It {counted}; the park's charge model ({model_name(charge.model)}){limited} this of it."


def _agrees(told: Explanation) -> bool:
    """Whether the arithmetic shown is that of the amounts stored: of all revisions that stand together."""
    made = [from_minor(share.minor, told.terms.currency) for share in told.calculation.shares]
    return made == [told.paid[line.device_id] for line in told.lines]


def _payout(told: Explanation) -> Iterator[str]:
    terms, made, limits = told.terms, told.calculation, told.terms.limits
    paid = sum(line.reason is None for line in told.lines)
    computed = from_minor(made.total_minor, terms.currency)
    stored = sum((each.progress.total for each in told.standing), Decimal(0)) if told.standing else computed
    yield from heading(f"Payout of the park: {_money(told, stored)}")
    if stored != computed:
        yield from paragraph(f"! The lines stored with it come to {_money(told, computed)}.", "  ")
    yield from paragraph(
        f"{plural(len(told.lines), 'device')}, {made.eligible} eligible (at least "
        f"{plural(terms.min_active_days, 'active day')}), {paid} paid.",
        "  ",
    )
    if terms.charge.scope is Scope.PARK:
        yield from row(
            f"the park's charge, for {_units(told, made.park_units or Fraction(0))}", _exact(told, made.charged)
        )
    else:
        yield from row("sum over the eligible devices", _exact(told, made.charged))
    for name, limit in (("park_min", limits.park_min), ("park_max", limits.park_max)):
        if limit is not None:
            applied = made.limited != made.charged and made.limited == Fraction(limit)
            effect = "applied, every device's amount scales with it" if applied else "changes nothing"
            yield from row(f"{name} {decimal_text(limit)}: {effect}", _exact(told, made.limited) if applied else "")
    rounded = money_text(from_minor(made.total_minor, terms.currency), terms.currency)
    yield from row(f"rounded once, {terms.rounding.value}", rounded)


def _line(told: Explanation) -> Iterator[str]:
    share, line = told.share, told.line
    if share is None or line is None or not share.counted.eligible:
        return
    yield from heading(f"Its line: {_money(told, told.paid[line.device_id])}")
    yield from _charged(told, share)
    if told.terms.charge.scope is Scope.DEVICE:
        yield from _device_limits(told, share)
    if share.exact != share.bounded:
        yield from row("scaled with the park's total", _exact(told, share.exact))
    left_over = share.left_over(told.terms.currency)
    down = from_minor(share.minor - left_over, told.terms.currency)
    yield from row("rounded down to whole minor units", money_text(down, told.terms.currency))
    if left_over:
        one = money_text(from_minor(1, told.terms.currency), told.terms.currency)
        yield from row("one of the minor units left over: among the largest remainders", f"+{one}")


def _charged(told: Explanation, share: Share) -> Iterator[str]:
    if told.terms.charge.scope is Scope.DEVICE:
        yield from row(f"charge for {_units(told, share.counted.units)}", _exact(told, share.charged))
    elif told.calculation.park_units:
        part = f"{number_text(share.counted.units)} of {_units(told, told.calculation.park_units)}"
        yield from row(f"its part of the park's charge: {part}", _exact(told, share.charged))
    else:
        yield from row("an equal part of the park's charge", _exact(told, share.charged))


def _device_limits(told: Explanation, share: Share) -> Iterator[str]:
    limits = told.terms.limits
    for name, limit in (("device_min", limits.device_min), ("device_max", limits.device_max)):
        if limit is not None:
            applied = share.bounded != share.charged and share.bounded == Fraction(limit)
            effect = "applied" if applied else "changes nothing"
            yield from row(f"{name} {decimal_text(limit)}: {effect}", _exact(told, share.bounded) if applied else "")


def _charge(told: Explanation) -> Iterator[str]:
    if not told.steps:
        return
    charge = told.terms.charge
    over = "all eligible devices of the park together" if charge.scope is Scope.PARK else "this device"
    yield from heading(f"Charge: {model_name(charge.model)}, for {over}")
    for step in told.steps:
        yield from row(step.text, _exact(told, step.amount))
    if len(told.steps) > 1:
        yield from row("together", _exact(told, sum((step.amount for step in told.steps), Fraction(0))))


def _origin(told: Explanation) -> Iterator[str]:
    facts, stored = told.facts, told.stored
    yield from heading("What it was computed from")
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
    yield from pairs(found, 10)


def _orders(told: Explanation) -> Iterator[str]:
    if told.stored is None:
        return
    yield from heading("Order and attempts" if len(told.orders) < 2 else "Orders and attempts")
    if len(told.revisions) > 1:
        yield from paragraph(f"This is revision {told.stored.progress.revision} of {len(told.revisions)}.", "  ")
        for record in told.revisions:
            yield from _revision(told, record)
    if not told.orders:
        yield from paragraph("No order pays this device." if told.line else "No order is about this device.", "  ")
    for record, order in told.orders:
        yield from _order(told, record, order)


def _revision(told: Explanation, record: PayoutRecord) -> Iterator[str]:
    """What one revision pays or takes back, the park and this device."""
    progress, line = record.progress, record.line_of(told.device_id)
    carried = f", {_money(told, -progress.carried)} of it made good what the park owed" if progress.carried else ""
    retired = ", retired: it was never paid and never will be" if record.retired_at else ""
    own = f", {_money(told, line.amount)} for this device" if line is not None else ""
    yield from paragraph(
        f"Revision {progress.revision}: {_money(told, progress.total)} for the park{carried}{own}{retired}.", "  "
    )


def _order(told: Explanation, record: PayoutRecord, order: OrderProgress) -> Iterator[str]:
    whole = "" if order.device_id is not None else ", of the whole park"
    carried = f", after {_money(told, -order.carried)} that was carried" if order.carried else ""
    revision = [("revision", str(record.progress.revision))] if len(told.orders) > 1 else []
    yield from pairs(
        [
            *revision,
            ("order", order.external_ref),
            ("amount", f"{_money(told, order.amount)}{whole}{carried}"),
            ("progress", order.payment_progress.value + (f", doc {order.doc_id}" if order.doc_id else "")),
            *([("last error", order.last_error)] if order.last_error else []),
        ],
        10,
    )
    for attempt in told.attempts:
        if attempt.order_id == order.order_id:
            what = "sent" if attempt.purpose == "pay" else "asked about"
            outcome = attempt.outcome or "nothing recorded"
            detail = f" ({attempt.detail})" if attempt.detail else ""
            yield from paragraph(f"{_utc(attempt.claimed_at)} {what} by {attempt.worker}: {outcome}{detail}", "  ")


def _units(told: Explanation, quantity: Fraction) -> str:
    unit = told.terms.charge.unit
    return counted_text(unit, quantity) if unit else "being eligible"


def _money(told: Explanation, amount: Decimal) -> str:
    return f"{money_text(amount, told.terms.currency)} {told.terms.currency}"


def _exact(told: Explanation, amount: Fraction) -> str:
    """An amount before it is rounded: with the currency's digits where these are all there is to it."""
    currency = told.terms.currency
    return money_text(amount, currency) if in_minor(amount, currency).denominator == 1 else number_text(amount)


def _utc(at: dt.datetime | None) -> str:
    return f"{at.astimezone(dt.UTC):%Y-%m-%d %H:%M:%S} UTC" if at else "nowhere"
