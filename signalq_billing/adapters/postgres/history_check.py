"""The whole history checked: every park's chain, and what is stored beside it against what the history says happened.

A chain alone shows a change in its middle. An end that was cut off together with its head, a payout or an order that
was changed behind the history's back, shows only against the tables beside it; a history that was written anew from
its beginning, only against a checkpoint kept elsewhere.
"""

import hashlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

from sqlalchemy import Connection, Engine, func, select, text

from signalq_billing.adapters.postgres.history import Chains, HistoryBreak
from signalq_billing.adapters.postgres.stored_text import unescape
from signalq_billing.adapters.postgres.tables import history
from signalq_billing.adapters.postgres.transaction import transaction

Ends = Mapping[str, tuple[int, str]]  # park -> number and hash of its last entry


@dataclass(frozen=True, slots=True)
class _Gap:
    """What is looked for in the tables, and how it is told: `seq` is 0 where no entry is to blame."""

    problem: str
    sql: str


_CLAIMED_UNTOLD = _Gap(
    "order {what} was claimed under fencing number {detail}, which no entry tells of",
    """
    SELECT p.park_id, 0 AS seq, o.external_ref AS what, o.fencing::text AS detail
    FROM payout_order o JOIN payout p ON p.id = o.payout_id
    WHERE o.fencing > 0 AND NOT EXISTS (
        SELECT FROM history h WHERE h.order_id = o.id AND h.park_id = p.park_id
            AND h.data ->> 'fencing' = o.fencing::text AND h.action IN ('claimed', 'taken_over', 'marked_created'))
    """,
)
_CREATED_UNTOLD = _Gap(
    "order {what} stands as created as {detail}, which no entry tells of with this doc_id and amount",
    """
    SELECT p.park_id, 0 AS seq, o.external_ref AS what, o.doc_id AS detail
    FROM payout_order o JOIN payout p ON p.id = o.payout_id
    WHERE o.payment_progress = 'created' AND NOT EXISTS (
        SELECT FROM history h WHERE h.order_id = o.id AND h.park_id = p.park_id
            AND h.action IN ('created', 'marked_created') AND h.data ->> 'doc_id' = o.doc_id
            AND h.data ->> 'amount' = o.amount::text AND h.data ->> 'currency' = o.currency)
    """,
)
_TOLD_NOT_CREATED = _Gap(
    "it tells that order {what} was created as {detail}, and the order does not stand as that",
    """
    SELECT h.park_id, h.seq, h.data ->> 'external_ref' AS what, h.data ->> 'doc_id' AS detail
    FROM history h LEFT JOIN payout_order o ON o.id = h.order_id
    WHERE h.action IN ('created', 'marked_created')
        AND (o.payment_progress = 'created' AND o.doc_id = h.data ->> 'doc_id') IS NOT TRUE
    """,
)
_PAYOUT_UNTOLD = _Gap(
    "payout {what} stands with total {detail}, and no entry tells that it was stored so",
    """
    SELECT p.park_id, 0 AS seq, p.cadence || ' ' || p.period_name || ' revision ' || p.revision AS what,
        p.total::text AS detail
    FROM payout p WHERE NOT EXISTS (
        SELECT FROM history h WHERE h.payout_id = p.id AND h.park_id = p.park_id
            AND h.action IN ('stored', 'replaced') AND h.data ->> 'digest' = p.digest
            AND h.data ->> 'total' = p.total::text)
    """,
)
_CONFIG_UNTOLD = _Gap(
    "config version {what} with hash {detail} stands, and no entry tells that it was applied",
    """
    SELECT c.park_id, 0 AS seq, c.effective_from::text AS what, c.sha256 AS detail
    FROM config_version c WHERE NOT EXISTS (
        SELECT FROM history h WHERE h.park_id = c.park_id AND h.action IN ('config_added', 'config_changed')
            AND h.data ->> 'sha256' = c.sha256 AND h.data ->> 'effective_from' = c.effective_from::text)
    """,
)
_GAPS = (_CLAIMED_UNTOLD, _CREATED_UNTOLD, _TOLD_NOT_CREATED, _PAYOUT_UNTOLD, _CONFIG_UNTOLD)


def gaps(connection: Connection) -> Iterator[HistoryBreak]:
    """Where what is stored and what the history tells are not the same, by kind and park."""
    for gap in _GAPS:
        found = connection.execution_options(yield_per=1000).execute(text(f"{gap.sql} ORDER BY 1, 2, 3"))
        for row in found:
            told = gap.problem.format(what=unescape(row.what or "?"), detail=row.detail or "?")
            yield HistoryBreak(unescape(row.park_id), row.seq, told)


@dataclass(slots=True)
class HistoryCheck:
    """One check of the whole history, from one state of the database. Read `entries` and `fingerprint` at its end."""

    engine: Engine
    known: Ends = field(default_factory=dict)
    tick: Callable[[int], None] = lambda _: None
    entries: int = 0
    ends: Ends = field(default_factory=dict)

    def count(self) -> int:
        """How many entries there are to walk."""
        with transaction(self.engine) as connection:
            return int(connection.scalar(select(func.count()).select_from(history)) or 0)

    def breaks(self) -> Iterator[HistoryBreak]:
        """Everything that is wrong, as it is come upon. Raises StorageUnavailable, MigrationsMissing."""
        steady = self.engine.execution_options(isolation_level="REPEATABLE READ")
        with transaction(steady) as connection:
            connection.execute(text("SET TRANSACTION READ ONLY"))
            chains = Chains(self._walked, self.known)
            yield from chains.breaks(connection)
            yield from gaps(connection)
        self.ends = chains.ends

    def _walked(self, entries: int) -> None:
        self.entries += entries
        self.tick(entries)

    @property
    def fingerprint(self) -> str:
        """SHA-256 over the ends of all chains: the same as long as nothing was added or changed."""
        told = hashlib.sha256()
        for park_id in sorted(self.ends, key=str.encode):
            seq, last = self.ends[park_id]
            told.update(f"{park_id}\x00{seq}\x00{last}\n".encode())
        return told.hexdigest()
