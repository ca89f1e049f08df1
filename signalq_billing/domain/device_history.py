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

    `events` are those of the period, in order. The rest is summed up, a park each, sorted bytewise: `lookback` what is
    at most `lookback_days` * 86 400 s before the period, `before` what is earlier, `after` what is later than it.
    `bad_rows` are those that name this device, `rows_read` is how many rows do so at all. `days_read` are the first and
    the last day of the daily tables all this is from; None where it is from all there is.
    """

    device_id: str
    lookback_days: int
    events: tuple[Event, ...] = ()
    lookback: tuple[Sightings, ...] = ()
    before: tuple[Sightings, ...] = ()
    after: tuple[Sightings, ...] = ()
    bad_rows: BadRows = field(default_factory=BadRows)
    rows_read: int = 0
    days_read: tuple[dt.date, dt.date] | None = None

    @property
    def seen(self) -> bool:
        """Whether any good row that was read names the device, whenever."""
        return bool(self.events or self.lookback or self.before or self.after)

    @property
    def carried(self) -> Event | None:
        """The last event before the period, of whatever park, if it is not older than the lookback."""
        return _last(self.lookback)

    @property
    def too_old(self) -> Event | None:
        """The last event that is older than the lookback, of whatever park."""
        return _last(self.before)


def _last(sightings: tuple[Sightings, ...]) -> Event | None:
    events = (Event(each.last, each.park_id, each.last_status) for each in sightings)
    return max(events, default=None)
