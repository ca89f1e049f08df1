"""When an alert is told: once, again after a pause or when it got worse, and once that it is over."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field, replace
from enum import StrEnum

from signalq_billing.domain.alert import Alert


class Occasion(StrEnum):
    """Why an alert is told now."""

    NEW = "new"
    WORSE = "worse"
    STILL = "still"
    OVER = "over"


@dataclass(frozen=True, slots=True)
class Patience:
    """`pause`: how long nothing is told again of a situation that did not get worse. `grace`: how long one that comes
    and goes has to stay away before it is over. `lease`: how long somebody who is telling is waited for."""

    pause: dt.timedelta = dt.timedelta(hours=4)
    grace: dt.timedelta = dt.timedelta(minutes=15)
    lease: dt.timedelta = dt.timedelta(minutes=2)


@dataclass(frozen=True, slots=True)
class Told:
    """What has been told of a situation that is not over. `told_at` None: nothing yet. `members` are all that were
    ever told of it. `gone_at`: since when it is not seen any more. `claimed_until`: somebody is telling it."""

    alert: Alert
    told_at: dt.datetime | None = None
    members: frozenset[str] = field(default_factory=frozenset)
    level: int = 0
    gone_at: dt.datetime | None = None
    claimed_until: dt.datetime | None = None


@dataclass(frozen=True, slots=True)
class Claim:
    """The right to tell one situation, until somebody else may. `told_at` is when it was told last."""

    alert: Alert
    occasion: Occasion
    number: int
    told_at: dt.datetime | None = None


def occasion(told: Told, alert: Alert, now: dt.datetime, patience: Patience) -> Occasion | None:
    """Why `alert` should be told now, or None. All instants are of the store's clock; one that lies in the future
    was written by a clock that has been set back, and keeps nobody silent."""
    if _at_work(told, now, patience):
        return None
    if told.told_at is None:
        return Occasion.NEW
    if got_worse(told, alert):
        return Occasion.WORSE
    if alert.once:
        return None
    if told.told_at > now or now - told.told_at >= patience.pause:
        return Occasion.STILL
    return None


def got_worse(told: Told, alert: Alert) -> bool:
    """Whether the level rose, or at least as many new ones came as have been told of: a thousand parks that go wrong
    one by one make ten messages."""
    new = len(alert.members - told.members)
    return alert.level > told.level or new >= max(len(told.members), 1)


def is_over(told: Told, now: dt.datetime, patience: Patience) -> bool:
    """Whether a situation that is not seen any more is over and may be told so."""
    if told.gone_at is None or _at_work(told, now, patience):
        return False
    waited = now - told.gone_at
    return not told.alert.kind.flaps or waited >= patience.grace or waited < dt.timedelta(0)


def with_gone_at(told: Told, gone_at: dt.datetime) -> Told:
    """The same situation, not seen any more since `gone_at`."""
    return replace(told, gone_at=gone_at)


def _at_work(told: Told, now: dt.datetime, patience: Patience) -> bool:
    return told.claimed_until is not None and now < told.claimed_until <= now + patience.lease
