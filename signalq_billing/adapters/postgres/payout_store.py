"""The PayoutStore of ports.py on PostgreSQL: opens one transaction per call; what happens in it is told next door."""

import datetime as dt
from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal

from sqlalchemy import Engine
from sqlalchemy.exc import IntegrityError

from signalq_billing.adapters.postgres import (
    claims,
    holds,
    marking,
    overlaps,
    paid,
    past,
    reading,
    records,
    schema,
    snapshots,
    storing,
    writing,
)
from signalq_billing.adapters.postgres.transaction import transaction
from signalq_billing.domain.activity import ActivitySnapshot
from signalq_billing.domain.config import ParkConfig
from signalq_billing.domain.marking import Mark, MarkedBy, StoredOrder
from signalq_billing.domain.order import NotFound, Outcome
from signalq_billing.domain.paid import StoredTotal
from signalq_billing.domain.payment_history import PaymentHistory
from signalq_billing.domain.payout import Payout, PayoutLine
from signalq_billing.domain.period import Period
from signalq_billing.domain.progress import Claim, ClaimRefusal, PayoutProgress
from signalq_billing.domain.record import OrderAttempt, PayoutRecord
from signalq_billing.ports import StoredPayout

_PARKS_AT_ONCE = 200


class PostgresPayoutStore:
    """Progress of payouts in PostgreSQL. Safe to share between threads; opens connections as it needs them."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def ping(self) -> None:
        """Returns if the database answers and is at the version this code needs."""
        schema.check_version(self._engine)

    def save_snapshot(self, snapshot: ActivitySnapshot, actor: str) -> int:
        """Keep what an extraction was made from; returns its id."""
        with transaction(self._engine) as connection:
            return snapshots.save(connection, snapshot, actor)

    def snapshot(self, snapshot_id: int) -> ActivitySnapshot:
        """The snapshot with that id. Raises UsageError if there is none."""
        with transaction(self._engine) as connection:
            return snapshots.load(connection, snapshot_id)

    def store(self, payouts: Iterable[Payout], snapshot_id: int, actor: str) -> list[StoredPayout]:
        """Store computed payouts, up to a hundred parks in one transaction; never-claimed ones are replaced.

        Raises UsageError for a config that was never applied.
        """
        stored: list[StoredPayout] = []
        for batch in _batches(payouts):
            with transaction(self._engine) as connection:
                origin = writing.ComputedFrom(snapshot_id, storing.config_ids(connection, batch), actor)
            try:
                stored += self._store(batch, origin)
            except _Overlaps:
                stored += [each for computed in batch for each in self._store_alone(computed, origin)]
        return stored

    def _store(self, batch: Sequence[Payout], origin: writing.ComputedFrom) -> list[StoredPayout]:
        try:
            with transaction(self._engine) as connection:
                return storing.store(connection, batch, origin)
        except IntegrityError as error:
            if not overlaps.is_overlap(error):
                raise
            raise _Overlaps from error

    def _store_alone(self, computed: Payout, origin: writing.ComputedFrom) -> list[StoredPayout]:
        """One park of a batch in which some park's time is another payout's."""
        try:
            return self._store([computed], origin)
        except _Overlaps:
            with transaction(self._engine) as connection:
                return [storing.overlapping(connection, computed)]

    def overlaps(self, period: Period, park_ids: Sequence[str]) -> list[tuple[str, str]]:
        """(park_id, description) of parks with a payout over part of this period but not for it."""
        with transaction(self._engine) as connection:
            return overlaps.find(connection, period, park_ids)

    def void_missing(self, period: Period, keep: Iterable[str], actor: str) -> list[str]:
        """Take back never-claimed payouts of this period for parks not in `keep`; returns those parks."""
        with transaction(self._engine) as connection:
            return storing.void_missing(connection, period, keep, actor)

    def payouts(
        self,
        cadence: str | None = None,
        period_name: dt.date | None = None,
        park_ids: Sequence[str] | None = None,
    ) -> list[PayoutProgress]:
        """Payouts sorted by cadence, period, park (bytewise) and revision."""
        with transaction(self._engine) as connection:
            return reading.payouts(connection, cadence, period_name, park_ids)

    def records(
        self, cadence: str | None, period_name: dt.date, park_ids: Sequence[str] | None = None
    ) -> list[PayoutRecord]:
        """The payouts of one period with lines and origin, sorted by cadence, park (bytewise) and revision."""
        with transaction(self._engine) as connection:
            return records.records(connection, cadence, period_name, park_ids)

    def each_payout(self, cadence: str | None = None, period_name: dt.date | None = None) -> Iterator[PayoutProgress]:
        """What `payouts` gives, of one state of the database, a few hundred at a time."""
        with transaction(self._engine) as connection:
            reading.of_one_state(connection)
            yield from reading.each_payout(connection, cadence, period_name)

    def each_record(
        self, cadence: str | None, period_name: dt.date, park_ids: Sequence[str] | None = None
    ) -> Iterator[PayoutRecord]:
        """What `records` gives, of one state of the database, a few thousand lines at a time."""
        with transaction(self._engine) as connection:
            reading.of_one_state(connection)
            yield from records.each_record(connection, cadence, period_name, park_ids)

    def stored_totals(self, period: Period, park_ids: Sequence[str]) -> list[StoredTotal]:
        """Sums of what is stored under the name of `period`, and for these parks over any part of its time."""
        with transaction(self._engine) as connection:
            return paid.stored_totals(connection, period, park_ids)

    def payment_histories(self, payout_ids: Sequence[int], periods: int) -> list[PaymentHistory]:
        """What these payouts' parks were paid before them, `periods` settled periods back."""
        with transaction(self._engine) as connection:
            return past.payment_histories(connection, payout_ids, periods)

    def period_totals(self, cadence: str, period_name: dt.date) -> dict[tuple[str, str], Decimal]:
        """What a period pays by (park_id, currency), over all revisions that stand."""
        with transaction(self._engine) as connection:
            return past.period_totals(connection, cadence, period_name)

    def config_versions(self, ids: Iterable[int]) -> dict[int, ParkConfig]:
        """Stored config versions by id."""
        with transaction(self._engine) as connection:
            return past.config_versions(connection, ids)

    def attempts(self, payout_id: int) -> list[OrderAttempt]:
        """Every claim of the payout's orders, in the order they were made."""
        with transaction(self._engine) as connection:
            return records.attempts(connection, payout_id)

    def lines(self, payout_id: int) -> list[PayoutLine]:
        """The lines of one payout, bytewise by device."""
        with transaction(self._engine) as connection:
            return reading.lines(connection, payout_id)

    def unfinished(self, limit: int) -> list[PayoutProgress]:
        """Payouts that reconcile should go on with, oldest period first."""
        with transaction(self._engine) as connection:
            return reading.unfinished(connection, limit)

    def claim(self, order_id: int, worker: str, lease: dt.timedelta) -> Claim | ClaimRefusal:
        """Commit `in_progress` for an order that is `not_created`, with a new fencing number."""
        with transaction(self._engine) as connection:
            return claims.claim(connection, order_id, worker, lease)

    def claim_stale(self, order_id: int, worker: str, lease: dt.timedelta) -> Claim | ClaimRefusal:
        """Take over an `in_progress` order whose lease has run out, to ask about it."""
        with transaction(self._engine) as connection:
            return claims.claim_stale(connection, order_id, worker, lease)

    def record(self, claim: Claim, outcome: Outcome | NotFound, actor: str) -> bool:
        """Record what came of a claim; False if its fencing number is no longer current."""
        with transaction(self._engine) as connection:
            return claims.record(connection, claim, outcome, actor)

    def hold(self, payout_id: int, reason: str, actor: str) -> None:
        """Hold a payout until somebody releases it."""
        with transaction(self._engine) as connection:
            holds.hold(connection, payout_id, reason, actor)

    def release(self, payout_id: int, by: str, note: str, digest: str | None = None) -> bool:
        """Let a held payout go, if it is still what `digest` stands for; False if it is not held."""
        with transaction(self._engine) as connection:
            return holds.release(connection, payout_id, by, note, digest)

    def held(self) -> list[PayoutProgress]:
        """Held payouts that are not settled, those first that have waited longest for somebody."""
        with transaction(self._engine) as connection:
            return holds.held(connection)

    def held_by(self, payout_ids: Sequence[int]) -> dict[int, str]:
        """By payout, who put it on hold last."""
        with transaction(self._engine) as connection:
            return holds.held_by(connection, payout_ids)

    def orders(self, external_refs: Iterable[str]) -> list[StoredOrder]:
        """The orders of these keys that there are, bytewise by key."""
        with transaction(self._engine) as connection:
            return marking.orders(connection, external_refs)

    def mark_created(self, marks: Sequence[Mark], by: MarkedBy) -> None:
        """Make all these orders `created`, or none: raises RegisterMismatch if one of them changed meanwhile."""
        with transaction(self._engine) as connection:
            marking.mark_created(connection, marks, by)


class _Overlaps(Exception):
    """The database refused a second first revision for part of a park's period."""


def _batches(payouts: Iterable[Payout]) -> Iterator[list[Payout]]:
    """As they come, in lists of one period and revision and of different parks, none of them long."""
    batch: list[Payout] = []
    for computed in payouts:
        if batch and not _goes_with(computed, batch):
            yield batch
            batch = []
        batch.append(computed)
    if batch:
        yield batch


def _goes_with(computed: Payout, batch: Sequence[Payout]) -> bool:
    same = (computed.period, computed.revision) == (batch[0].period, batch[0].revision)
    return same and len(batch) < _PARKS_AT_ONCE and computed.park_id not in {each.park_id for each in batch}
