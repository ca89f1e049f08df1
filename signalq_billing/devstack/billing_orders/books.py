"""What billing-orders has accepted, in one SQLite file that survives a kill: on disk before it is answered."""

import datetime as dt
import hashlib
import json
import sqlite3
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

_SCHEMA = """
CREATE TABLE IF NOT EXISTS orders (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    external_ref TEXT NOT NULL UNIQUE,
    fingerprint TEXT NOT NULL,
    park_id TEXT NOT NULL,
    cadence TEXT NOT NULL,
    period TEXT NOT NULL,
    amount TEXT NOT NULL,
    currency TEXT NOT NULL,
    created_at TEXT NOT NULL,
    payload TEXT NOT NULL,
    posts INTEGER NOT NULL DEFAULT 1
);
CREATE INDEX IF NOT EXISTS orders_by_period ON orders (cadence, period, number);
"""


class OtherPayload(Exception):
    """The key already stands for another payload."""


@dataclass(frozen=True, slots=True)
class AcceptedOrder:
    """One order as it stands in the books. `posts` counts every accepted POST of it, repeats too."""

    number: int
    external_ref: str
    park_id: str
    amount: str
    currency: str
    created_at: str
    posts: int
    payload: dict[str, Any]

    def public(self) -> dict[str, str]:
        """The object the service answers with."""
        return {
            "doc_id": f"BO-{self.number:08d}",
            "external_ref": self.external_ref,
            "amount": self.amount,
            "currency": self.currency,
            "created_at": self.created_at,
        }


class Books:
    """The orders of one data directory. Not for use by several threads at once."""

    def __init__(self, data_dir: Path) -> None:
        data_dir.mkdir(parents=True, exist_ok=True)
        self._db = sqlite3.connect(data_dir / "orders.sqlite", isolation_level=None, timeout=30)
        self._db.row_factory = sqlite3.Row
        self._db.execute("PRAGMA journal_mode = WAL")
        self._db.execute("PRAGMA synchronous = FULL")
        self._db.executescript(_SCHEMA)

    def accept(self, payload: dict[str, Any]) -> AcceptedOrder:
        """Create the order, or find it again under the same key. Raises OtherPayload; returns after the disk has it."""
        fingerprint = _fingerprint(payload)
        self._db.execute("BEGIN IMMEDIATE")
        try:
            known = self._db.execute(
                "UPDATE orders SET posts = posts + 1 WHERE external_ref = ? AND fingerprint = ? RETURNING *",
                (payload["external_ref"], fingerprint),
            ).fetchone()
            row = known or self._insert(payload, fingerprint)
            self._db.execute("COMMIT")
        except sqlite3.IntegrityError as error:
            self._db.execute("ROLLBACK")
            raise OtherPayload(payload["external_ref"]) from error
        except BaseException:
            self._db.execute("ROLLBACK")
            raise
        return _order(row)

    def _insert(self, payload: dict[str, Any], fingerprint: str) -> sqlite3.Row:
        now = dt.datetime.now(dt.UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        row: sqlite3.Row = self._db.execute(
            "INSERT INTO orders (external_ref, fingerprint, park_id, cadence, period, amount, currency, created_at,"
            " payload) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) RETURNING *",
            (
                payload["external_ref"],
                fingerprint,
                payload["park_id"],
                payload["cadence"],
                payload["period"]["name"],
                payload["amount"],
                payload["currency"],
                now,
                json.dumps(payload, ensure_ascii=False),
            ),
        ).fetchone()
        return row

    def find(self, external_ref: str) -> AcceptedOrder | None:
        row = self._db.execute("SELECT * FROM orders WHERE external_ref = ?", (external_ref,)).fetchone()
        return _order(row) if row else None

    def page(self, cadence: str, period: str, after: int, size: int) -> tuple[list[AcceptedOrder], int | None]:
        """Up to `size` orders numbered above `after`, and the number to go on after, None at the end."""
        rows = self._db.execute(
            "SELECT * FROM orders WHERE cadence = ? AND period = ? AND number > ? ORDER BY number LIMIT ?",
            (cadence, period, after, size + 1),
        ).fetchall()
        orders = [_order(row) for row in rows[:size]]
        return orders, orders[-1].number if len(rows) > size else None

    def everything(self) -> list[AcceptedOrder]:
        return [_order(row) for row in self._db.execute("SELECT * FROM orders ORDER BY number")]

    def totals(self) -> dict[str, str]:
        """The money of all orders, by currency."""
        sums: dict[str, Decimal] = {}
        for currency, amount in self._db.execute("SELECT currency, amount FROM orders"):
            sums[currency] = sums.get(currency, Decimal()) + Decimal(amount)
        return {currency: format(total, "f") for currency, total in sorted(sums.items())}

    def close(self) -> None:
        self._db.close()


def _fingerprint(payload: dict[str, Any]) -> str:
    """The same for payloads that say the same, whatever the order of keys or the spaces."""
    return hashlib.sha256(json.dumps(payload, sort_keys=True).encode()).hexdigest()


def _order(row: sqlite3.Row) -> AcceptedOrder:
    return AcceptedOrder(
        number=row["number"],
        external_ref=row["external_ref"],
        park_id=row["park_id"],
        amount=row["amount"],
        currency=row["currency"],
        created_at=row["created_at"],
        posts=row["posts"],
        payload=json.loads(row["payload"]),
    )
