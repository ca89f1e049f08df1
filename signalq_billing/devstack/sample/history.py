"""The sample's status_history: every row of five weeks, or of what the longest period needs, in order of arrival."""

import datetime as dt
from collections.abc import Iterable, Iterator, Mapping
from operator import attrgetter

from signalq_billing.devstack.sample.blemishes import bad_rows
from signalq_billing.devstack.sample.fleet import cameras
from signalq_billing.devstack.sample.life import StatusEvent, beacon, events_of

WEEKS = 5
_REAL_CLOCKS = 10**15  # microseconds: 2001


def rows(until: dt.datetime, since: Mapping[str, dt.date] | None = None, weeks: int = WEEKS) -> list[StatusEvent]:
    """All rows up to `until`, in the order they arrived: neither by camera nor by time.

    `since` names parks whose history begins earlier than `weeks` before.
    """
    first = until.date() - dt.timedelta(weeks=weeks)
    begins = {park: min(day, first) for park, day in (since or {}).items()}
    newest = int(until.timestamp()) * 1_000_000
    made = [row for row in _all_rows(first, until.date(), begins) if _has_happened(row, newest)]
    made.sort(key=attrgetter("arrives_at", "event_id"))
    return made


def _all_rows(first: dt.date, last: dt.date, begins: Mapping[str, dt.date]) -> Iterator[StatusEvent]:
    for day in _days(first, last):
        yield from beacon(day)
        yield from bad_rows(day)
    for camera in cameras():
        for day in _days(begins.get(camera.home.park_id, first), last + dt.timedelta(days=1)):
            yield from events_of(camera, day)


def _has_happened(row: StatusEvent, newest: int) -> bool:
    """What a later call adds is only what happened later; a bad row has happened when it arrived."""
    at = row.status_at
    if at is None or at > newest or at < _REAL_CLOCKS:
        return row.event_id.startswith("bad/") and row.arrives_at <= newest
    return True


def _days(first: dt.date, last: dt.date) -> Iterable[dt.date]:
    return (first + dt.timedelta(days=number) for number in range((last - first).days + 1))
