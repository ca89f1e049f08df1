"""Where the payouts of a cadence stand, in numbers: what is open, what is held, what nobody knows (SPEC section 12)."""

import datetime as dt
from dataclasses import dataclass
from decimal import Decimal


@dataclass(frozen=True, slots=True)
class OpenPayouts:
    """Payouts of one cadence and currency with an order that is not created, held or not. `amount` is the money of
    those orders; `expired` how many are held for longer than somebody should have looked."""

    cadence: str
    currency: str
    held: bool
    payouts: int
    amount: Decimal
    oldest: dt.datetime
    expired: int


@dataclass(frozen=True, slots=True)
class UnknownOrders:
    """Orders of one cadence whose outcome nobody knows, and when the oldest of them was first claimed."""

    cadence: str
    orders: int
    oldest: dt.datetime


@dataclass(frozen=True, slots=True)
class Standing:
    """How far everything is at `at`, the store's clock. `known` has every (cadence, currency) that was ever configured,
    so that what is over can be told as zero."""

    at: dt.datetime
    known: frozenset[tuple[str, str]]
    open: tuple[OpenPayouts, ...] = ()
    unknown: tuple[UnknownOrders, ...] = ()
