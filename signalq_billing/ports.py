"""What the services need from the outside, as few Protocols as they get by with. Adapters implement them; nothing
here names a technology."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Protocol

from signalq_billing.domain.activity import ActivityRequest, ActivitySnapshot, ParkActivity
from signalq_billing.domain.adjustment import Adjusted, Retirement
from signalq_billing.domain.config import ParkConfig
from signalq_billing.domain.device_history import DeviceHistory
from signalq_billing.domain.discrepancy import OwnOrder
from signalq_billing.domain.marking import Mark, MarkedBy, StoredOrder
from signalq_billing.domain.order import BillingOrder, NotFound, Outcome, Rejected, Unavailable, Unknown
from signalq_billing.domain.paid import ConfigSpan, PaidSpan, StoredTotal
from signalq_billing.domain.payment_history import PaymentHistory
from signalq_billing.domain.payout import Payout
from signalq_billing.domain.period import Period
from signalq_billing.domain.progress import Claim, ClaimRefusal, PayoutProgress, StoreResult
from signalq_billing.domain.record import AppliedVersion, OrderAttempt, PayoutRecord, SupersededVersion


class Clock(Protocol):
    """The time of this machine, aware and in UTC. Leases go by the store's own clock instead."""

    def now(self) -> datetime: ...

    def sleep(self, seconds: float) -> None: ...


class ActivitySource(Protocol):
    """Where camera activity comes from. Raises SourceUnavailable and SourceInvalid."""

    def ping(self) -> None:
        """Returns if the source can be read at all."""
        ...

    def watermark(self, clock: datetime) -> datetime | None:
        """The instant up to which the replica is complete; None for a source without a single good row."""
        ...

    def extract(self, request: ActivityRequest) -> ActivitySnapshot:
        """Compute activity where the data is, into a result table of its own, from one state of the source."""
        ...

    def read(self, result_table: str, period: Period) -> Iterator[ParkActivity]:
        """The parks of a result table, one after another, sorted bytewise; parks without activity are not in it."""
        ...

    def discard(self, result_table: str) -> None:
        """Remove a result table; one that is gone already is no error."""
        ...

    def history(self, device_id: str, period: Period, clock: datetime) -> DeviceHistory:
        """Everything the source says about one device around `period`, from one state of the source. Leaves nothing
        behind. `clock` is the run's: rows later than it by more than an hour are bad. Raises UsageError for an id
        that is not text."""
        ...


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
        """Store computed payouts with their lines and orders, each park in a transaction of its own.

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


class Adjustments(Protocol):
    """Differences of paid periods, stored as later revisions. Raises StorageUnavailable."""

    def adjust(
        self, payouts: Sequence[Payout], snapshot_id: int, actor: str, retirements: Mapping[str, Retirement] = ...
    ) -> list[Adjusted]:
        """Store what recomputed payouts pay beyond their stored revisions, each park in a transaction of its own.

        Nothing is stored where nothing differs, or a revision is not settled. `retirements` by park: payouts to
        retire first; raises Refused for one that changed since it was looked at.
        """
        ...

    def plan(self, payouts: Sequence[Payout], retirements: Mapping[str, Retirement] = ...) -> list[Adjusted]:
        """What `adjust` would do with these payouts of one period; nothing is stored."""
        ...

    def debts(self, park_ids: Iterable[str]) -> Mapping[tuple[str, str], Decimal]:
        """(park, currency): what is owed from negative adjustments, of those that owe anything."""
        ...


class ConfigStore(Protocol):
    """Park configs as applied, append-only: a changed version supersedes, it never overwrites."""

    def current(self, park_ids: Sequence[str] | None = None) -> list[ParkConfig]:
        """Every version that stands, of all parks or of some, sorted by park (bytewise) and date."""
        ...

    def applied(self, park_ids: Sequence[str] | None = None) -> list[AppliedVersion]:
        """Every version that stands with who applied it and when, sorted by park (bytewise) and date."""
        ...

    def superseded(self, park_id: str) -> list[SupersededVersion]:
        """Every version of a park that stands no more, by date and the order they were applied in."""
        ...

    def paid_within(self, spans: Sequence[ConfigSpan]) -> list[PaidSpan]:
        """Per span with any, the claimed periods of its park that start in it; in the order of `spans`."""
        ...

    def paid_versions(self) -> set[tuple[str, date]]:
        """(park_id, effective_from) of the versions some claimed payout was computed with."""
        ...

    def apply(self, configs: Sequence[ParkConfig], actor: str) -> Mapping[str, int]:
        """Store all of them in one transaction; returns how many were `added`, `changed` and `unchanged`.

        Raises ConfigInvalid for a changed version that has been paid with.
        """
        ...


class Metrics(Protocol):
    """Counters, gauges and timers, named without the `signalq_billing.` prefix."""

    def count(self, name: str, value: int = 1, **tags: str) -> None: ...

    def gauge(self, name: str, value: float, **tags: str) -> None: ...

    def timer(self, name: str, **tags: str) -> AbstractContextManager[object]: ...
