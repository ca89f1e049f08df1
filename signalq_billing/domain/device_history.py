"""What status_history says about one device around one period: its events one by one, and all that lies further off
in summary."""

import datetime as dt
from dataclasses import dataclass, field
from typing import NamedTuple

from signalq_billing.domain.activity import BadRows


class Event(NamedTuple):
    """Good rows that say the same: at an instant (UTC) the device was in that park with that status.

    Sorts as SPEC section 4 orders events. `repeats` is how many more rows say it than the one that is needed.
    """

    at: dt.datetime
    park_id: str
    status: str
    repeats: int = 0


@dataclass(frozen=True, slots=True)
class Sightings:
    """All good rows of a device in one park on one side of its events: when the first and the last of them are, what
    the last one's status is, and how many there are."""

    park_id: str
    first: dt.datetime
    last: dt.datetime
    last_status: str
    rows: int


@dataclass(frozen=True, slots=True)
class DeviceHistory:
    """One device in one state of status_history (SPEC section 3), seen from one period.

    `events` are in order and of [period start - `lookback_days` * 86 400 s, period end); `before` and `after` sum up
    what is earlier and later, a park each, sorted bytewise. `bad_rows` are those that name this device, `rows_read` is
    how many rows do so at all.
    """

    device_id: str
    lookback_days: int
    events: tuple[Event, ...] = ()
    before: tuple[Sightings, ...] = ()
    after: tuple[Sightings, ...] = ()
    bad_rows: BadRows = field(default_factory=BadRows)
    rows_read: int = 0

    @property
    def seen(self) -> bool:
        """Whether any good row names the device, whenever."""
        return bool(self.events or self.before or self.after)

    @property
    def last_before_events(self) -> Event | None:
        """The last good event that is older than the lookback, of whatever park."""
        latest = max(self.before, key=lambda each: (each.last, each.park_id), default=None)
        return Event(latest.last, latest.park_id, latest.last_status) if latest else None
