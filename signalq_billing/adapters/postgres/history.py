"""The history: who did what to which payout, when and why. Append-only, a hash chain per park (SPEC section 7).

Whoever changes anything about a park first locks the park's head row here, so that changes of one park come one after
another, and no two parks ever wait for each other. Several parks are locked in one order, bytewise.
"""

import datetime as dt
import hashlib
import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import (
    BigInteger,
    Connection,
    Text,
    bindparam,
    case,
    func,
    insert,
    select,
    text,
    type_coerce,
    update,
)
from sqlalchemy.dialects import postgresql
from sqlalchemy.dialects.postgresql import JSONB

from signalq_billing.adapters.postgres.stored_text import escape, escape_document, unescape
from signalq_billing.adapters.postgres.tables import history, is_any, park_history_head
from signalq_billing.domain.order import utc_iso

FIRST_PREV_HASH = "0" * 64
_AT_ONCE = 1000


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing that happened. `data` holds strings, whole numbers, booleans, lists and mappings only."""

    park_id: str
    actor: str
    action: str
    why: str = ""
    payout_id: int | None = None
    order_id: int | None = None
    data: Mapping[str, object] = field(default_factory=dict)


@dataclass(slots=True)
class LockedParks:
    """The parks this transaction holds the lock of, the ends of their chains, and the database's time."""

    connection: Connection
    now: dt.datetime
    heads: dict[str, tuple[int, str]]

    def append(self, *entries: Entry) -> None:
        """Add entries to the ends of their parks' chains; they stand once the transaction commits."""
        rows = [self.link(entry) for entry in entries]
        if not rows:
            return
        self.connection.execute(insert(history), rows)
        ends = [
            {"park": park_id, "end": self.heads[park_id][0], "end_hash": self.heads[park_id][1]}
            for park_id in sorted({entry.park_id for entry in entries})
        ]
        moved = update(park_history_head).where(park_history_head.c.park_id == bindparam("park"))
        self.connection.execute(moved.values(seq=bindparam("end", type_=BigInteger), hash=bindparam("end_hash")), ends)

    def link(self, entry: Entry) -> dict[str, object]:
        """The entry as the next row of its park's chain. Whoever asks for it must write it, and the chain's new end."""
        seq, prev_hash = self.heads[entry.park_id]
        row: dict[str, object] = {
            "park_id": entry.park_id,
            "seq": seq + 1,
            "at": self.now,
            "actor": entry.actor,
            "action": entry.action,
            "payout_id": entry.payout_id,
            "order_id": entry.order_id,
            "why": entry.why,
            "data": dict(entry.data),
            "prev_hash": prev_hash,
        }
        row["hash"] = entry_hash(row)
        self.heads[entry.park_id] = (seq + 1, str(row["hash"]))
        return row


def lock_parks(connection: Connection, park_ids: Iterable[str]) -> LockedParks:
    """Wait for the parks' turn. Lock before reading what is to be changed: what is read after it stays true."""
    wanted = sorted(set(park_ids), key=escape)
    heads = _lock_existing(connection, wanted)
    if missing := [park_id for park_id in wanted if park_id not in heads]:
        first = [{"park_id": park_id, "seq": 0, "hash": FIRST_PREV_HASH} for park_id in missing]
        connection.execute(postgresql.insert(park_history_head).on_conflict_do_nothing(), first)
        heads = _lock_existing(connection, wanted)
    now = connection.scalar(select(func.clock_timestamp()))
    assert isinstance(now, dt.datetime)
    return LockedParks(connection, now, heads)


def _lock_existing(connection: Connection, park_ids: Sequence[str]) -> dict[str, tuple[int, str]]:
    head = park_history_head
    wanted = select(head).where(is_any(head.c.park_id, park_ids)).order_by(head.c.park_id).with_for_update()
    return {row.park_id: (row.seq, row.hash) for row in connection.execute(wanted)}


def entry_hash(row: Mapping[str, object]) -> str:
    """SHA-256 over the canonical JSON of everything in a row but its id and its own hash, as it is stored."""
    content = {name: value for name, value in row.items() if name not in {"id", "hash"}}
    escaped = escape_document({name: value for name, value in content.items() if name != "at"})
    assert isinstance(escaped, dict)
    return stored_hash({**escaped, "at": content["at"]})


