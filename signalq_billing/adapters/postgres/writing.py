"""Writing a computed payout down: its row, lines and orders, and what the history says of it."""

import datetime as dt
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from psycopg.sql import SQL, Identifier
from sqlalchemy import Connection, Table, bindparam, delete, insert, update

from signalq_billing.adapters.postgres import forming
from signalq_billing.adapters.postgres.history import Entry, LockedParks
from signalq_billing.adapters.postgres.stored_text import escape
from signalq_billing.adapters.postgres.tables import StoredRow, is_any, payout, payout_line, payout_order
from signalq_billing.adapters.postgres.transaction import driver_of
from signalq_billing.domain.carrying import due
from signalq_billing.domain.config import ParkConfig
from signalq_billing.domain.config_body import body_hash
from signalq_billing.domain.digest import exact, sorted_lines
from signalq_billing.domain.payout import Payout
from signalq_billing.domain.period import Period
from signalq_billing.domain.progress import PaymentProgress, StoreResult
from signalq_billing.domain.provenance import computed_with

ConfigKey = tuple[str, str]  # park and body hash
_LINE_COLUMNS = [column.name for column in payout_line.columns]
_ORDER_COLUMNS = (
    *("payout_id", "device_id", "external_ref", "amount", "carried", "currency", "payload", "payload_hash"),
    *("created_at", "updated_at"),
)


@dataclass(frozen=True, slots=True)
class ComputedFrom:
    """Where payouts come from: the snapshot, the stored config versions, and who had them computed."""

    snapshot_id: int
    config_ids: Mapping[ConfigKey, int]
    actor: str


@dataclass(frozen=True, slots=True)
class ToWrite:
    """A computed payout as it is about to be written: what it carries, and the `existing` payout, never claimed, whose
    place it takes. `told` goes into the history besides."""

    computed: Payout
    digest: str
    carried: Decimal
    existing: StoredRow | None = None
    told: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Written:
    """Where a payout was written to, and how many orders pay it."""

    payout_id: int
    order_count: int


def write(parks: LockedParks, payouts: Sequence[ToWrite], origin: ComputedFrom) -> list[Written]:
    """Store payouts of locked parks, all at once; returns as many, in the same order.

    One that is to be paid nothing for, because it takes something back, is frozen at once: nobody will ever claim it.
    """
    ids = _write_payouts(parks, payouts, origin)
    _write_lines(parks, [(each.computed, payout_id) for each, payout_id in zip(payouts, ids, strict=True)])
    counts = _write_orders(parks, payouts, ids)
    parks.append(*(_entry(each, payout_id, origin) for each, payout_id in zip(payouts, ids, strict=True)))
    return [Written(*pair) for pair in zip(ids, counts, strict=True)]


def _write_payouts(parks: LockedParks, payouts: Sequence[ToWrite], origin: ComputedFrom) -> list[int]:
    rows = [_values(each, origin, parks.now) for each in payouts]
    new = [row | {"created_at": parks.now} for each, row in zip(payouts, rows, strict=True) if each.existing is None]
    old = [
        row | _UNRELEASED | {"stored_id": each.existing.id}
        for each, row in zip(payouts, rows, strict=True)
        if each.existing is not None
    ]
    added: Iterator[int] = iter(())
    if new:
        adding = insert(payout).returning(payout.c.id, sort_by_parameter_order=True)
        added = iter(parks.connection.scalars(adding, new).all())
    if old:
        clear(parks.connection, [row["stored_id"] for row in old])
        parks.connection.execute(update(payout).where(payout.c.id == bindparam("stored_id")), old)
    return [int(next(added) if each.existing is None else each.existing.id) for each in payouts]


# An approval was for what was computed then: a changed payout has to be looked at anew.
_UNRELEASED = {"released_at": None, "released_by": None, "release_note": None}


def clear(connection: Connection, payout_ids: Sequence[int]) -> None:
    """Take lines and orders away. New orders get new ids, so that nobody who saw the old ones sends the new."""
    for table in (payout_line, payout_order) if payout_ids else ():
        connection.execute(delete(table).where(is_any(table.c.payout_id, payout_ids)))


