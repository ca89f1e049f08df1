"""The Tellings of ports on PostgreSQL: who may tell an alert is decided under a lock of its row, by its clock."""

import datetime as dt
from collections.abc import Mapping

from sqlalchemy import Connection, Engine, delete, func, select, update
from sqlalchemy.dialects.postgresql import Insert, insert

from signalq_billing.adapters.postgres.tables import StoredRow, alert
from signalq_billing.adapters.postgres.transaction import transaction
from signalq_billing.domain import telling
from signalq_billing.domain.alert import Alert
from signalq_billing.domain.alert_document import alert_of, document
from signalq_billing.domain.telling import Claim, Occasion, Patience, Told

_NOW = func.clock_timestamp()


class PostgresTellings:
    """What has been told of the situations that are not over, one row each."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def open(self) -> list[Told]:
        """Every situation that is not over, by key."""
        with transaction(self._engine) as connection:
            return [_told(row) for row in connection.execute(select(alert).order_by(alert.c.key))]

    def claim(self, seen: Alert, patience: Patience) -> Claim | None:
        """Note that `seen` is seen; the right to tell it if that is due."""
        with transaction(self._engine) as connection:
            connection.execute(_noted(seen))
            row, now = _locked(connection, seen.key)
            assert row is not None, "it was written in this transaction"
            why = telling.occasion(_told(row), seen, now, patience)
            values = {"document": document(seen), "kind": seen.kind.value, "seen_at": now, "gone_at": None}
            return _claimed(connection, row, values, why, seen, now + patience.lease)

    def claim_over(self, key: str, patience: Patience) -> Claim | None:
        """Note that the situation is not seen any more; the right to tell that it is over."""
        with transaction(self._engine) as connection:
            row, now = _locked(connection, key)
            if row is None:
                return None
            gone_at = now if row.gone_at is None else row.gone_at
            told = telling.with_gone_at(_told(row), gone_at)
            over = telling.is_over(told, now, patience)
            if over and row.told_at is None:
                connection.execute(delete(alert).where(alert.c.key == key))
                return None
            why = Occasion.OVER if over else None
            return _claimed(connection, row, {"gone_at": gone_at}, why, told.alert, now + patience.lease)

    def told(self, claim: Claim) -> None:
        """It was told; nothing changes if somebody else has taken the claim over meanwhile."""
        mine = (alert.c.key == claim.alert.key, alert.c.claim == claim.number)
        with transaction(self._engine) as connection:
            if claim.occasion is Occasion.OVER:
                connection.execute(delete(alert).where(*mine))
                return
            row, now = _locked(connection, claim.alert.key)
            if row is None or row.claim != claim.number:
                return
            values = {
                "told_at": now,
                "told_members": sorted(claim.alert.members.union(row.told_members)),
                "told_level": max(claim.alert.level, row.told_level),
                "times": row.times + 1,
                "claimed_until": None,
            }
            connection.execute(update(alert).where(*mine).values(values))

    def give_back(self, claim: Claim) -> None:
        """It could not be told: somebody else may at once."""
        mine = (alert.c.key == claim.alert.key, alert.c.claim == claim.number)
        with transaction(self._engine) as connection:
            connection.execute(update(alert).where(*mine).values(claimed_until=None))

    def forget(self, key: str) -> None:
        """Nothing is known of the situation any more."""
        with transaction(self._engine) as connection:
            connection.execute(delete(alert).where(alert.c.key == key))


def _noted(seen: Alert) -> Insert:
    values = {"key": seen.key, "kind": seen.kind.value, "document": document(seen), "seen_at": _NOW}
    return insert(alert).values(values).on_conflict_do_nothing()


def _locked(connection: Connection, key: str) -> tuple[StoredRow | None, dt.datetime]:
    """The row under a lock, and the time after it was had: whoever waited for it must not decide by an older one."""
    row = connection.execute(select(alert).where(alert.c.key == key).with_for_update()).one_or_none()
    return row, connection.execute(select(_NOW)).scalar_one()


def _claimed(
    connection: Connection,
    row: StoredRow,
    values: Mapping[str, object],
    why: Occasion | None,
    of: Alert,
    until: dt.datetime,
) -> Claim | None:
    number = row.claim + 1
    if why is not None:
        values = {**values, "claim": number, "claimed_until": until}
    connection.execute(update(alert).where(alert.c.key == row.key).values(values))
    return None if why is None else Claim(of, why, number, row.told_at)


def _told(row: StoredRow) -> Told:
    return Told(
        alert=alert_of(row.document),
        told_at=row.told_at,
        members=frozenset(row.told_members),
        level=row.told_level,
        gone_at=row.gone_at,
        claimed_until=row.claimed_until,
    )
