"""What we call created against what billing-orders has, order by order, in money per currency and never across
(SPEC section 7, Reconcile). Only told, never repaired."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum

from signalq_billing.domain.order import BillingOrder
from signalq_billing.domain.progress import PaymentProgress


class DiscrepancyKind(StrEnum):
    """In what we and billing-orders differ about an order."""

    MISSING_THERE = "missing_there"  # we call it created, billing-orders does not have it
    UNKNOWN_HERE = "unknown_here"  # billing-orders has it, nothing of ours has this external_ref
    NOT_CREATED_HERE = "not_created_here"  # billing-orders has it, we do not call it created
    RETIRED_HERE = "retired_here"  # billing-orders has it, its key is retired here: another revision pays instead
    PAID_TWICE = "paid_twice"  # marked as paid by hand, and billing-orders has it too
    OTHER_AMOUNT = "other_amount"
    OTHER_CURRENCY = "other_currency"
    OTHER_DOCUMENT = "other_document"  # the same money under another doc_id than the one we recorded
    DUPLICATE = "duplicate"  # a second document for one external_ref


@dataclass(frozen=True, slots=True)
class OwnOrder:
    """An order as we have it. `by_hand`: a person says that it was paid by hand, so billing-orders should not have it.
    `under_way`: a worker holds a claim on it that has not run out."""

    external_ref: str
    park_id: str
    revision: int
    device_id: str | None
    amount: Decimal
    currency: str
    payment_progress: PaymentProgress
    doc_id: str | None
    by_hand: bool = False
    retired: bool = False
    under_way: bool = False

    @property
    def expected_there(self) -> bool:
        """Whether we say that billing-orders created it."""
        return self.payment_progress is PaymentProgress.CREATED and not self.by_hand


@dataclass(frozen=True, slots=True)
class Discrepancy:
    """One order about which we and billing-orders differ; `ours` or `theirs` is None where one side has none."""

    kind: DiscrepancyKind
    external_ref: str
    ours: OwnOrder | None
    theirs: BillingOrder | None
    detail: str

    @property
    def differences(self) -> Mapping[str, Decimal]:
        """By currency: what billing-orders pays beyond what we say it pays; negative where it pays less."""
        money: dict[str, Decimal] = defaultdict(Decimal)
        if self.theirs is not None:
            money[self.theirs.currency] += self.theirs.amount
        if self.ours is not None and self.ours.expected_there and self.kind is not DiscrepancyKind.DUPLICATE:
            money[self.ours.currency] -= self.ours.amount
        return {currency: amount for currency, amount in sorted(money.items()) if amount}


@dataclass(frozen=True, slots=True)
class MoneyOff:
    """Discrepancies of one kind in one currency: how many, what billing-orders pays beyond what we say, and what it
    pays less. A kind whose money is right (another document) has a row with an empty currency."""

    kind: DiscrepancyKind
    currency: str
    count: int
    more: Decimal
    less: Decimal


@dataclass(slots=True)
class _Sum:
    count: int = 0
    more: Decimal = field(default_factory=Decimal)
    less: Decimal = field(default_factory=Decimal)


def money_off(found: Iterable[Discrepancy]) -> list[MoneyOff]:
    """Discrepancies summed up by kind and currency, sorted by them."""
    sums: dict[tuple[DiscrepancyKind, str], _Sum] = defaultdict(_Sum)
    for each in found:
        for currency, amount in each.differences.items() or [("", Decimal(0))]:
            of_kind = sums[each.kind, currency]
            of_kind.count += 1
            of_kind.more += max(amount, Decimal(0))
            of_kind.less += max(-amount, Decimal(0))
    ordered = sorted(sums.items(), key=lambda item: (list(DiscrepancyKind).index(item[0][0]), item[0][1]))
    return [MoneyOff(kind, currency, each.count, each.more, each.less) for (kind, currency), each in ordered]


def by_external_ref(listed: Iterable[BillingOrder]) -> dict[str, list[BillingOrder]]:
    """A listing by key; an order that two pages tell the same way is one order."""
    found: dict[str, list[BillingOrder]] = defaultdict(list)
    for order in listed:
        same = ((each.doc_id, each.amount, each.currency) for each in found[order.external_ref])
        if (order.doc_id, order.amount, order.currency) not in same:
            found[order.external_ref].append(order)
    return found


def of_listed(theirs: Sequence[BillingOrder], ours: OwnOrder | None, naming: str) -> Iterator[Discrepancy]:
    """What is wrong with the documents that billing-orders has under one key. `naming` is how our keys begin."""
    main = next((each for each in theirs if ours is not None and each.doc_id == ours.doc_id), theirs[0])
    told = _not_ours(main, naming) if ours is None else _against(main, ours)
    if told is not None:
        yield Discrepancy(told[0], main.external_ref, ours, main, told[1])
    for other in theirs:
        if other is not main:
            detail = f"billing-orders has {main.doc_id} for this key and {other.doc_id} as well: it may pay both"
            yield Discrepancy(DiscrepancyKind.DUPLICATE, other.external_ref, ours, other, detail)


def missing_there(ours: OwnOrder, asked: str) -> Discrepancy:
    """We say that it is created and billing-orders does not have it; `asked` tells how that was found out."""
    detail = f"we have it as {ours.doc_id} over {ours.amount} {ours.currency}; {asked}"
    return Discrepancy(DiscrepancyKind.MISSING_THERE, ours.external_ref, ours, None, detail)


def _not_ours(theirs: BillingOrder, naming: str) -> tuple[DiscrepancyKind, str]:
    named = "no order here has this key" if theirs.external_ref.startswith(naming) else "its key is not one of ours"
    said = f"billing-orders has {theirs.doc_id} over {theirs.amount} {theirs.currency}; {named}"
    return DiscrepancyKind.UNKNOWN_HERE, said


def _against(theirs: BillingOrder, ours: OwnOrder) -> tuple[DiscrepancyKind, str] | None:
    """The worst difference between an order's two sides; None if there is none, or a worker is at it right now."""
    there = f"billing-orders has {theirs.doc_id} over {theirs.amount} {theirs.currency}"
    if ours.by_hand:
        return DiscrepancyKind.PAID_TWICE, f"marked as paid by hand with {ours.doc_id}; {there} as well"
    if ours.retired:
        return DiscrepancyKind.RETIRED_HERE, f"its key is retired and another revision stands for it; {there}"
    if ours.payment_progress is not PaymentProgress.CREATED:
        if ours.under_way:
            return None
        here = f"here it is {ours.payment_progress.value}"
        if (theirs.amount, theirs.currency) != (ours.amount, ours.currency):
            here += f" over {ours.amount} {ours.currency}, which billing-orders will refuse"
        return DiscrepancyKind.NOT_CREATED_HERE, f"{there}, {here}: `reconcile` asks about it"
    we = f"we have {ours.doc_id} over {ours.amount} {ours.currency}"
    if theirs.currency != ours.currency:
        return DiscrepancyKind.OTHER_CURRENCY, f"{we}, {there}"
    if theirs.amount != ours.amount:
        return DiscrepancyKind.OTHER_AMOUNT, f"{we}, {there}"
    if theirs.doc_id != ours.doc_id:
        return DiscrepancyKind.OTHER_DOCUMENT, f"{we}, {there}"
    return None


@dataclass(frozen=True, slots=True)
class ComparedPeriod:
    """One period of a cadence against billing-orders. `here` counts orders that we say billing-orders created,
    `there` those that it listed, `under_way` those a worker was at. `not_compared` says why it could not be done.
    `currencies` are all that either side's orders are in."""

    cadence: str
    period_name: dt.date
    here: int = 0
    there: int = 0
    under_way: int = 0
    discrepancies: tuple[Discrepancy, ...] = ()
    warnings: tuple[str, ...] = ()
    not_compared: str = ""
    currencies: frozenset[str] = frozenset()
