"""What a person may do to payouts of a period, and what each action does, and does not do, in money."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from signalq_billing.domain.money import money_text
from signalq_billing.domain.progress import OrderProgress, PaymentProgress, PayoutProgress


class Action(StrEnum):
    """What the Payouts page offers to those who may act."""

    HOLD = "hold"
    RELEASE = "release"
    RESUBMIT = "resubmit"
    DRY_RUN = "dry_run"
    DOWNLOAD = "download"


@dataclass(frozen=True, slots=True)
class Share:
    """Some of the payouts somebody looks at, what becomes of them in words, and what money it is about."""

    words: str
    payouts: tuple[PayoutProgress, ...]
    amounts: Mapping[str, Decimal]

    @property
    def money(self) -> str:
        """The amounts per currency; empty where no money is in it."""
        return ", ".join(f"{money_text(amount, code)} {code}" for code, amount in sorted(self.amounts.items()))

    @property
    def text(self) -> str:
        """How many payouts, and how much."""
        count = len(self.payouts)
        return f"{count:,} payout{'s' if count != 1 else ''}{', ' if self.money else ''}{self.money}"


@dataclass(frozen=True, slots=True)
class Plan:
    """What an action would do with these payouts: what it touches, and what it leaves as it is."""

    action: Action
    touched: tuple[Share, ...]
    untouched: tuple[Share, ...]

    @property
    def payouts(self) -> tuple[PayoutProgress, ...]:
        """The payouts it touches."""
        return tuple(payout for share in self.touched for payout in share.payouts)


Rule = Callable[[PayoutProgress, dt.datetime], tuple[bool, str]]


def plan(action: Action, payouts: Sequence[PayoutProgress], now: dt.datetime) -> Plan:
    """What `action` would do at `now` with payouts of one period; those retired are not anybody's any more."""
    shares: dict[tuple[bool, str], list[PayoutProgress]] = {}
    for payout in payouts:
        if not payout.retired:
            shares.setdefault(_RULES[action](payout, now), []).append(payout)
    told = [(touched, _share(action, words, found)) for (touched, words), found in shares.items()]
    return Plan(action, tuple(each for touched, each in told if touched), tuple(each for t, each in told if not t))


def open_orders(payout: PayoutProgress) -> list[OrderProgress]:
    """The payout's orders that are not created."""
    return [order for order in payout.orders if order.payment_progress is not PaymentProgress.CREATED]


def sum_of(pairs: Iterable[tuple[str, Decimal]]) -> dict[str, Decimal]:
    """Amounts per currency."""
    sums: dict[str, Decimal] = defaultdict(Decimal)
    for currency, amount in pairs:
        sums[currency] += amount
    return dict(sums)


def _share(action: Action, words: str, payouts: Sequence[PayoutProgress]) -> Share:
    """Money still to be sent where some is, else what the payouts come to."""
    whole = action in (Action.DOWNLOAD, Action.DRY_RUN)
    open_ones = [(p.currency, order.amount) for p in payouts for order in open_orders(p) if not whole]
    amounts = sum_of(open_ones or [(payout.currency, payout.total) for payout in payouts])
    return Share(words, tuple(payouts), {code: amount for code, amount in amounts.items() if amount})


def _settled(payout: PayoutProgress) -> str:
    return "created already: what is paid stays paid" if payout.orders else "nothing to pay"


def _sent_now(payout: PayoutProgress, now: dt.datetime) -> bool:
    """Whether somebody's lease on one of its orders still runs."""
    return any(order.claimed_until and order.claimed_until > now for order in open_orders(payout))


def _holding(payout: PayoutProgress, _now: dt.datetime) -> tuple[bool, str]:
    if payout.settled:
        return False, _settled(payout)
    if payout.hold_reason is not None:
        return False, "held already: the reason stays as it is"
    if payout.payment_progress is PaymentProgress.IN_PROGRESS:
        return True, "held, but an order is on its way already: it is not called back"
    return True, "kept back: nothing is sent until somebody releases it"


def _releasing(payout: PayoutProgress, _now: dt.datetime) -> tuple[bool, str]:
    if payout.hold_reason is None:
        return False, "not held"
    if payout.settled:
        return True, "no longer held; nothing is sent, for all of it is created"
    return True, "let go: the next run or reconcile sends it"


def _resubmitting(payout: PayoutProgress, now: dt.datetime) -> tuple[bool, str]:
    if payout.settled:
        return False, _settled(payout)
    if payout.hold_reason is not None:
        return False, "held: release it first"
    if _sent_now(payout, now):
        return False, "being sent by a run at this moment"
    if payout.payment_progress is PaymentProgress.IN_PROGRESS:
        return True, "billing-orders is asked first, and gets it again only if it does not have it"
    return True, "sent to billing-orders, under the same key as before"


def _rehearsing(_payout: PayoutProgress, _now: dt.datetime) -> tuple[bool, str]:
    return False, "stored now: a dry run changes none of it"


def _downloading(_payout: PayoutProgress, _now: dt.datetime) -> tuple[bool, str]:
    return True, "in the file, line by line"


_RULES: Mapping[Action, Rule] = {
    Action.HOLD: _holding,
    Action.RELEASE: _releasing,
    Action.RESUBMIT: _resubmitting,
    Action.DRY_RUN: _rehearsing,
    Action.DOWNLOAD: _downloading,
}
