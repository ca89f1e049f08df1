"""Storing computed payouts: new, replaced while never claimed, frozen for ever after (SPEC section 7)."""

from collections.abc import Iterable, Sequence

from sqlalchemy import Connection, delete, func, select

from signalq_billing.adapters.postgres import debts, overlaps, writing
from signalq_billing.adapters.postgres.history import Entry, LockedParks, lock_parks
from signalq_billing.adapters.postgres.tables import StoredRow, config_version, is_any, payout, payout_order
from signalq_billing.adapters.postgres.writing import ConfigKey
from signalq_billing.domain.config_body import body_hash
from signalq_billing.domain.digest import payout_digest
from signalq_billing.domain.payout import Payout
from signalq_billing.domain.period import Period
from signalq_billing.domain.progress import StoreResult
from signalq_billing.errors import UsageError
from signalq_billing.ports import StoredPayout


def config_ids(connection: Connection, payouts: Sequence[Payout]) -> dict[ConfigKey, int]:
    """The stored versions that `payouts` were computed with. Raises UsageError for one that was never applied."""
    stored = config_version.c
    rows = connection.execute(
        select(stored.park_id, stored.sha256, stored.id)
        .where(is_any(stored.park_id, {each.park_id for each in payouts}))
        .order_by(stored.id)
    )
    known = {(row.park_id, row.sha256): row.id for row in rows}
    for each in payouts:
        if (each.park_id, body_hash(each.config)) not in known:
            raise UsageError(
                f"park {each.park_id}: the config version of {each.config.version} was computed with but never "
                f"applied; run `signalq-billing config apply` first"
            )
    return known


def store(connection: Connection, computed: Payout, origin: writing.ComputedFrom) -> StoredPayout:
    """Store one payout with lines and orders. An overlap with another payout's period surfaces as the database's
    exclusion violation."""
    parks = lock_parks(connection, [computed.park_id])
    existing = existing_of(connection, computed)
    if existing is not None and (existing.frozen_at or existing.retired_at):
        if (existing.period_start, existing.period_end) != (computed.period.start, computed.period.end):
            # The cadence was redefined under its name: what is stored pays for other days than these.
            return overlapping(connection, computed)
        same = existing.digest == payout_digest(computed)
        return _kept(connection, existing, StoreResult.UNCHANGED if same else StoreResult.FROZEN)
    carried = debts.carried_by(connection, computed, existing)
    if existing is not None and (existing.digest, existing.carried) == (payout_digest(computed), carried):
        return _kept(connection, existing, StoreResult.UNCHANGED)
    _make_way(connection, computed, parks, origin.actor, existing)
    payout_id = writing.write(parks, computed, carried, origin, existing)
    result = StoreResult.STORED if existing is None else StoreResult.REPLACED
    return StoredPayout(payout_id, computed.park_id, result, _orders(connection, payout_id))


def existing_of(connection: Connection, computed: Payout) -> StoredRow | None:
    """What is stored under the payout's park, period and revision, locked."""
    return connection.execute(
        select(payout)
        .where(payout.c.park_id == computed.park_id, payout.c.cadence == computed.period.cadence)
        .where(payout.c.period_name == computed.period.name, payout.c.revision == computed.revision)
        .with_for_update()
    ).one_or_none()


def overlapping(connection: Connection, computed: Payout) -> StoredPayout:
    """Nothing was stored: the time of the computed payout belongs to another one."""
    problem = overlaps.describe(connection, computed)
    return StoredPayout(None, computed.park_id, StoreResult.OVERLAP, 0, problem)


def _kept(connection: Connection, existing: StoredRow, result: StoreResult) -> StoredPayout:
    """What is stored stays, with the orders it has."""
    return StoredPayout(existing.id, existing.park_id, result, _orders(connection, existing.id))


def _orders(connection: Connection, payout_id: int) -> int:
    return connection.scalar(select(func.count()).where(payout_order.c.payout_id == payout_id)) or 0


def _make_way(
    connection: Connection, computed: Payout, parks: LockedParks, actor: str, existing: StoredRow | None
) -> None:
    """Take back payouts over part of this period that pay nothing and were never claimed: nobody misses them."""
    idle = [
        row
        for row in overlaps.in_the_way(connection, computed.period, [computed.park_id])
        if not row.total and row.frozen_at is None and row.retired_at is None
        if existing is None or row.id != existing.id
    ]
    writing.clear(connection, [row.id for row in idle])
    connection.execute(delete(payout).where(is_any(payout.c.id, [row.id for row in idle])))
    why = f"pays nothing and stood in the way of {computed.period}"
    told = [{"cadence": row.cadence, "period": str(row.period_name), "revision": row.revision} for row in idle]
    entries = zip(idle, told, strict=True)
    parks.append(*(Entry(row.park_id, actor, "voided", why, row.id, data={**data}) for row, data in entries))


def void_missing(connection: Connection, period: Period, keep: Iterable[str], actor: str) -> list[str]:
    """Delete never-claimed first revisions of this period for parks not in `keep`; returns those parks, sorted."""
    kept = set(keep)
    parks = lock_parks(connection, _unclaimed(connection, period).keys() - kept)
    # Read again under the lock: one of them may have been claimed meanwhile.
    gone = {park: each for park, each in _unclaimed(connection, period).items() if park in parks.heads}
    ids = [each.id for each in gone.values()]
    writing.clear(connection, ids)
    connection.execute(delete(payout).where(is_any(payout.c.id, ids)))
    why = "no config in force pays the park for this period any more"
    parks.append(
        *(
            Entry(
                park,
                actor,
                "voided",
                why,
                row.id,
                data={**writing.identity(period, 1), "total": format(row.total, "f")},
            )
            for park, row in gone.items()
        )
    )
    return sorted(gone, key=str.encode)


def _unclaimed(connection: Connection, period: Period) -> dict[str, StoredRow]:
    rows = connection.execute(
        select(payout.c.park_id, payout.c.id, payout.c.total)
        .where(payout.c.cadence == period.cadence, payout.c.period_name == period.name, payout.c.revision == 1)
        .where(payout.c.frozen_at.is_(None), payout.c.retired_at.is_(None))
    )
    return {row.park_id: row for row in rows}
