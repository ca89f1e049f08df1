"""Writing a computed payout down: its row, lines and orders, and what the history says of it."""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from importlib.metadata import PackageNotFoundError, version

from psycopg.sql import SQL, Identifier
from sqlalchemy import Connection, delete, insert, update

from signalq_billing.adapters.postgres import forming
from signalq_billing.adapters.postgres.history import Entry, LockedParks
from signalq_billing.adapters.postgres.stored_text import escape
from signalq_billing.adapters.postgres.tables import StoredRow, is_any, payout, payout_line, payout_order
from signalq_billing.domain.carrying import due
from signalq_billing.domain.config import ParkConfig
from signalq_billing.domain.config_body import body_hash
from signalq_billing.domain.digest import exact, payout_digest, sorted_lines
from signalq_billing.domain.payout import Payout
from signalq_billing.domain.period import Period
from signalq_billing.domain.progress import PaymentProgress, StoreResult
from signalq_billing.domain.provenance import computed_with

ConfigKey = tuple[str, str]  # park and body hash
_LINE_COLUMNS = [column.name for column in payout_line.columns]


@dataclass(frozen=True, slots=True)
class ComputedFrom:
    """Where payouts come from: the snapshot, the stored config versions, and who had them computed."""

    snapshot_id: int
    config_ids: Mapping[ConfigKey, int]
    actor: str


def write(
    parks: LockedParks,
    computed: Payout,
    carried: Decimal,
    origin: ComputedFrom,
    existing: StoredRow | None,
    told: Mapping[str, object] | None = None,
) -> int:
    """Store a payout of a locked park, in place of an `existing` one that was never claimed; returns its id.

    One that is to be paid nothing for, because it takes something back, is frozen at once: nobody will ever claim it.
    `told` goes into the history besides.
    """
    digest = payout_digest(computed)
    frozen_at = parks.now if computed.revision > 1 and computed.total <= 0 else None
    values = _values(computed, digest, origin, parks.now) | {"carried": carried, "frozen_at": frozen_at}
    connection = parks.connection
    if existing is None:
        added = insert(payout).values(created_at=parks.now, **values).returning(payout.c.id)
        payout_id = int(connection.execute(added).scalar_one())
    else:
        payout_id = int(existing.id)
        clear(connection, [payout_id])
        connection.execute(update(payout).where(payout.c.id == payout_id).values(**values, **_UNRELEASED))
    _write_lines(connection, computed, payout_id, parks)
    _write_orders(connection, computed, carried, payout_id, parks)
    result = StoreResult.STORED if existing is None else StoreResult.REPLACED
    data = _told(computed, carried, digest, origin, existing) | dict(told or {})
    parks.append(Entry(computed.park_id, origin.actor, result.value, computed.reason or "", payout_id, data=data))
    return payout_id


# An approval was for what was computed then: a changed payout has to be looked at anew.
_UNRELEASED = {"released_at": None, "released_by": None, "release_note": None}


def clear(connection: Connection, payout_ids: Sequence[int]) -> None:
    """Take lines and orders away. New orders get new ids, so that nobody who saw the old ones sends the new."""
    for table in (payout_line, payout_order):
        connection.execute(delete(table).where(is_any(table.c.payout_id, payout_ids)))


def _values(computed: Payout, digest: str, origin: ComputedFrom, now: dt.datetime) -> dict[str, object]:
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


def _write_orders(
    connection: Connection, computed: Payout, carried: Decimal, payout_id: int, parks: LockedParks
) -> None:
    rows = [
        {
            "payout_id": payout_id,
            "device_id": order.device_id,
            "external_ref": order.external_ref,
            "amount": order.amount,
            "carried": order.carried,
            "currency": computed.currency,
            "payload": order.body,
            "payload_hash": order.payload_hash,
            "created_at": parks.now,
            "updated_at": parks.now,
        }
        for order in forming.orders(computed, carried)
    ]
    if rows:
        connection.execute(insert(payout_order), rows)


def _told(
    computed: Payout, carried: Decimal, digest: str, origin: ComputedFrom, before: StoredRow | None
) -> dict[str, object]:
    data: dict[str, object] = {
        **identity(computed.period, computed.revision),
        "currency": computed.currency,
        "total": format(computed.total, "f"),
        "carried": format(carried, "f"),
        "ordered": format(due(computed.total, carried), "f"),
        "devices": len(computed.lines),
        "digest": digest,
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
