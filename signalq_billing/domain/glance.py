"""Payouts at a glance: the one word that tells how far each is, and sums by it for a park, a period, a cadence."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from signalq_billing.domain.payout import PayoutLine
from signalq_billing.domain.record import OrderAttempt, PayoutRecord


class PayoutState(StrEnum):
    """How far a payout is, the most urgent first; a park with several revisions is in the first state of any.

    HELD: somebody has to decide. UNKNOWN: an order may or may not exist, its lease has run out. FAILED: not created,
    and billing-orders said why. ZERO: nothing to pay. RETIRED: its keys are dead, a later revision stands for it.
    """

    HELD = "held"
    UNKNOWN = "unknown"
    FAILED = "failed"
    NOT_CREATED = "not_created"
    IN_PROGRESS = "in_progress"
    CREATED = "created"
    ZERO = "zero"
    RETIRED = "retired"


class ParkOrder(StrEnum):
    """What the parks of a period can be sorted by."""

    PARK = "park"
    TOTAL = "total"
    DEVICES = "devices"
    STATE = "state"
    REVISION = "revision"
    SINCE = "since"


@dataclass(frozen=True, slots=True)
class ParkSearch:
    """Which parks of a period are wanted, in which order, from which on. `text` is any part of an id, its Latin letters
    in any case."""

    state: PayoutState | None = None
    text: str = ""
    order: ParkOrder = ParkOrder.STATE
    descending: bool = False
    offset: int = 0
    limit: int = 100


@dataclass(frozen=True, slots=True)
class ParkGlance:
    """One park in one period and currency: sums over the revisions that stand, figures of the newest one.

    `since`: since when it is held or its orders were last touched, where any is open; `problem` says why.
    """

    park_id: str
    cadence: str
    period_name: dt.date
    timezone: str
    currency: str
    total: Decimal
    devices: int
    paid_devices: int
    state: PayoutState
    revision: int
    since: dt.datetime | None
    expires_at: dt.datetime | None
    problem: str | None


@dataclass(frozen=True, slots=True)
class ParkPage:
    """Some of the parks that were asked for, and how many there are of them."""

    rows: Sequence[ParkGlance]
    found: int


class LineOrder(StrEnum):
    """What the lines of a payout can be sorted by."""

    DEVICE = "device"
    SECONDS = "seconds"
    DAYS = "days"
    UNITS = "units"
    AMOUNT = "amount"


@dataclass(frozen=True, slots=True)
class LineSearch:
    """Which lines of a payout are wanted, in which order. `text` is part of their device ids, in any case of its
    letters from A to Z."""

    text: str = ""
    order: LineOrder = LineOrder.DEVICE
    descending: bool = False
    offset: int = 0
    limit: int = 100


@dataclass(frozen=True, slots=True)
class LineGlance:
    """A line of the newest revision, and what the device gets over all revisions that stand."""

    line: PayoutLine
    paid: Decimal


@dataclass(frozen=True, slots=True)
class LinePage:
    """Some of the lines that were asked for, and how many there are of them."""

    rows: Sequence[LineGlance]
    found: int


@dataclass(frozen=True, slots=True)
class Revision:
    """One of a park's payouts of a period, at a glance: `record` has no lines, and of its orders the first ones and one
    of each state there is. `eligible`: how many lines have no reason to be zero."""

    record: PayoutRecord
    orders: int
    eligible: int
    attempts: Sequence[OrderAttempt]
    attempts_found: int


@dataclass(frozen=True, slots=True)
class StateSum:
    """Parks of a period in one state and currency, and what they are paid together. A park that pays in two currencies
    counts in both."""

    state: PayoutState
    currency: str
    parks: int
    total: Decimal


@dataclass(frozen=True, slots=True)
class PeriodGlance:
    """One period of a cadence as it is stored."""

    cadence: str
    name: dt.date
    sums: Sequence[StateSum]

    @property
    def parks(self) -> int:
        return sum(each.parks for each in self.sums)

    @property
    def totals(self) -> dict[str, Decimal]:
        """What the period pays, by currency."""
        found: dict[str, Decimal] = {}
        for each in self.sums:
            found[each.currency] = found.get(each.currency, Decimal(0)) + each.total
        return found


@dataclass(frozen=True, slots=True)
class TrendPoint:
    """What a park was paid for one period of a cadence, over all revisions that stand, and how that went."""

    period_name: dt.date
    currency: str
    total: Decimal
    devices: int
    state: PayoutState


@dataclass(frozen=True, slots=True)
class HistoryEntry:
    """One thing that happened to a payout: who did what, when and why."""

    at: dt.datetime
    actor: str
    action: str
    revision: int | None
    external_ref: str | None
    why: str
    data: dict[str, object]
