"""The stand-in's metadata on disk: one SQLite file, every command one transaction of it, so that a killed process loses
nothing it has answered. Rows are laid out as layers: `tx` is the transaction that sees a row, '' the committed tree."""

import secrets
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

SCHEMA = """
CREATE TABLE IF NOT EXISTS counter (name TEXT PRIMARY KEY, value INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS tx (id TEXT PRIMARY KEY, parent TEXT NOT NULL, timeout_ms INTEGER NOT NULL,
    deadline REAL, expires REAL NOT NULL, started REAL NOT NULL, attributes BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS node (id TEXT, tx TEXT, type TEXT NOT NULL, parent TEXT NOT NULL, name TEXT NOT NULL,
    snapshot INTEGER NOT NULL DEFAULT 0, state TEXT NOT NULL, PRIMARY KEY (id, tx));
CREATE INDEX IF NOT EXISTS node_by_tx ON node (tx);
CREATE TABLE IF NOT EXISTS child (parent TEXT, tx TEXT, name TEXT, node TEXT, PRIMARY KEY (parent, tx, name));
CREATE INDEX IF NOT EXISTS child_by_tx ON child (tx);
CREATE TABLE IF NOT EXISTS attribute (node TEXT, tx TEXT, name TEXT, value BLOB, PRIMARY KEY (node, tx, name));
CREATE INDEX IF NOT EXISTS attribute_by_tx ON attribute (tx);
CREATE TABLE IF NOT EXISTS lock (id TEXT PRIMARY KEY, node TEXT NOT NULL, tx TEXT NOT NULL, mode TEXT NOT NULL,
    child_key TEXT, attribute_key TEXT, state TEXT NOT NULL, explicit INTEGER NOT NULL, seq INTEGER NOT NULL);
CREATE INDEX IF NOT EXISTS lock_by_node ON lock (node);
CREATE TABLE IF NOT EXISTS expiry (node TEXT PRIMARY KEY, at REAL NOT NULL, timeout REAL);
CREATE TABLE IF NOT EXISTS history (node TEXT, at REAL NOT NULL, state TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS history_by_node ON history (node, at);
CREATE TABLE IF NOT EXISTS chunk (id TEXT PRIMARY KEY, rows INTEGER NOT NULL, size INTEGER NOT NULL,
    weight INTEGER NOT NULL, layout TEXT NOT NULL, unreferenced REAL);
CREATE TABLE IF NOT EXISTS mutation (id TEXT PRIMARY KEY, at REAL NOT NULL, answer BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS query (id TEXT PRIMARY KEY, seq INTEGER NOT NULL, state TEXT NOT NULL, record BLOB NOT NULL);
"""

ROOT = "1-1-10001-1"


class Database:
    """One connection, one writer at a time; metadata commands are short, so readers wait too."""

    def __init__(self, path: Path) -> None:
        self.lock = threading.RLock()
        self._connection = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
        self._connection.execute("PRAGMA journal_mode=WAL")
        self._connection.execute("PRAGMA synchronous=NORMAL")
        self._connection.executescript(SCHEMA)
        self._depth = 0

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All or nothing; nests by joining the outer one."""
        with self.lock:
            if self._depth:
                yield
                return
            self._connection.execute("BEGIN IMMEDIATE")
            self._depth = 1
            try:
                yield
            except BaseException:
                self._connection.execute("ROLLBACK")
                raise
            else:
                self._connection.execute("COMMIT")
            finally:
                self._depth = 0

    def run(self, sql: str, *values: object) -> int:
        with self.lock:
            return self._connection.execute(sql, values).rowcount

    def rows(self, sql: str, *values: object) -> list[tuple[object, ...]]:
        with self.lock:
            return self._connection.execute(sql, values).fetchall()

    def row(self, sql: str, *values: object) -> tuple[object, ...] | None:
        with self.lock:
            found: tuple[object, ...] | None = self._connection.execute(sql, values).fetchone()
            return found

    def next(self, counter: str) -> int:
        """The next number of a counter that only grows."""
        with self.transaction():
            row = self.row(
                "INSERT INTO counter VALUES (?, 1) ON CONFLICT (name) DO UPDATE SET value = value + 1 RETURNING value",
                counter,
            )
            assert row is not None
            return int(str(row[0]))

    def close(self) -> None:
        with self.lock:
            self._connection.close()


def new_id(kind: int) -> str:
    """A GUID as YT writes it: four hex numbers, the third naming the object's type."""
    return f"{secrets.randbits(32):x}-{secrets.randbits(32):x}-1{kind:04x}-{secrets.randbits(32) or 1:x}"