def _values(each: ToWrite, origin: ComputedFrom, now: dt.datetime) -> dict[str, Any]:
    computed, period = each.computed, each.computed.period
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
        "carried": each.carried,
        "frozen_at": now if computed.revision > 1 and computed.total <= 0 else None,
        "reason": computed.reason,
        "devices": len(computed.lines),
        "paid_devices": sum(line.amount > 0 for line in computed.lines),
        "config_version_id": origin.config_ids[computed.park_id, body_hash(computed.config)],
        "snapshot_id": origin.snapshot_id,
        "order_per": forming.order_per(computed).value,
        "digest": each.digest,
        "activity_digest": computed.activity_digest,
        "code_version": code_version(computed.config),
        "computed_at": now,
        "updated_at": now,
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


def _write_lines(parks: LockedParks, payouts: Iterable[tuple[Payout, int]]) -> None:
    rows = (row for computed, payout_id in payouts for row in _line_rows(computed, payout_id, parks.now))
    _copy(parks.connection, payout_line, _LINE_COLUMNS, rows)


def _copy(connection: Connection, table: Table, columns: Sequence[str], rows: Iterable[tuple[object, ...]]) -> None:
    """COPY rows in; texts in them are in their stored form."""
    names = SQL(",").join(map(Identifier, columns))
    copy_sql = SQL("COPY {} ({}) FROM STDIN").format(Identifier(table.name), names)
    with driver_of(connection).cursor() as cursor, cursor.copy(copy_sql) as copy:
        for row in rows:
            copy.write_row(row)


def _line_rows(computed: Payout, payout_id: int, now: dt.datetime) -> Iterator[tuple[object, ...]]:
    # What is the same for all lines is made into text once.
    park_id, name, revision = escape(computed.park_id), computed.period.name.isoformat(), str(computed.revision)
    payout_no, at, not_created = str(payout_id), now.isoformat(), PaymentProgress.NOT_CREATED.value
    for line_no, line in enumerate(sorted_lines(computed), start=1):
        yield (
            *(payout_no, line_no, park_id, escape(line.device_id), name, revision),
            *(line.active_seconds, line.active_days, forming.shown(line.units), exact(line.units)),
            *(line.amount, line.reason, not_created, at, at, f"{{{','.join(map(str, line.day_seconds))}}}"),
        )


def _write_orders(parks: LockedParks, payouts: Sequence[ToWrite], ids: Sequence[int]) -> list[int]:
    """Returns how many orders each payout has."""
    formed = [list(forming.orders(each.computed, each.carried)) for each in payouts]
    at = parks.now.isoformat()
    rows = [
        _order_row(order, payout_id, each.computed.currency, at)
        for each, payout_id, orders in zip(payouts, ids, formed, strict=True)
        for order in orders
    ]
    if rows:
        _copy(parks.connection, payout_order, _ORDER_COLUMNS, rows)
    return [len(orders) for orders in formed]


def _order_row(order: forming.FormedOrder, payout_id: int, currency: str, at: str) -> tuple[object, ...]:
    device_id = None if order.device_id is None else escape(order.device_id)
    figures = (order.amount, order.carried, escape(currency), order.body, order.payload_hash)
    return payout_id, device_id, escape(order.external_ref), *figures, at, at


def _entry(each: ToWrite, payout_id: int, origin: ComputedFrom) -> Entry:
    result = StoreResult.STORED if each.existing is None else StoreResult.REPLACED
    why, data = each.computed.reason or "", _told(each, origin) | dict(each.told)
    return Entry(each.computed.park_id, origin.actor, result.value, why, payout_id, data=data)


def _told(each: ToWrite, origin: ComputedFrom) -> dict[str, object]:
    computed, before = each.computed, each.existing
    data: dict[str, object] = {
        **identity(computed.period, computed.revision),
        "currency": computed.currency,
        "total": format(computed.total, "f"),
        "carried": format(each.carried, "f"),
        "ordered": format(due(computed.total, each.carried), "f"),
        "devices": len(computed.lines),
        "digest": each.digest,
        "snapshot_id": origin.snapshot_id,
        "config_version": computed.config.version,
    }
    if before is not None:
        amounts = {"total": format(before.total, "f"), "carried": format(before.carried, "f")}
        data["before"] = {**amounts, "digest": before.digest}
        data["approval_voided"] = before.released_at is not None
    return data


def identity(period: Period, revision: int) -> dict[str, object]:
    return {"cadence": period.cadence, "period": str(period.name), "revision": revision}
