"""Storing computed payouts: new, replaced while never claimed, frozen for ever after (SPEC section 7)."""

from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal

from sqlalchemy import Connection, delete, func, select

from signalq_billing.adapters.postgres import debts, overlaps, writing
from signalq_billing.adapters.postgres.history import Entry, LockedParks, lock_parks
from signalq_billing.adapters.postgres.tables import StoredRow, config_version, is_any, payout, payout_order
from signalq_billing.adapters.postgres.transaction import plan_anew
from signalq_billing.adapters.postgres.writing import ConfigKey
from signalq_billing.domain.carrying import carried_into
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


def store(connection: Connection, computed: Sequence[Payout], origin: writing.ComputedFrom) -> list[StoredPayout]:
    """Store payouts of one period and revision, of as many parks, with lines and orders; returns as many.

    An overlap with another payout's period surfaces as the database's exclusion violation, and then none is stored.
    """
    plan_anew(connection)
    parks = lock_parks(connection, [each.park_id for each in computed])
    existing = existing_of(connection, computed)
    owed = debts.debts(connection, list(parks.heads), [row.id for row in existing.values()])
    orders = _order_counts(connection, [row.id for row in existing.values()])
    stored: dict[str, StoredPayout] = {}
    to_write: list[writing.ToWrite] = []
    for each in computed:
        row, digest = existing.get(each.park_id), payout_digest(each)
        carried = carried_into(each.total, owed.get((each.park_id, each.currency), Decimal(0)))
        result = _result(row, each, digest, carried)
        if result is StoreResult.OVERLAP:
            stored[each.park_id] = overlapping(connection, each)
        elif row is not None and result is not StoreResult.REPLACED:
            stored[each.park_id] = StoredPayout(row.id, row.park_id, result, orders.get(row.id, 0))
        else:
            to_write.append(writing.ToWrite(each, digest, carried, row))
    for made, written in _written(parks, to_write, origin):
        result = StoreResult.STORED if made.existing is None else StoreResult.REPLACED
        park_id = made.computed.park_id
        stored[park_id] = StoredPayout(written.payout_id, park_id, result, written.order_count)
    return [stored[each.park_id] for each in computed]


def _result(row: StoredRow | None, computed: Payout, digest: str, carried: Decimal) -> StoreResult:
    """What becomes of a computed payout where `row` is what is stored for it."""
    if row is None:
        return StoreResult.STORED
    if row.frozen_at or row.retired_at:
        if (row.period_start, row.period_end) != (computed.period.start, computed.period.end):
            # The cadence was redefined under its name: what is stored pays for other days than these.
            return StoreResult.OVERLAP
        return StoreResult.UNCHANGED if row.digest == digest else StoreResult.FROZEN
    return StoreResult.UNCHANGED if (row.digest, row.carried) == (digest, carried) else StoreResult.REPLACED


def _written(
    parks: LockedParks, payouts: Sequence[writing.ToWrite], origin: writing.ComputedFrom
) -> Iterator[tuple[writing.ToWrite, writing.Written]]:
    if not payouts:
        return iter(())
    _make_way(parks, payouts, origin.actor)
    return zip(payouts, writing.write(parks, payouts, origin), strict=True)


def existing_of(connection: Connection, computed: Sequence[Payout]) -> dict[str, StoredRow]:
    """By park, what is stored under the period and revision of these payouts, which all have the same; locked."""
    period, revision = computed[0].period, computed[0].revision
    rows = connection.execute(
        select(payout)
        .where(is_any(payout.c.park_id, [each.park_id for each in computed]), payout.c.cadence == period.cadence)
        .where(payout.c.period_name == period.name, payout.c.revision == revision)
        .order_by(payout.c.park_id)
        .with_for_update()
    )
    return {row.park_id: row for row in rows}


def overlapping(connection: Connection, computed: Payout) -> StoredPayout:
    """Nothing was stored: the time of the computed payout belongs to another one."""
    problem = overlaps.describe(connection, computed)
    return StoredPayout(None, computed.park_id, StoreResult.OVERLAP, 0, problem)


def _order_counts(connection: Connection, payout_ids: Sequence[int]) -> dict[int, int]:
    if not payout_ids:
        return {}
    counted = select(payout_order.c.payout_id, func.count().label("orders")).where(
        is_any(payout_order.c.payout_id, payout_ids)
    )
    rows = connection.execute(counted.group_by(payout_order.c.payout_id))
    return {row.payout_id: row.orders for row in rows}


def _make_way(parks: LockedParks, payouts: Sequence[writing.ToWrite], actor: str) -> None:
    """Take back payouts over part of this period that pay nothing and were never claimed: nobody misses them."""
    period, standing = payouts[0].computed.period, {each.existing.id for each in payouts if each.existing is not None}
    idle = [
        row
        for row in overlaps.in_the_way(parks.connection, period, [each.computed.park_id for each in payouts])
        if not row.total and row.frozen_at is None and row.retired_at is None and row.id not in standing
    ]
    if not idle:
        return
    writing.clear(parks.connection, [row.id for row in idle])
    parks.connection.execute(delete(payout).where(is_any(payout.c.id, [row.id for row in idle])))
    why = f"pays nothing and stood in the way of {period}"
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
