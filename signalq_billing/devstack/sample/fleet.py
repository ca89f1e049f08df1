"""The sample fleet: which parks there are, how their cameras are used, and which camera is where on which day."""

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from zlib import crc32


class Habit(StrEnum):
    """How the cars of a park are used."""

    DAY = "day"
    NIGHT = "night"
    AROUND_THE_CLOCK = "around_the_clock"
    BROKEN = "broken"


@dataclass(frozen=True, slots=True)
class Park:
    """A fleet of the sample. `utc_offset_hours` is its city's; neither Moscow nor Yekaterinburg changes its clocks."""

    park_id: str
    cameras: int
    utc_offset_hours: int
    habit: Habit = Habit.DAY


@dataclass(frozen=True, slots=True)
class Camera:
    """A device with the park it belongs to and, if it is lent out at times, the park it goes to."""

    device_id: str
    number: int
    home: Park
    lent_to: Park | None = None

    def park_on(self, day: dt.date) -> Park:
        """Where the camera is on the evening of `day`: it changes parks about every nine days."""
        if self.lent_to is None or ((day.toordinal() + self.number) // 9) % 2 == 0:
            return self.home
        return self.lent_to


def _parks(offset: int, sizes: dict[str, int], habits: dict[str, Habit]) -> list[Park]:
    return [Park(name, size, offset, habits.get(name, Habit.DAY)) for name, size in sizes.items()]


_EKB = {
    "ekb-akademichesky": 31,
    "ekb-botanika": 22,
    "ekb-elmash": 18,
    "ekb-khimmash": 26,
    "ekb-pioner": 14,
    "ekb-uktus": 19,
    "ekb-vtorchermet": 12,
    "ekb-uralmash": 34,
    "ekb-visokusha": 9,
    "ekb-sortirovka": 6,
    "ekb-шарташ": 16,
    "ekb-zarya": 13,
}
_MSK = {
    "msk-arbat": 61,
    "msk-basmanny": 47,
    "msk-begovoy": 38,
    "msk-butovo": 72,
    "msk-chertanovo": 55,
    "msk-khamovniki": 19,
    "msk-khimki": 33,
    "msk-kuntsevo": 54,
    "msk-lefortovo": 27,
    "msk-maryino": 66,
    "msk-medvedkovo": 43,
    "msk-mytishchi": 51,
    "msk-ostankino": 36,
    "msk-perovo": 48,
    "msk-presnya": 58,
    "msk-sokol": 24,
    "msk-strogino": 41,
    "msk-tushino": 39,
    "msk-vykhino": 63,
    "msk-zyablikovo": 35,
}
_MO = {
    "mo-balashikha": 52,
    "mo-dmitrov": 28,
    "mo-kolomna": 37,
    "mo-lyubertsy": 68,
    "mo-odintsovo": 46,
    "mo-podolsk": 57,
    "mo-serpukhov": 33,
    "mo-zhukovsky": 49,
}
_HABITS = {
    "ekb-sortirovka": Habit.BROKEN,
    "ekb-pioner": Habit.NIGHT,
    "msk-arbat": Habit.AROUND_THE_CLOCK,
    "msk-lefortovo": Habit.NIGHT,
    "mo-lyubertsy": Habit.AROUND_THE_CLOCK,
}
PARKS = (*_parks(5, _EKB, _HABITS), *_parks(3, _MSK, _HABITS), *_parks(3, _MO, _HABITS))
BEACON = Park("msk-arbat", 0, 3)


def cameras() -> Iterator[Camera]:
    """Every camera, always in the same order. About one in forty is lent to another park of the same city at times."""
    number = 0
    for park in PARKS:
        neighbours = [other for other in PARKS if other.park_id[:3] == park.park_id[:3] and other is not park]
        for _ in range(park.cameras):
            number += 1
            draw = crc32(f"lent {number}".encode())
            lent_to = neighbours[draw % len(neighbours)] if draw % 40 == 0 and park.habit is not Habit.BROKEN else None
            yield Camera(f"sq-{number:06d}", number, park, lent_to)
