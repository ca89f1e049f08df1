"""Payouts as they are stored, with how far each got."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Protocol

from signalq_billing.domain.activity import ActivitySnapshot
from signalq_billing.domain.config import ParkConfig
from signalq_billing.domain.marking import Mark, MarkedBy, StoredOrder
from signalq_billing.domain.order import NotFound, Outcome
from signalq_billing.domain.paid import StoredTotal
from signalq_billing.domain.payment_history import PaymentHistory
from signalq_billing.domain.payout import Payout, PayoutLine
from signalq_billing.domain.period import Period
from signalq_billing.domain.progress import Claim, ClaimRefusal, PayoutProgress, StoreResult
from signalq_billing.domain.record import OrderAttempt, PayoutRecord


class Clock(Protocol):
    """The time of this machine, aware and in UTC. Leases go by the store's own clock instead."""


@dataclass(frozen=True, slots=True)
class StoredPayout:
    """Where a computed payout went. `problem` says, for an OVERLAP, whose time it runs into and what to do, and for
    one NOT_COMPUTED why."""

    payout_id: int | None
    park_id: str
    result: StoreResult
    order_count: int
    problem: str = ""


class PayoutStore(Protocol):
    """Progress of payouts. Every method is one transaction; leases and claims go by the store's clock. Every change
    appends to the history in the same transaction. Raises StorageUnavailable, MigrationsMissing."""

    def ping(self) -> None: ...

    def save_snapshot(self, snapshot: ActivitySnapshot, actor: str) -> int:
        """Keep what an extraction was made from; returns its id."""
        ...

    def snapshot(self, snapshot_id: int) -> ActivitySnapshot: ...

    def store(self, payouts: Iterable[Payout], snapshot_id: int, actor: str) -> list[StoredPayout]:
        """Store computed payouts with their lines and orders; a park that is refused keeps no other from being stored.

        Never claimed before: lines are replaced. Claimed: nothing changes (FROZEN). A park with another payout over
        part of the period: nothing is stored for it (OVERLAP), unless the other one was never claimed and pays
        nothing: that one gives way.
        """
        ...

    def overlaps(self, period: Period, park_ids: Sequence[str]) -> list[tuple[str, str]]:
        """(park_id, what is wrong and what to do) for parks with a payout over part of this period but not for it."""
        ...

    def void_missing(self, period: Period, keep: Iterable[str], actor: str) -> list[str]:
        """Take back payouts of this period for parks not in `keep` that were never claimed; returns those parks."""
        ...

    def payouts(
        self,
        cadence: str | None = None,
        period_name: date | None = None,
        park_ids: Sequence[str] | None = None,
    ) -> list[PayoutProgress]:
        """Payouts sorted by cadence, period, park (bytewise) and revision."""
        ...

    def records(
        self, cadence: str | None, period_name: date, park_ids: Sequence[str] | None = None
    ) -> list[PayoutRecord]:
        """The payouts of one period with lines and what they were computed from, sorted by cadence, park (bytewise)
        and revision. Raises SourceInvalid if time zone data changed a stored period's bounds since."""
        ...

    def each_payout(self, cadence: str | None = None, period_name: date | None = None) -> Iterator[PayoutProgress]:
        """What `payouts` gives, of one state of the store, without ever holding much of it."""
        ...

    def each_record(
        self, cadence: str | None, period_name: date, park_ids: Sequence[str] | None = None
    ) -> Iterator[PayoutRecord]:
        """What `records` gives, of one state of the store, without ever holding much of it."""
        ...

    def stored_totals(self, period: Period, park_ids: Sequence[str]) -> list[StoredTotal]:
        """What is stored under the name of `period`, for any park, and for these parks over any part of its time;
        sorted by park (bytewise), cadence and time."""
        ...

    def payment_histories(self, payout_ids: Sequence[int], periods: int) -> list[PaymentHistory]:
        """What these payouts' parks were paid before them, `periods` settled periods back; adjustments are left out."""
        ...

    def period_totals(self, cadence: str, period_name: date) -> Mapping[tuple[str, str], Decimal]:
        """What a period pays by (park_id, currency): sums over revisions, retired ones left out."""
        ...

    def config_versions(self, ids: Iterable[int]) -> Mapping[int, ParkConfig]:
        """Config versions by the ids that payment histories name, superseded ones among them."""
        ...

    def lines(self, payout_id: int) -> list[PayoutLine]:
        """The lines of one payout, bytewise by device."""
        ...

    def attempts(self, payout_id: int) -> list[OrderAttempt]:
        """Every claim of the payout's orders and what came of it, in the order they were made."""
        ...

    def unfinished(self, limit: int) -> list[PayoutProgress]:
        """Payouts of any period that reconcile should go on with, those never tried first, then those tried longest
        ago: an order is `not_created` and its `retry_at` has passed, or `in_progress` with a lease that has run out.
        Retired ones are left out, and of held ones those without a lease that has run out: asking about an order moves
        no money."""
        ...

    def claim(self, order_id: int, worker: str, lease: timedelta) -> Claim | ClaimRefusal:
        """Commit `in_progress` for an order that is `not_created`, with a new fencing number; freezes the payload."""
        ...

    def claim_stale(self, order_id: int, worker: str, lease: timedelta) -> Claim | ClaimRefusal:
        """Take over an `in_progress` order whose lease has run out, to ask about it. Not an attempt to pay."""
        ...

    def record(self, claim: Claim, outcome: Outcome | NotFound, actor: str) -> bool:
        """Record what came of a claim; False if the fencing number is no longer current, and then nothing changes.

        Created -> `created`. Rejected -> `not_created` and the payout is held. Misconfigured, Unavailable, NotFound
        -> `not_created` (with `retry_at`). Unknown -> stays `in_progress`, its lease ended.
        """
        ...

    def hold(self, payout_id: int, reason: str, actor: str) -> None:
        """Hold a payout; one whose orders are all created stays as it is."""
        ...

    def release(self, payout_id: int, by: str, note: str, digest: str | None = None) -> bool:
        """Let a held payout go, approved as it stands; False if it is not held. Raises Refused if it is not what
        `digest` stands for any more."""
        ...

    def held(self) -> list[PayoutProgress]:
        """Held payouts of all periods that are not settled, those first that have waited longest for somebody."""
        ...

    def orders(self, external_refs: Iterable[str]) -> list[StoredOrder]:
        """The orders of these keys that there are, with what decides whether they may be marked."""
        ...

    def mark_created(self, marks: Sequence[Mark], by: MarkedBy) -> None:
        """Make all these orders `created`, though billing-orders did not create them, and freeze their payouts.

        One transaction over all parks. Raises RegisterMismatch, and changes nothing, if one of them is not what it
        was when the mark was made.
        """
        ...
