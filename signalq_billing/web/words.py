"""How the page writes things: money with its digits in groups, times in UTC with the cadence's own clock beside them,
ages, ids of any kind, and one word per state."""

import datetime as dt
from decimal import Decimal
from fractions import Fraction

from markupsafe import Markup, escape

from signalq_billing.domain.calculation import Calculation
from signalq_billing.domain.glance import PayoutState
from signalq_billing.domain.money import in_minor, money_text
from signalq_billing.domain.period import zone
from signalq_billing.domain.progress import PaymentProgress, PayoutProgress
from signalq_billing.domain.readable import name_text, number_text

STATE_WORDS = {
    PayoutState.HELD: "held",
    PayoutState.UNKNOWN: "outcome unknown",
    PayoutState.FAILED: "failed",
    PayoutState.NOT_CREATED: "not created",
    PayoutState.IN_PROGRESS: "in progress",
    PayoutState.CREATED: "created",
    PayoutState.ZERO: "zero",
    PayoutState.RETIRED: "retired",
}
# What each state asks of the one who reads it.
STATE_MEANINGS = {
    PayoutState.HELD: "A guard, a rejection or a person keeps it back until somebody releases it.",
    PayoutState.UNKNOWN: "billing-orders may or may not have the order; reconcile asks before anything is sent again.",
    PayoutState.FAILED: "The last try ended without an order; reconcile tries again.",
    PayoutState.NOT_CREATED: "Computed, and no order has been created yet.",
    PayoutState.IN_PROGRESS: "A worker is sending it, or waits for the answer.",
    PayoutState.CREATED: "billing-orders has the order, under a doc id.",
    PayoutState.ZERO: "There is nothing to pay; it is never sent.",
    PayoutState.RETIRED: "Never paid and never will be: a later revision stands for it.",
}
_GROUP = 3


def money(amount: Decimal, currency: str) -> Markup:
    """`1234567.00 RUB`: what is copied is that, what is seen has its digits in groups of three."""
    text = money_text(amount, currency)
    sign, digits = ("-", text[1:]) if text.startswith("-") else ("", text)
    whole, point, minor = digits.partition(".")
    first = len(whole) % _GROUP or _GROUP
    groups = [whole[:first], *(whole[at : at + _GROUP] for at in range(first, len(whole), _GROUP))]
    spans = Markup("").join(Markup("<span>{}</span>").format(group) for group in groups)
    kind = "money" if amount else "money none"
    return Markup('<span class="{}">{}{}{}{} <span class="currency">{}</span></span>').format(
        kind, sign, spans, point, minor, currency
    )


def name(text: str) -> Markup:
    """An id as it is, whatever its letters do to the direction of the text around it."""
    return Markup('<bdi class="name">{}</bdi>').format(name_text(text))


def instant(at: dt.datetime | None, timezone: str | None = None) -> Markup:
    """`2026-11-16 03:00 UTC`; on the clock of `timezone` in its title."""
    if at is None:
        return Markup('<span class="nothing">never</span>')
    utc = at.astimezone(dt.UTC)
    title = f"{utc:%Y-%m-%d %H:%M:%S} UTC"
    if timezone is not None:
        title += f", {at.astimezone(zone(timezone)):%Y-%m-%d %H:%M:%S} {timezone}"
    return Markup('<time datetime="{}" title="{}">{} UTC</time>').format(
        utc.isoformat(), title, f"{utc:%Y-%m-%d %H:%M}"
    )


def local(at: dt.datetime, timezone: str) -> str:
    """`2026-11-16 00:00` on the clock of `timezone`."""
    return f"{at.astimezone(zone(timezone)):%Y-%m-%d %H:%M}"


def age(since: dt.datetime, now: dt.datetime) -> str:
    """`2 d 3 h`, `3 h 5 min`, `4 min`: how long ago, in the two largest units."""
    minutes = max(int((now - since).total_seconds()), 0) // 60
    hours, days = minutes // 60, minutes // 1440
    if days:
        return f"{days} d {hours % 24} h" if days < 10 else f"{days} d"
    return f"{hours} h {minutes % 60} min" if hours else f"{minutes} min"


def count(number: int, noun: str) -> str:
    """`1 park`, `2,000 parks`."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def state(which: PayoutState) -> Markup:
    """A state as a badge: a colour, and always the word too."""
    return Markup('<span class="state state-{}" title="{}">{}</span>').format(
        which.value.replace("_", "-"), STATE_MEANINGS[which], STATE_WORDS[which]
    )


def exact(amount: Fraction, currency: str) -> str:
    """An amount before it is rounded: with the currency's digits where these are all there is to it."""
    return money_text(amount, currency) if in_minor(amount, currency).denominator == 1 else number_text(amount)


def state_of(payout: PayoutProgress, now: dt.datetime) -> PayoutState:
    """The state of one payout, as lists of many tell it."""
    if payout.retired:
        return PayoutState.RETIRED
    if payout.due <= 0:
        return PayoutState.ZERO
    if payout.settled:
        return PayoutState.CREATED
    if payout.hold_reason is not None:
        return PayoutState.HELD
    if any(order.claimed_until is not None and order.claimed_until <= now for order in payout.orders):
        return PayoutState.UNKNOWN
    waiting = [each for each in payout.orders if each.payment_progress is PaymentProgress.NOT_CREATED]
    if any(order.last_error is not None for order in waiting):
        return PayoutState.FAILED
    return PayoutState.NOT_CREATED if waiting else PayoutState.IN_PROGRESS


def limited_devices(made: Calculation, limit: Decimal) -> int:
    """How many devices' amounts this limit changed."""
    return sum(share.bounded != share.charged and share.bounded == limit for share in made.shares)


def marked_up(text: str) -> Markup:
    """Text with what stands between backticks as code."""
    parts = text.split("`")
    if len(parts) % 2 == 0:
        return escape(text)
    return Markup("").join(
        Markup("<code>{}</code>").format(part) if number % 2 else escape(part) for number, part in enumerate(parts)
    )