def stored_hash(content: Mapping[str, object]) -> str:
    """The same over a row in its stored form, without its id and its hash."""
    at = content["at"]
    told = {**content, "at": utc_iso(at) if isinstance(at, dt.datetime) else None}
    canonical = json.dumps(told, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(canonical.encode()).hexdigest()


def verify(connection: Connection) -> list[str]:
    """Every break in every park's chain, in words; an empty list means that nothing was changed or taken out.
    `history_check` also holds the chains against what is stored beside them."""
    return [str(each) for each in Chains().breaks(connection)]


@dataclass(frozen=True, slots=True)
class HistoryBreak:
    """One thing that is wrong: whose history, at which entry, and what."""

    park_id: str
    seq: int
    problem: str

    def __str__(self) -> str:
        return f"park {self.park_id}, history entry {self.seq}: {self.problem}"


# As stored, not decoded: two stored forms of one text are not the same. A time that Python cannot hold is no time.
_STORED = select(
    history.c.id,
    *(type_coerce(history.c[name], Text).label(name) for name in ("park_id", "actor", "action", "why")),
    *(type_coerce(history.c[name], Text).label(name) for name in ("prev_hash", "hash")),
    *(history.c.seq, history.c.payout_id, history.c.order_id, type_coerce(history.c.data, JSONB).label("data")),
    case((history.c.at.between(text("'0002-01-01'"), text("'9998-12-31'")), history.c.at)).label("at"),
).order_by(history.c.park_id, history.c.seq, history.c.id)


@dataclass(slots=True)
class Chains:
    """Walks every park's chain, entry after entry, and keeps no more than one end per park. `tick` is told how many
    entries more were walked. `known` are entries that must still be what they were: park -> (seq, hash)."""

    tick: Callable[[int], None] = lambda _: None
    known: Mapping[str, tuple[int, str]] = field(default_factory=dict)
    ends: dict[str, tuple[int, str]] = field(default_factory=dict)

    def breaks(self, connection: Connection) -> Iterator[HistoryBreak]:
        """Every break, as it is come upon. The connection should see one state of the database all along."""
        last_id: dict[str, int] = {}
        rows = connection.execution_options(yield_per=_AT_ONCE).execute(_STORED).mappings()
        for rows_read in rows.partitions():
            for stored in rows_read:
                row = dict(stored)
                number, park_id = row.pop("id"), unescape(row["park_id"])
                yield from self._of_entry(row, park_id)
                if number <= last_id.get(park_id, 0):
                    yield HistoryBreak(park_id, row["seq"], "it was written before the entry it follows")
                last_id[park_id] = number
            self.tick(len(rows_read))
        yield from self._wrong_ends(connection)

    def _of_entry(self, row: dict[str, Any], park_id: str) -> Iterator[HistoryBreak]:
        seq, prev_hash = self.ends.get(park_id, (0, FIRST_PREV_HASH))
        told = row.pop("hash")
        self.ends[park_id] = (row["seq"], told)
        if row["seq"] != seq + 1:
            yield HistoryBreak(park_id, row["seq"], f"entry {seq + 1} should come here: something was taken out")
        if row["prev_hash"] != prev_hash:
            yield HistoryBreak(park_id, row["seq"], "it does not follow from the entry before")
        if told != stored_hash(row):
            yield HistoryBreak(park_id, row["seq"], "its content was changed")
        if park_id in self.known and self.known[park_id][0] == row["seq"] and self.known[park_id][1] != told:
            yield HistoryBreak(park_id, row["seq"], "it is not what it was at the checkpoint: history was rewritten")

    def _wrong_ends(self, connection: Connection) -> Iterator[HistoryBreak]:
        """Chains whose last entry is not the one that was last appended, or that were longer once."""
        rows = connection.execute(select(park_history_head).where(park_history_head.c.seq > 0))
        heads = {row.park_id: (row.seq, row.hash) for row in rows}
        for park_id in sorted(heads.keys() | self.ends.keys() | self.known.keys(), key=str.encode):
            end, head = self.ends.get(park_id, (0, "")), heads.get(park_id, (0, ""))
            if end[0] < self.known.get(park_id, (0, ""))[0]:
                was = self.known[park_id][0]
                yield HistoryBreak(park_id, end[0], f"the history ends here, it reached entry {was} at the checkpoint")
            if end[0] != head[0]:
                problem = f"the history ends at entry {end[0]}, but {head[0]} was the last one written"
                yield HistoryBreak(park_id, end[0], problem)
            elif end != head:
                yield HistoryBreak(park_id, end[0], "it is not the entry that was written last")
