"""An explanation in words: what a device earned and why, from the amount down to the arithmetic. A terminal and a page
show the same words, each in its own shapes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from signalq_billing.domain.calculation import Share
from signalq_billing.domain.config import Limits, Scope
from signalq_billing.domain.config_body import decimal_text, model_name
from signalq_billing.domain.money import from_minor, in_minor, money_text
from signalq_billing.domain.payout import PayoutLine
from signalq_billing.domain.readable import name_text, number_text, plural
from signalq_billing.domain.units import counted_text
from signalq_billing.domain.why import why_no_line, why_nothing
from signalq_billing.services.explain import Explanation


@dataclass(frozen=True, slots=True)
class Heading:
    """A section begins."""

    text: str


@dataclass(frozen=True, slots=True)
class Note:
    """A sentence or two."""

    text: str


@dataclass(frozen=True, slots=True)
class Alarm(Note):
    """A sentence that tells of something that does not add up."""


@dataclass(frozen=True, slots=True)
class Figure:
    """A step of the arithmetic with its result; empty where it changes nothing."""

    label: str
    figure: str


@dataclass(frozen=True, slots=True)
class Facts:
    """Names with their values."""

    pairs: Sequence[tuple[str, str]]


Block = Heading | Note | Figure | Facts


def why(told: Explanation, unasked: str) -> str:
    """Why the device earned nothing, in a sentence or two; empty if it earned something. `unasked` says why the source
    was not asked, where it was not."""
    if told.line is not None and told.share is not None:
        return why_nothing(told.line, told.share, told.terms)
    if told.timeline is None or told.history is None:
        return f"The payout has no line for it. Why is not shown: {unasked}."
    return why_no_line(told.timeline, told.history, [line.device_id for line in told.lines])


def answer(told: Explanation, unasked: str) -> Iterator[Block]:
    """What the device earned, and why that is all."""
    where = f"{name_text(told.device_id)} in park {name_text(told.park_id)}, {told.period}"
    if told.line is None:
        yield Note(f"{where}: has no line in this payout.")
    elif told.line.reason is None:
        yield Note(f"{where}: earned {money(told, told.paid[told.device_id])}{_in_parts(told)}.")
        yield Note(_summary(told, told.line))
    else:
        yield Note(f"{where}: earned nothing.")
    if reason := why(told, unasked):
        yield Note(reason)
    if told.stored is None:
        yield Note("No payout is stored for this period yet: this is what a run would pay now.")
    elif told.stored.progress.hold_reason:
        yield Note(f"The payout is held: {told.stored.progress.hold_reason}")
    if told.stored is not None and not _agrees(told):
        yield Alarm(
            f"The lines below do not make the amounts stored: computed by {told.stored.origin.code_version}, they "
            "come to others by the code that runs now, or were changed in the database since. `verify` tells which."
        )
    if told.changed_days:
        yield Alarm(
            "status_history tells other seconds now than when the payout was computed; the days are named below."
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


def payout(told: Explanation) -> Iterator[Block]:
    """The park's payout: what it sums up to, and what its limits did."""
    terms, made, limits = told.terms, told.calculation, told.terms.limits
    paid = sum(line.reason is None for line in told.lines)
    computed = from_minor(made.total_minor, terms.currency)
    stored = sum((each.progress.total for each in told.standing), Decimal(0)) if told.standing else computed
    yield Heading(f"Payout of the park: {money(told, stored)}")
    if stored != computed:
        yield Alarm(f"The lines stored with it come to {money(told, computed)}.")
    yield Note(
        f"{plural(len(told.lines), 'device')}, {made.eligible} eligible (at least "
        f"{plural(terms.min_active_days, 'active day')}), {paid} paid."
    )
    if terms.charge.scope is Scope.PARK:
        yield Figure(
            f"the park's charge, for {_units(told, made.park_units or Fraction(0))}", _exact(told, made.charged)
        )
    else:
        yield Figure("sum over the eligible devices", _exact(told, made.charged))
    for name, limit in (("park_min", limits.park_min), ("park_max", limits.park_max)):
        if limit is not None:
            applied = made.limited != made.charged and made.limited == Fraction(limit)
            effect = "applied, every device's amount scales with it" if applied else "changes nothing"
            yield Figure(f"{name} {decimal_text(limit)}: {effect}", _exact(told, made.limited) if applied else "")
    rounded = money_text(from_minor(made.total_minor, terms.currency), terms.currency)
    yield Figure(f"rounded once, {terms.rounding.value}", rounded)


def line(told: Explanation) -> Iterator[Block]:
    """The device's part of it, step by step."""
    share, line = told.share, told.line
    if share is None or line is None or not share.counted.eligible:
        return
    yield Heading(f"Its line: {money(told, told.paid[line.device_id])}")
    yield from _charged(told, share)
    if told.terms.charge.scope is Scope.DEVICE:
        yield from _device_limits(told, share)
    if share.exact != share.bounded:
        yield Figure("scaled with the park's total", _exact(told, share.exact))
    left_over = share.left_over(told.terms.currency)
    down = from_minor(share.minor - left_over, told.terms.currency)
    yield Figure("rounded down to whole minor units", money_text(down, told.terms.currency))
    if left_over:
        one = money_text(from_minor(1, told.terms.currency), told.terms.currency)
        yield Figure("one of the minor units left over: among the largest remainders", f"+{one}")


def _charged(told: Explanation, share: Share) -> Iterator[Block]:
    if told.terms.charge.scope is Scope.DEVICE:
        yield Figure(f"charge for {_units(told, share.counted.units)}", _exact(told, share.charged))
    elif told.calculation.park_units:
        part = f"{number_text(share.counted.units)} of {_units(told, told.calculation.park_units)}"
        yield Figure(f"its part of the park's charge: {part}", _exact(told, share.charged))
    else:
        yield Figure("an equal part of the park's charge", _exact(told, share.charged))


def _device_limits(told: Explanation, share: Share) -> Iterator[Block]:
    limits = told.terms.limits
    for name, limit in (("device_min", limits.device_min), ("device_max", limits.device_max)):
        if limit is not None:
            applied = share.bounded != share.charged and share.bounded == Fraction(limit)
            effect = "applied" if applied else "changes nothing"
            yield Figure(f"{name} {decimal_text(limit)}: {effect}", _exact(told, share.bounded) if applied else "")


def charge(told: Explanation) -> Iterator[Block]:
    """How the charge model came to its price."""
    if not told.steps:
        return
    charge = told.terms.charge
    over = "all eligible devices of the park together" if charge.scope is Scope.PARK else "this device"
    yield Heading(f"Charge: {model_name(charge.model)}, for {over}")
    for step in told.steps:
        yield Figure(step.text, _exact(told, step.amount))
    if len(told.steps) > 1:
        yield Figure("together", _exact(told, sum((step.amount for step in told.steps), Fraction(0))))


def _units(told: Explanation, quantity: Fraction) -> str:
    unit = told.terms.charge.unit
    return counted_text(unit, quantity) if unit else "being eligible"


def money(told: Explanation, amount: Decimal) -> str:
    """An amount with its currency."""
    return f"{money_text(amount, told.terms.currency)} {told.terms.currency}"


def _exact(told: Explanation, amount: Fraction) -> str:
    """An amount before it is rounded: with the currency's digits where these are all there is to it."""
    currency = told.terms.currency
    return money_text(amount, currency) if in_minor(amount, currency).denominator == 1 else number_text(amount)
