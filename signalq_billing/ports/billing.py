"""The billing service, and our own books as they are held against its own."""

from collections.abc import Iterable, Iterator
from datetime import date, timedelta
from typing import Protocol

from signalq_billing.domain.discrepancy import OwnOrder
from signalq_billing.domain.order import BillingOrder, NotFound, Outcome, Rejected, Unavailable, Unknown
from signalq_billing.domain.progress import Claim


class Clock(Protocol):
    """The time of this machine, aware and in UTC. Leases go by the store's own clock instead."""


class BillingOrders(Protocol):
    """The billing service."""

    def ping(self) -> None:
        """Returns if it answers. Raises BillingUnavailable or BillingMisconfigured."""
        ...

    def create(self, claim: Claim) -> Outcome:
        """Send the claim's bytes under its key, once. Never raises for what the other side does."""
        ...

    def find(self, external_ref: str) -> BillingOrder | NotFound | Unavailable | Unknown | Rejected:
        """Ask for one order. Rejected: the service refuses to answer us (credentials, address)."""
        ...

    def listing(self, cadence: str, period_name: date) -> Iterator[BillingOrder]:
        """All orders of a period. Raises BillingUnavailable, BillingMisconfigured."""
        ...


class OrderBooks(Protocol):
    """Our orders as they are held against what billing-orders has. Raises StorageUnavailable."""

    def own_orders(self, cadence: str, period_name: date) -> list[OwnOrder]:
        """Every order of a period, retired ones too, bytewise by key."""
        ...

    def own_orders_named(self, external_refs: Iterable[str]) -> list[OwnOrder]:
        """The orders of these keys that there are, of whatever period, bytewise by key."""
        ...

    def periods_touched(self, within: timedelta | None) -> list[tuple[str, date]]:
        """(cadence, name) of the periods with a payout or an order changed within that time by the store's clock, or
        of all periods for None; the newest first."""
        ...
