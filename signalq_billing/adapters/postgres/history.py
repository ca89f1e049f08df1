"""The history: who did what to which payout, when and why. Append-only, a hash chain per park (SPEC section 7).

Whoever changes anything about a park first locks the park's head row here, so that changes of one park come one after
another, and no two parks ever wait for each other. Several parks are locked in one order, bytewise.
"""

import datetime as dt
import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from sqlalchemy import BigInteger, Connection, bindparam, func, insert, select, update
from sqlalchemy.dialects import postgresql

from signalq_billing.adapters.postgres.stored_text import escape, escape_document
from signalq_billing.adapters.postgres.tables import history, is_any, park_history_head
from signalq_billing.domain.order import utc_iso

FIRST_PREV_HASH = "0" * 64


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
        rows = [self._linked(entry) for entry in entries]
        if not rows:
            return
        self.connection.execute(insert(history), rows)
        ends = [
            {"park": park_id, "end": self.heads[park_id][0], "end_hash": self.heads[park_id][1]}
            for park_id in sorted({entry.park_id for entry in entries})
        ]
        moved = update(park_history_head).where(park_history_head.c.park_id == bindparam("park"))
        self.connection.execute(moved.values(seq=bindparam("end", type_=BigInteger), hash=bindparam("end_hash")), ends)

    def _linked(self, entry: Entry) -> dict[str, object]:
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
    at = row["at"]
    assert isinstance(at, dt.datetime)
    content = {name: value for name, value in row.items() if name not in {"id", "hash"}} | {"at": utc_iso(at)}
    text = json.dumps(escape_document(content), ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def verify(connection: Connection) -> list[str]:
    """Every break in every park's chain, in words; an empty list means that nothing was changed or taken out."""
    problems: list[str] = []
    ends: dict[str, tuple[int, str]] = {}
    entries = select(history).order_by(history.c.park_id, history.c.seq).execution_options(yield_per=1000)
    for row in connection.execute(entries).mappings():
        park_id = row["park_id"]
        seq, prev_hash = ends.get(park_id, (0, FIRST_PREV_HASH))
        problems += _breaks(dict(row), seq + 1, prev_hash)
        ends[park_id] = (row["seq"], row["hash"])
    return problems + _wrong_ends(connection, ends)


def _breaks(row: dict[str, object], seq: int, prev_hash: str) -> list[str]:
    where = f"park {row['park_id']}, history entry {row['seq']}"
    found = []
    if row["seq"] != seq:
        found.append(f"{where}: entry {seq} should come here: something was taken out")
    if row["prev_hash"] != prev_hash:
        found.append(f"{where}: it does not follow from the entry before")
    if row["hash"] != entry_hash(row):
        found.append(f"{where}: its content was changed")
    return found


def _wrong_ends(connection: Connection, ends: Mapping[str, tuple[int, str]]) -> list[str]:
    """Chains whose last entry is not the one that was last appended."""
    rows = connection.execute(select(park_history_head).where(park_history_head.c.seq > 0))
    heads = {row.park_id: (row.seq, row.hash) for row in rows}
    return [
        f"park {park_id}: the history ends at entry {ends.get(park_id, (0, ''))[0]}, "
        f"but {heads.get(park_id, (0, ''))[0]} was the last one written"
        for park_id in sorted(heads.keys() | ends.keys())
        if heads.get(park_id) != ends.get(park_id)
    ]
