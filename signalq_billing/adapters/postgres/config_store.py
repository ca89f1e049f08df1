"""The ConfigStore of ports.py on PostgreSQL: versions are superseded, never overwritten (SPEC section 6)."""

import datetime as dt
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import cast

from sqlalchemy import Connection, Engine, insert, select, text, update

from signalq_billing.adapters.postgres import paid
from signalq_billing.adapters.postgres.history import Entry, LockedParks, lock_parks
from signalq_billing.adapters.postgres.tables import StoredRow, config_version, is_any, payout
from signalq_billing.adapters.postgres.transaction import transaction
from signalq_billing.domain.config import ParkConfig
from signalq_billing.domain.config_body import body_hash, from_body, to_body
from signalq_billing.domain.paid import ConfigSpan, PaidSpan
from signalq_billing.domain.record import AppliedVersion, SupersededVersion
from signalq_billing.errors import ConfigInvalid, ConfigProblem

VersionKey = tuple[str, dt.date]


class PostgresConfigStore:
    """Park configs as applied."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def current(self, park_ids: Sequence[str] | None = None) -> list[ParkConfig]:
        """Every version that stands, of all parks or of some, sorted by park (bytewise) and date."""
        wanted = select(config_version.c.body).where(config_version.c.superseded_at.is_(None))
        if park_ids is not None:
            wanted = wanted.where(is_any(config_version.c.park_id, park_ids))
        with transaction(self._engine) as connection:
            configs = [from_body(cast(Mapping[str, object], body)) for body in connection.scalars(wanted)]
        return sorted(configs, key=lambda config: (config.park_id.encode(), config.effective_from))

    def applied(self, park_ids: Sequence[str] | None = None) -> list[AppliedVersion]:
        """Every version that stands with who applied it and when, sorted by park (bytewise) and date."""
        version = config_version.c
        wanted = select(version.body, version.applied_at, version.applied_by).where(version.superseded_at.is_(None))
        if park_ids is not None:
            wanted = wanted.where(is_any(version.park_id, park_ids))
        with transaction(self._engine) as connection:
            found = [
                AppliedVersion(from_body(row.body), row.applied_at, row.applied_by)
                for row in connection.execute(wanted)
            ]
        return sorted(found, key=lambda each: (each.config.park_id.encode(), each.config.effective_from))

    def superseded(self, park_id: str) -> list[SupersededVersion]:
        """Every version of a park that stands no more, by date and the order they were applied in."""
        version = config_version.c
        wanted = select(config_version).where(version.park_id == park_id, version.superseded_at.is_not(None))
        with transaction(self._engine) as connection:
            return [
                SupersededVersion(
                    AppliedVersion(from_body(row.body), row.applied_at, row.applied_by),
                    row.superseded_at,
                    row.superseded_by,
                )
                for row in connection.execute(wanted.order_by(version.effective_from, version.id))
            ]

    def paid_within(self, spans: Sequence[ConfigSpan]) -> list[PaidSpan]:
        """Per span with any, the claimed periods of its park that start in it."""
        with transaction(self._engine) as connection:
            return paid.paid_within(connection, spans)

    def paid_versions(self) -> set[VersionKey]:
        """(park_id, effective_from) of the versions some claimed payout was computed with."""
        with transaction(self._engine) as connection:
            return _paid(connection)

    def apply(self, configs: Sequence[ParkConfig], actor: str) -> Mapping[str, int]:
        """Store all of them in one transaction; returns how many were `added`, `changed` and `unchanged`.

        Raises ConfigInvalid, and stores nothing, for a changed version that has been paid with and for two versions
        of one date.
        """
        _check_dates(configs)
        with transaction(self._engine) as connection:
            # One apply at a time: two of them must not both find a version missing.
            connection.execute(text("LOCK TABLE config_version IN SHARE ROW EXCLUSIVE MODE"))
            standing = _standing(connection, {config.park_id for config in configs})
            fresh = [config for config in configs if _differs(config, standing)]
            changed = [config for config in fresh if _key(config) in standing]
            # Claims hold their park's lock: whatever is paid with by now, we see; whatever comes later, waits.
            parks = lock_parks(connection, {config.park_id for config in fresh})
            _check_unpaid(changed, _paid(connection))
            _supersede(connection, [standing[_key(config)].id for config in changed], parks, actor)
            _add(connection, fresh, parks, actor)
            parks.append(*(_entry(config, standing, actor) for config in fresh))
        return {
            "added": len(fresh) - len(changed),
            "changed": len(changed),
            "unchanged": len(configs) - len(fresh),
        }


def _key(config: ParkConfig) -> VersionKey:
    return config.park_id, config.effective_from


def _problem(key: VersionKey, message: str) -> ConfigProblem:
    return ConfigProblem("applied versions", 0, key[0], f"effective_from {key[1]}", message)


def _check_dates(configs: Iterable[ParkConfig]) -> None:
    counts = Counter(map(_key, configs))
    if problems := [_problem(key, "two versions of one date") for key, count in counts.items() if count > 1]:
        raise ConfigInvalid(problems)


def _check_unpaid(changed: Iterable[ParkConfig], paid: set[VersionKey]) -> None:
    message = "was paid with and can never change: add a version with a later effective_from"
    if problems := [_problem(_key(config), message) for config in changed if _key(config) in paid]:
        raise ConfigInvalid(problems)


def _standing(connection: Connection, park_ids: Iterable[str]) -> dict[VersionKey, StoredRow]:
    """The versions that stand, by park and date."""
    rows = connection.execute(
        select(config_version)
        .where(is_any(config_version.c.park_id, park_ids))
        .where(config_version.c.superseded_at.is_(None))
    )
    return {(row.park_id, row.effective_from): row for row in rows}


def _differs(config: ParkConfig, standing: Mapping[VersionKey, StoredRow]) -> bool:
    return _key(config) not in standing or standing[_key(config)].sha256 != body_hash(config)


def _paid(connection: Connection) -> set[VersionKey]:
    version = config_version.c
    frozen = select(payout.c.config_version_id).where(payout.c.frozen_at.is_not(None))
    rows = connection.execute(select(version.park_id, version.effective_from).where(version.id.in_(frozen)))
    return {(row.park_id, row.effective_from) for row in rows}


def _supersede(connection: Connection, ids: Sequence[int], parks: LockedParks, actor: str) -> None:
    gone = update(config_version).where(is_any(config_version.c.id, ids))
    connection.execute(gone.values(superseded_at=parks.now, superseded_by=actor))


def _add(connection: Connection, configs: Sequence[ParkConfig], parks: LockedParks, actor: str) -> None:
    rows = [
        {
            "park_id": config.park_id,
            "effective_from": config.effective_from,
            "cadence": config.cadence,
            "enabled": config.enabled,
            "body": to_body(config),
            "sha256": body_hash(config),
            "applied_at": parks.now,
            "applied_by": actor,
        }
        for config in configs
    ]
    if rows:
        connection.execute(insert(config_version), rows)


def _entry(config: ParkConfig, standing: Mapping[VersionKey, StoredRow], actor: str) -> Entry:
    before = standing.get(_key(config))
    data = {
        "effective_from": config.version,
        "sha256": body_hash(config),
        "before": before.sha256 if before is not None else None,
    }
    return Entry(config.park_id, actor, "config_changed" if before is not None else "config_added", data=data)
