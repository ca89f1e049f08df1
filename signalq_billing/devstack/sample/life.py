"""What a camera sends on one day. The same camera and day always give the same events, whenever they are asked for."""

import datetime as dt
from collections.abc import Callable, Iterator
from functools import lru_cache
from random import Random
from typing import NamedTuple

from signalq_billing.devstack.sample.fleet import Camera, Habit

SEED = "signalq 1"
_SECOND = 1_000_000
_HOUR = 3600 * _SECOND
_DAY = 24 * _HOUR
_EVERY, _JITTER = 70 * 60 * _SECOND, 45 * 60 * _SECOND
_EPOCH = dt.date(1970, 1, 1).toordinal()
_USUAL = {Habit.DAY: (7.5, 10.5), Habit.NIGHT: (20.0, 10.0), Habit.AROUND_THE_CLOCK: (6.0, 19.0)}  # start, hours

Draw = Callable[[], float]


class StatusEvent(NamedTuple):
    """A row of status_history and when it arrives there; instants in microseconds since the epoch."""

    park_id: str | None
    device_id: str | None
    status: str | None
    status_at: int | None
    event_id: str
    arrives_at: int


def events_of(camera: Camera, day: dt.date) -> Iterator[StatusEvent]:
    """The events of the shift that begins on the camera's local `day`; a night's shift ends on the next."""
    if _silent(camera.number, (day.toordinal() + camera.number * 5) // 12):
        return
    draw = Random(f"{SEED}/{camera.number}/{day.toordinal()}").random
    midnight = (day.toordinal() - _EPOCH) * _DAY - camera.home.utc_offset_hours * _HOUR
    before, after = camera.park_on(day - dt.timedelta(days=1)).park_id, camera.park_on(day).park_id
    moves_at = midnight + 13 * _HOUR
    buffered = 6 * _HOUR if draw() < 0.03 else 0  # no network: the whole day arrives hours later
    device_id, named = camera.device_id, f"{camera.device_id}/{day:%Y%m%d}/"
    for number, (at, status) in enumerate(_day(camera, midnight, draw)):
        park_id = before if at < moves_at else after
        arrives_at = at + buffered + int(draw() * 60 * _SECOND)
        yield StatusEvent(park_id, device_id, status, at, f"{named}{number}", arrives_at)
        if draw() < 0.003:
            yield StatusEvent(park_id, device_id, status, at, f"{named}{number}", arrives_at + int(draw() * _HOUR))


@lru_cache(maxsize=65536)
def _silent(number: int, spell: int) -> bool:
    """Cameras fall silent for twelve days at a time, one in twenty-five of them."""
    return Random(f"{SEED}/silent/{number}/{spell}").random() < 0.04


def _day(camera: Camera, midnight: int, draw: Draw) -> Iterator[tuple[int, str]]:
    if camera.home.habit is Habit.BROKEN:
        yield midnight + 6 * _HOUR + int(draw() * 3 * _HOUR), "fault"
        yield midnight + 18 * _HOUR + int(draw() * 3 * _HOUR), "offline"
        return
    if draw() < 0.12:  # the car stays where it is
        return
    usual_start, usual_hours = _USUAL[camera.home.habit]
    begins = midnight + int((usual_start + _spread(draw) * 2) * _HOUR)
    ends = begins + int(max(usual_hours + _spread(draw) * 5, 0.7) * _HOUR)
    if draw() < 0.01:
        yield from _flapping(begins + 2 * _HOUR, draw)
    yield from _working(begins, ends, draw)
    if draw() > 0.05:  # else it is switched off without a word
        yield ends, "offline"


def _spread(draw: Draw) -> float:
    """Between -1 and 1, mostly near 0."""
    return draw() + draw() - 1.0


def _working(begins: int, ends: int, draw: Draw) -> Iterator[tuple[int, str]]:
    """A sign of life about every hour and a half, breaks, and now and then a fault that somebody repairs."""
    at = begins
    while at < ends:
        kind = draw()
        yield at, "online" if kind < 0.91 else "idle" if kind < 0.98 else "fault" if kind < 0.992 else "maintenance"
        at += _EVERY + int(draw() * _JITTER)


def _flapping(begins: int, draw: Draw) -> Iterator[tuple[int, str]]:
    """A loose cable: on and off within seconds, at times twice in the same microsecond."""
    at = begins
    for _ in range(10 + int(draw() * 15)):
        yield at, "online"
        at += (0, 1, 1_500_000, 4_000_000)[int(draw() * 4)]
        yield at, "fault"
        at += 1 + int(draw() * 8 * _SECOND)


def beacon(day: dt.date) -> Iterator[StatusEvent]:
    """The camera at the depot's gate reports every five minutes, so that there is always news from the last five."""
    midnight = (day.toordinal() - _EPOCH) * _DAY
    for number in range(288):
        at = midnight + number * 300 * _SECOND
        event_id = f"sq-gate/{day:%Y%m%d}/{number}"
        yield StatusEvent("msk-arbat", "sq-000000", "online", at, event_id, at)
