"""Storing computed payouts: new, replaced while never claimed, frozen for ever after (SPEC section 7)."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.metadata import PackageNotFoundError, version

from psycopg.sql import SQL, Identifier
from sqlalchemy import Connection, delete, func, insert, select, update

from signalq_billing.adapters.postgres import forming, overlaps
from signalq_billing.adapters.postgres.history import Entry, LockedParks, lock_parks
from signalq_billing.adapters.postgres.stored_text import escape
from signalq_billing.adapters.postgres.tables import (
    StoredRow,
    config_version,
    is_any,
    payout,
    payout_line,
    payout_order,
)
from signalq_billing.domain.config import ParkConfig
from signalq_billing.domain.config_body import body_hash
from signalq_billing.domain.digest import exact, payout_digest, sorted_lines
from signalq_billing.domain.payout import Payout
from signalq_billing.domain.period import Period
from signalq_billing.domain.progress import PaymentProgress, StoreResult
from signalq_billing.domain.provenance import computed_with
from signalq_billing.errors import UsageError
from signalq_billing.ports import StoredPayout

ConfigKey = tuple[str, str]  # park and body hash
_LINE_COLUMNS = [column.name for column in payout_line.columns]


@dataclass(frozen=True, slots=True)
class ComputedFrom:
    """Where payouts come from: the snapshot, the stored config versions, and who had them computed."""

    snapshot_id: int
    config_ids: Mapping[ConfigKey, int]
    actor: str


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


def store(connection: Connection, computed: Payout, origin: ComputedFrom) -> StoredPayout:
    """Store one payout with lines and orders. An overlap with another payout's period surfaces as the database's
    exclusion violation."""
    parks = lock_parks(connection, [computed.park_id])
    digest = payout_digest(computed)
    existing = _existing(connection, computed)
    if existing is not None and (existing.frozen_at or existing.retired_at):
        if (existing.period_start, existing.period_end) != (computed.period.start, computed.period.end):
            # The cadence was redefined under its name: what is stored pays for other days than these.
            return overlapping(connection, computed)
        same = existing.digest == digest
        return _kept(connection, existing, StoreResult.UNCHANGED if same else StoreResult.FROZEN)
    if existing is not None and existing.digest == digest:
        return _kept(connection, existing, StoreResult.UNCHANGED)
    _make_way(connection, computed, parks, origin.actor, existing)
    values = _values(computed, digest, origin, parks)
    if existing is None:
        payout_id = connection.execute(
            insert(payout).values(created_at=parks.now, **values).returning(payout.c.id)
        ).scalar_one()
    else:
        payout_id = existing.id
        _clear(connection, [payout_id])
        connection.execute(update(payout).where(payout.c.id == payout_id).values(**values, **_UNRELEASED))
    _write_lines(connection, computed, payout_id, parks)
    _write_orders(connection, computed, payout_id, parks)
    result = StoreResult.STORED if existing is None else StoreResult.REPLACED
    parks.append(_entry(computed, payout_id, result, digest, origin, existing))
    return _result(payout_id, computed, result)


# An approval was for what was computed then: a changed payout has to be looked at anew.
_UNRELEASED = {"released_at": None, "released_by": None, "release_note": None}


def _existing(connection: Connection, computed: Payout) -> StoredRow | None:
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
    orders = connection.scalar(select(func.count()).where(payout_order.c.payout_id == existing.id))
    return StoredPayout(existing.id, existing.park_id, result, orders or 0)


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
    _clear(connection, [row.id for row in idle])
    connection.execute(delete(payout).where(is_any(payout.c.id, [row.id for row in idle])))
    why = f"pays nothing and stood in the way of {computed.period}"
    told = [{"cadence": row.cadence, "period": str(row.period_name), "revision": row.revision} for row in idle]
    entries = zip(idle, told, strict=True)
    parks.append(*(Entry(row.park_id, actor, "voided", why, row.id, data={**data}) for row, data in entries))


def _result(payout_id: int, computed: Payout, result: StoreResult) -> StoredPayout:
    return StoredPayout(payout_id, computed.park_id, result, sum(1 for _ in forming.orders(computed)))


def _values(computed: Payout, digest: str, origin: ComputedFrom, parks: LockedParks) -> dict[str, object]:
    period = computed.period
    return {
        "park_id": computed.park_id,
        "cadence": period.cadence,
        "period_name": period.name,
        "period_start": period.start,
        "period_end": period.end,
        "timezone": period.timezone,
        "revision": computed.revision,
        "currency": computed.currency,
        "total": computed.total,
        "reason": computed.reason,
        "devices": len(computed.lines),
        "paid_devices": sum(line.amount > 0 for line in computed.lines),
        "config_version_id": origin.config_ids[computed.park_id, body_hash(computed.config)],
        "snapshot_id": origin.snapshot_id,
        "order_per": forming.order_per(computed).value,
        "digest": digest,
        "activity_digest": computed.activity_digest,
        "code_version": code_version(computed.config),
        "computed_at": parks.now,
        "updated_at": parks.now,
    }


def code_version(config: ParkConfig) -> str:
    """Which code computes by `config`: this package, and those that its charge model and unit come from."""
    return " + ".join((f"signalq-billing {_own_version()}", *computed_with(config)))


@cache
def _own_version() -> str:
    try:
        return version("signalq-billing")
    except PackageNotFoundError:
        return "unknown"


def _clear(connection: Connection, payout_ids: Sequence[int]) -> None:
    """Take lines and orders away. New orders get new ids, so that nobody who saw the old ones sends the new."""
    for table in (payout_line, payout_order):
        connection.execute(delete(table).where(is_any(table.c.payout_id, payout_ids)))


def _write_lines(connection: Connection, computed: Payout, payout_id: int, parks: LockedParks) -> None:
    driver = connection.connection.driver_connection
    assert driver is not None
    copy_sql = SQL("COPY payout_line ({}) FROM STDIN").format(SQL(",").join(map(Identifier, _LINE_COLUMNS)))
    park_id, name, revision, now = escape(computed.park_id), computed.period.name, computed.revision, parks.now
    not_created = PaymentProgress.NOT_CREATED.value
    with driver.cursor() as cursor, cursor.copy(copy_sql) as copy:
        for line_no, line in enumerate(sorted_lines(computed), start=1):
            copy.write_row(
                (
                    *(payout_id, line_no, park_id, escape(line.device_id), name, revision),
                    *(line.active_seconds, line.active_days, forming.shown(line.units), exact(line.units)),
                    *(line.amount, line.reason, not_created, now, now, list(line.day_seconds)),
                )
            )


def _write_orders(connection: Connection, computed: Payout, payout_id: int, parks: LockedParks) -> None:
    rows = [
        {
            "payout_id": payout_id,
            "device_id": order.device_id,
            "external_ref": order.external_ref,
            "amount": order.amount,
            "currency": computed.currency,
            "payload": order.body,
            "payload_hash": order.payload_hash,
            "created_at": parks.now,
            "updated_at": parks.now,
        }
        for order in forming.orders(computed)
    ]
    if rows:
        connection.execute(insert(payout_order), rows)


def _entry(
    computed: Payout,
    payout_id: int,
    result: StoreResult,
    digest: str,
    origin: ComputedFrom,
    before: StoredRow | None,
) -> Entry:
    data: dict[str, object] = {
        **_identity(computed.period, computed.revision),
        "currency": computed.currency,
        "total": format(computed.total, "f"),
        "devices": len(computed.lines),
        "digest": digest,
        "snapshot_id": origin.snapshot_id,
        "config_version": computed.config.version,
    }
    if before is not None:
        data["before"] = {"total": format(before.total, "f"), "digest": before.digest}
        data["approval_voided"] = before.released_at is not None
    return Entry(computed.park_id, origin.actor, result.value, computed.reason or "", payout_id, data=data)


def _identity(period: Period, revision: int) -> dict[str, object]:
    return {"cadence": period.cadence, "period": str(period.name), "revision": revision}


def void_missing(connection: Connection, period: Period, keep: Iterable[str], actor: str) -> list[str]:
    """Delete never-claimed first revisions of this period for parks not in `keep`; returns those parks, sorted."""
    kept = set(keep)
    parks = lock_parks(connection, _unclaimed(connection, period).keys() - kept)
    # Read again under the lock: one of them may have been claimed meanwhile.
    gone = {park: each for park, each in _unclaimed(connection, period).items() if park in parks.heads}
    ids = [each.id for each in gone.values()]
    _clear(connection, ids)
    connection.execute(delete(payout).where(is_any(payout.c.id, ids)))
    why = "no config in force pays the park for this period any more"
    parks.append(
        *(
            Entry(park, actor, "voided", why, row.id, data={**_identity(period, 1), "total": format(row.total, "f")})
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
