"""Made-up status events as a replica gets them: cameras report in bursts, by day rather than by night, some late, some
twice, some badly. Made an hour at a time, so that no number of them is ever in memory at once."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from benchmarks.activity.fleet import CLOCK, LOOKBACK_DAYS, MICROS, PERIOD, STATUSES, Fleet, Ints, micros

SCHEMA = pa.schema([(name, pa.binary()) for name in ("park_id", "device_id", "status")] + [("status_at", pa.uint64())])
_HOUR = 3600 * MICROS
_IN_FULL_DAYS = 3  # before the period; of older days the replica keeps little
_LITTLE = 0.02
_BURST, _LONGEST_BURST, _GAP_SECONDS = 8, 60, 90
_FIRST_ONLINE, _LAST_OFFLINE = 0.9, 0.6
_SAME_INSTANT, _REPEATED, _LATE_BURSTS, _BAD = 0.004, 0.001, 0.002, 0.0001
_SHARES = (0.25, 0.35, 0.15, 0.12, 0.1, 0.03)  # of STATUSES
# Statuses drawn by a byte: 256 tickets.
_TICKETS = np.repeat(np.arange(len(STATUSES)), np.diff(np.round(np.cumsum((0, *_SHARES)) * 256).astype(int)))
_EMPTY, _NO_TEXT = b"", b"\xff\xfe\xfa"


@dataclass(frozen=True, slots=True)
class Events:
    """Some events as numbers: camera, status, when it happened, when the replica got it (microseconds)."""

    device: Ints
    status: Ints
    at: Ints
    got: Ints

    def where(self, which: npt.NDArray[np.bool_] | Ints) -> "Events":
        return Events(self.device[which], self.status[which], self.at[which], self.got[which])

    def then(self, other: "Events") -> "Events":
        pairs = zip(
            (self.device, self.status, self.at, self.got),
            (other.device, other.status, other.at, other.got),
            strict=True,
        )
        return Events(*(np.concatenate(pair) for pair in pairs))


def batches(fleet: Fleet, events: int) -> Iterator[pa.RecordBatch]:
    """Exactly so many rows of status_history in the order in which the replica got them."""
    texts = tuple(
        pa.array([*names, _EMPTY, _NO_TEXT], pa.binary())
        for names in (fleet.park_ids, fleet.device_ids, [status.encode() for status in STATUSES])
    )
    random = np.random.default_rng([fleet.seed, events])
    for some in _ordered(fleet, events, random):
        yield _rows(fleet, some, texts, random)


def _ordered(fleet: Fleet, events: int, random: np.random.Generator) -> Iterator[Events]:
    """All events, sorted by when the replica got them; a burst may go on into the hours that follow."""
    begin = micros(PERIOD.start) - LOOKBACK_DAYS * 24 * _HOUR
    left = Events(*(np.zeros(0, np.int64) for _ in range(4)))
    for hour, wanted in enumerate(_by_hour(events).tolist()):
        start = begin + hour * _HOUR
        left = left.then(_reported(fleet, start, wanted, random))
        ended = left.got < start + _HOUR
        done, left = left.where(ended), left.where(~ended)
        yield done.where(np.argsort(done.got, kind="stable"))
    yield left.where(np.argsort(left.got, kind="stable"))


def _by_hour(events: int) -> Ints:
    """How many events begin in each hour of lookback and period."""
    before = LOOKBACK_DAYS * 24
    hours = np.arange(before + (micros(PERIOD.end) - micros(PERIOD.start)) // _HOUR)
    weights = 1.1 - np.cos((hours - 3) % 24 / 24 * 2 * np.pi)
    weights[hours < before - _IN_FULL_DAYS * 24] *= _LITTLE
    counts: Ints = np.diff(np.round(np.cumsum(weights) / weights.sum() * events), prepend=0).astype(np.int64)
    return counts


def _reported(fleet: Fleet, start: int, wanted: int, random: np.random.Generator) -> Events:
    """Bursts that begin within the hour from `start`, cut to so many events."""
    bursts = wanted // 4 + 50
    device = np.searchsorted(fleet.busyness[:-1], random.random(bursts))
    begins = start + random.integers(_HOUR, size=bursts)
    since, until = fleet.silences
    device, begins = (each[(begins < since[device]) | (begins >= until[device])] for each in (device, begins))
    lengths = np.minimum(random.geometric(1 / _BURST, len(device)), _LONGEST_BURST)
    enough = int(np.searchsorted(np.cumsum(lengths), wanted)) + 1
    device, begins, lengths = device[:enough], begins[:enough], lengths[:enough]
    lengths[-1] -= lengths.sum() - wanted
    return _events(device, begins, lengths, random)


def _events(device: Ints, begins: Ints, lengths: Ints, random: np.random.Generator) -> Events:
    """One event after another of each burst."""
    lengths = np.maximum(lengths, 0)
    count, first = int(lengths.sum()), np.repeat(np.cumsum(lengths) - lengths, lengths)
    number = np.arange(count)
    opens, closes = number == first, np.append(number[1:] == first[1:], True)
    draw = random.random(count)
    gaps = (random.exponential(_GAP_SECONDS, count) * MICROS).astype(np.int64) + 1
    gaps[opens | (draw < _SAME_INSTANT)] = 0
    passed = np.cumsum(gaps)
    at = np.repeat(begins, lengths) + passed - passed[first] if count else gaps
    status = _TICKETS[random.integers(256, size=count)]
    chance = random.random(count)
    status[opens & (chance < _FIRST_ONLINE)] = STATUSES.index("online")
    status[closes & (chance < _LAST_OFFLINE)] = STATUSES.index("offline")
    again = np.flatnonzero((draw < _REPEATED) & ~opens)
    status[again] = status[again - 1]
    late = np.where(random.random(len(device)) < _LATE_BURSTS, random.integers(6 * _HOUR, size=len(device)), 0)
    return Events(np.repeat(device, lengths), status, at, at + np.repeat(late, lengths))


def _rows(fleet: Fleet, some: Events, texts: tuple[pa.Array, ...], random: np.random.Generator) -> pa.RecordBatch:
    """Events as the rows of status_history, a few of them spoilt in each of the ways that there are."""
    first, second, changes = fleet.homes
    park = np.where(some.at < changes[some.device], first[some.device], second[some.device])
    bad = np.where(random.random(len(park)) < _BAD, random.integers(1, 12, len(park)), 0)
    at = np.where(bad == 2, some.at % (400 * 24 * _HOUR), some.at)
    at = np.where(bad == 3, micros(CLOCK) + 400 * 24 * _HOUR, at)
    columns = [
        _texts(values, codes, bad == null, bad == empty, bad == no_text)
        for values, codes, null, empty, no_text in zip(
            texts, (park, some.device, some.status), (4, 5, 6), (7, 8, 9), (-1, 10, 11), strict=True
        )
    ]
    return pa.RecordBatch.from_arrays([*columns, pa.array(at, pa.uint64(), mask=bad == 1)], schema=SCHEMA)


def _texts(
    values: pa.Array,
    codes: Ints,
    null: npt.NDArray[np.bool_],
    empty: npt.NDArray[np.bool_],
    other: npt.NDArray[np.bool_],
) -> pa.Array:
    """The names behind the numbers; the last two of `values` are no good ones."""
    codes = np.where(empty, len(values) - 2, np.where(other, len(values) - 1, codes))
    return values.take(pa.array(codes, mask=null))
