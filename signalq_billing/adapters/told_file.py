"""The Tellings of ports in a file of this machine, for while PostgreSQL is down: whoever looks every minute must not
shout every minute. Times are this machine's."""

from __future__ import annotations

import datetime as dt
import fcntl
import json
import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

from signalq_billing.domain import telling
from signalq_billing.domain.alert import Alert
from signalq_billing.domain.alert_document import alert_of, document
from signalq_billing.domain.telling import Claim, Occasion, Patience, Told

log = logging.getLogger(__name__)


class ToldFile:
    """What this machine told while nothing could be shared. A file that cannot be read counts as empty."""

    def __init__(self, path: Path, now: Callable[[], dt.datetime]) -> None:
        self._path = path
        self._now = now

    def open(self) -> list[Told]:
        """Every situation that is not over, by key."""
        with self._locked() as kept:
            return [kept[key] for key in sorted(kept)]

    def claim(self, alert: Alert, patience: Patience) -> Claim | None:
        """Note that `alert` is seen; the right to tell it if that is due."""
        with self._locked() as kept:
            now = self._now()  # not before the lock: a lease that was taken meanwhile would look like a future one
            told = replace(kept.get(alert.key, Told(alert)), alert=alert, gone_at=None)
            why = telling.occasion(told, alert, now, patience)
            kept[alert.key] = replace(told, claimed_until=now + patience.lease) if why else told
            return Claim(alert, why, 0, told.told_at) if why else None

    def claim_over(self, key: str, patience: Patience) -> Claim | None:
        """Note that the situation is not seen any more; the right to tell that it is over."""
        with self._locked() as kept:
            now = self._now()
            if key not in kept:
                return None
            told = kept[key] = replace(kept[key], gone_at=kept[key].gone_at or now)
            if not telling.is_over(told, now, patience):
                return None
            if told.told_at is None:
                del kept[key]
                return None
            kept[key] = replace(told, claimed_until=now + patience.lease)
            return Claim(told.alert, Occasion.OVER, 0, told.told_at)

    def told(self, claim: Claim) -> None:
        """It was told; a situation that is over is forgotten."""
        key, alert = claim.alert.key, claim.alert
        with self._locked() as kept:
            if claim.occasion is Occasion.OVER:
                kept.pop(key, None)
            elif key in kept:
                before = kept[key]
                kept[key] = Told(
                    alert, self._now(), before.members | alert.members, max(before.level, alert.level), before.gone_at
                )

    def give_back(self, claim: Claim) -> None:
        """It could not be told: somebody else may at once."""
        with self._locked() as kept:
            if claim.alert.key in kept:
                kept[claim.alert.key] = replace(kept[claim.alert.key], claimed_until=None)

    def forget(self, key: str) -> None:
        """Nothing is known of the situation any more."""
        with self._locked() as kept:
            kept.pop(key, None)

    @contextmanager
    def _locked(self) -> Iterator[dict[str, Told]]:
        """What is kept, written back afterwards; nothing is kept where no file can be written."""
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            file = self._path.open("a+", encoding="utf-8")
        except OSError as error:
            log.warning("what was told cannot be remembered: %s", error)
            yield {}
            return
        with file:
            fcntl.flock(file, fcntl.LOCK_EX)
            file.seek(0)
            kept: dict[str, Told] = {}
            with suppress(ValueError, KeyError, TypeError, AttributeError):
                kept = {key: _told(entry) for key, entry in json.load(file).items()}
            yield kept
            file.seek(0)
            file.truncate()
            json.dump({key: _entry(told) for key, told in kept.items()}, file)


def _entry(told: Told) -> dict[str, Any]:
    instants = {"told_at": told.told_at, "gone_at": told.gone_at, "claimed_until": told.claimed_until}
    return {
        "alert": document(told.alert),
        "members": sorted(told.members),
        "level": told.level,
        **{name: instant and instant.isoformat() for name, instant in instants.items()},
    }


def _told(entry: dict[str, Any]) -> Told:
    told_at, gone_at, claimed_until = (
        dt.datetime.fromisoformat(entry[name]) if entry[name] else None
        for name in ("told_at", "gone_at", "claimed_until")
    )
    return Told(alert_of(entry["alert"]), told_at, frozenset(entry["members"]), entry["level"], gone_at, claimed_until)
