"""How far an order got (SPEC section 7): the three states, a claim, and why a claim is refused."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from signalq_billing.domain.carrying import due


class PaymentProgress(StrEnum):
    """The only states there are; what they cannot say (held, ambiguous, attempts) lives beside them."""

    NOT_CREATED = "not_created"
    IN_PROGRESS = "in_progress"
    CREATED = "created"


class ClaimRefusal(StrEnum):
    """Why an order could not be claimed and sent. None of these is an error: somebody else got there, or must first."""

    CREATED = "created"
    IN_PROGRESS = "in_progress"
    NOT_STALE = "not_stale"
    HELD = "held"
    RETIRED = "retired"
    UNKNOWN_ORDER = "unknown_order"
    LATE = "late"  # claimed, but so much of the lease has gone by that the call might outlive it: nothing was sent


@dataclass(frozen=True, slots=True)
class Claim:
    """The right to send one order, until `claimed_until` by the database's clock.

    Only the holder of the order's current `fencing` number may record an outcome.
    """

    order_id: int
    payout_id: int
    park_id: str
    external_ref: str
    fencing: int
    claimed_until: dt.datetime
    body: bytes
    payload_hash: str
    amount: Decimal
    currency: str


@dataclass(frozen=True, slots=True)
class OrderProgress:
    """One order as people see it. `ambiguous`: it may have been sent although no answer says that it was created.
    `carried`, zero or less, is what was taken off its lines for what the park owed."""

    order_id: int
    external_ref: str
    device_id: str | None
    amount: Decimal
    payment_progress: PaymentProgress
    attempts: int
    doc_id: str | None
    last_error: str | None
    claimed_until: dt.datetime | None
    retry_at: dt.datetime | None
    ambiguous: bool = False
    carried: Decimal = Decimal(0)


@dataclass(frozen=True, slots=True)
class Hold:
    """Since when a payout is held, and until when somebody should have looked at it. `outdated`: it was computed anew
    since, so the reason it is held for may tell of other figures."""

    since: dt.datetime
    expires_at: dt.datetime
    outdated: bool = False

    def expired(self, now: dt.datetime) -> bool:
        """Whether it has waited for somebody for longer than it should."""
        return self.expires_at <= now


@dataclass(frozen=True, slots=True)
class Release:
    """Who let a held payout go, when and why."""

    at: dt.datetime
    by: str
    note: str


@dataclass(frozen=True, slots=True)
class PayoutProgress:
    """One payout as people see it. Its progress is `created` when all its orders are, `in_progress` when one is.
    `approved`: somebody released it, and it is still what was released. `digest` changes with any of its figures.
    `total` is below zero for a revision that takes something back; `carried`, zero or less, is how much of what the
    park owed this payout makes good. `retired`: its keys are dead, and a later revision stands for it."""

    payout_id: int
    park_id: str
    cadence: str
    period_name: dt.date
    revision: int
    currency: str
    total: Decimal
    devices: int
    reason: str | None
    hold_reason: str | None
    orders: Sequence[OrderProgress]
    approved: bool = False
    carried: Decimal = Decimal(0)
    retired: bool = False
    digest: str = ""
    hold: Hold | None = None
    release: Release | None = None

    @property
    def payment_progress(self) -> PaymentProgress:
        states = {order.payment_progress for order in self.orders}
        if states == {PaymentProgress.CREATED}:
            return PaymentProgress.CREATED
        if PaymentProgress.IN_PROGRESS in states:
            return PaymentProgress.IN_PROGRESS
        return PaymentProgress.NOT_CREATED

    @property
    def due(self) -> Decimal:
        """What its orders sum to: the total less what it carries, nothing where that is below zero."""
        return due(self.total, self.carried)

    @property
    def settled(self) -> bool:
        """Nothing is left to do: all orders are created, there is nothing to pay, or it never will be paid."""
        return self.retired or all(order.payment_progress is PaymentProgress.CREATED for order in self.orders)


class StoreResult(StrEnum):
    """What storing a computed payout did."""

    STORED = "stored"
    REPLACED = "replaced"
    UNCHANGED = "unchanged"
    FROZEN = "frozen"  # claimed before: what was stored stays, whether or not it differs
    OVERLAP = "overlap"  # refused: part of the period belongs to another payout of the park
    NOT_COMPUTED = "not_computed"  # the config's charge model or unit cannot be had: nothing was stored
