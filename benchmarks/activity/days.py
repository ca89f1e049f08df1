"""From sums per park, camera and day of beginning to lines: what goes on over midnights is added to the days after."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from benchmarks.activity.answer import answer
from benchmarks.activity.bounds import DAYS, MIDNIGHTS
from benchmarks.activity.fleet import MICROS
from benchmarks.activity.numbering import PARK_BITS, Numbering


def answer_of_days(
    numbers: Numbering, sums: Mapping[str, npt.NDArray[Any]], rows: int, bad: Mapping[str, int]
) -> dict[str, Any]:
    """The answer. `lasted` is what of the active intervals that begin on a day is within it, `ended` their latest end
    (an instant; zero for none), both in microseconds: over a midnight a camera is active in one interval at most."""
    park, device, day, lasted, ended = (
        sums[name].astype(np.int64) for name in ("park", "device", "day", "lasted", "ended")
    )
    key = device << PARK_BITS | park
    lines, place = np.unique(key, return_inverse=True)
    total = np.zeros((len(lines), DAYS), np.int64)
    total[place, day] = lasted
    midnights = np.array(MIDNIGHTS)
    over = np.flatnonzero(ended > midnights[day + 1])
    place, day, ended = place[over], day[over], ended[over]
    while len(day):
        day = day + 1
        np.add.at(total, (place, day), np.minimum(ended, midnights[day + 1]) - midnights[day])
        on = ended > midnights[day + 1]
        place, day, ended = place[on], day[on], ended[on]
    of_park, of_device = lines & ((1 << PARK_BITS) - 1), lines >> PARK_BITS
    order = np.lexsort((of_device, of_park))  # ranks are in bytewise order
    names = [
        (numbers.parks[p], numbers.devices[d])
        for p, d in zip(of_park[order].tolist(), of_device[order].tolist(), strict=True)
    ]
    return answer(names, total[order] // MICROS, rows, bad)
