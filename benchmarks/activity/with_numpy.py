"""By hand: numpy over Parquet, a number per event, sorted in buckets of devices. A floor to look at, not a program that
anybody should have to keep."""

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from benchmarks.activity.answer import answer
from benchmarks.activity.bounds import (
    DAYS,
    EARLIEST,
    LATEST,
    MIDNIGHTS,
    NO_LIMIT,
    PERIOD_END,
    PERIOD_START,
    WINDOW_START,
)  # fmt: skip
from benchmarks.activity.fleet import MICROS, Fleet, Ints
from signalq_billing.domain.activity import BAD_ROW_REASONS, ActivityRules

Keys = npt.NDArray[np.uint64]
TEXTS = ("park_id", "device_id", "status")

# A key: 8 bits of the device within its bucket, 43 of microseconds since the window began, 10 of the park, 3 of the
# status.
_STATUS_BITS, _PARK_BITS, _TIME_BITS = 3, 10, 43
_STATE_BITS = _STATUS_BITS + _PARK_BITS
_DEVICE_BITS = 64 - _TIME_BITS - _STATE_BITS
_MISSING, _NO_TEXT = -1, -2


def run(files: str, devices: int, **_: Any) -> Any:  # noqa: ANN401 - whatever parameters there are
    """The whole pass: read once, keep a number per event, then a bucket of devices at a time."""
    kept = Kept()
    for part in sorted(Path(files).glob("*.parquet")):
        kept.take(pq.read_table(part, read_dictionary=list(TEXTS)))
    return timelines(kept, Fleet(devices).rules)


class Kept:
    """What is kept of the rows read: keys by bucket of devices, and how many rows were bad."""

    def __init__(self) -> None:
        self.codes: tuple[dict[bytes, int], ...] = ({}, {}, {})  # of park, device and status, as they come
        self.buckets: list[list[Keys]] = []
        self.rows = 0
        self.bad = np.zeros(7, np.int64)
        self._newest = np.zeros(0, np.int64)  # per device, of the lookback

    def take(self, table: pa.Table) -> None:
        """Keep the good rows of the period and, of the lookback, those that may be the last one of their device."""
        self.rows += table.num_rows
        park, device, status = (_codes(table[name], known) for name, known in zip(TEXTS, self.codes, strict=True))
        status_at = table["status_at"].combine_chunks()
        missing = status_at.is_null().to_numpy(zero_copy_only=False)
        at = status_at.fill_null(0).to_numpy().view(np.int64)
        good = ~missing & (at >= EARLIEST) & (at <= LATEST) & (park >= 0) & (device >= 0) & (status >= 0)
        self._count_bad(*(each[~good] for each in (missing, at, park, device, status)))
        good &= (at >= WINDOW_START) & (at < PERIOD_END)
        good &= self._may_matter(device, at, good)
        self._put(*(each[good] for each in (park, device, status, at)))

    def _may_matter(
        self, device: npt.NDArray[np.int32], at: Ints, good: npt.NDArray[np.bool_]
    ) -> npt.NDArray[np.bool_]:
        before = np.flatnonzero(good & (at < PERIOD_START))
        matters = np.ones(len(at), np.bool_)
        if len(before):
            self._newest = np.append(self._newest, np.zeros(len(self.codes[1]) - len(self._newest), np.int64))
            np.maximum.at(self._newest, device[before], at[before])
            matters[before] = at[before] == self._newest[device[before]]
        return matters

    def _put(
        self, park: npt.NDArray[np.int32], device: npt.NDArray[np.int32], status: npt.NDArray[np.int32], at: Ints
    ) -> None:
        keys = (at - WINDOW_START) << _STATE_BITS
        keys |= (park << _STATUS_BITS) | status
        keys |= device.astype(np.int64) << (64 - _DEVICE_BITS)
        bucket = (device >> _DEVICE_BITS).astype(np.uint16)
        keys = keys[np.argsort(bucket, kind="stable")]
        sizes = np.bincount(bucket, minlength=len(self.buckets))
        self.buckets.extend([] for _ in range(len(sizes) - len(self.buckets)))
        for place, some in zip(self.buckets, np.split(keys.view(np.uint64), np.cumsum(sizes)[:-1]), strict=True):
            place.append(some)

    def _count_bad(self, missing: npt.NDArray[np.bool_], at: Ints, park: Ints, device: Ints, status: Ints) -> None:
        """A bad row counts under its first reason; of rows outside the window only the time can be bad."""
        names = ((each == _MISSING) for each in (park, device, status))
        reason = np.select([missing, at < EARLIEST, at > LATEST, *names], range(6), 6)
        inside = (at >= WINDOW_START) & (at < PERIOD_END)
        self.bad += np.bincount(reason[(reason < 3) | inside], minlength=7)


def _codes(column: pa.ChunkedArray, known: dict[bytes, int]) -> npt.NDArray[np.int32]:
    """A column as numbers: of what is no good text negative ones."""
    chunks = column.unify_dictionaries().chunks
    here = np.array([_code(text, known) for text in chunks[0].dictionary.to_pylist()] + [_MISSING], np.int32)
    indices = (chunk.indices.fill_null(len(here) - 1).to_numpy() for chunk in chunks)
    found: npt.NDArray[np.int32] = here[np.concatenate(list(indices))]
    return found


def _code(text: bytes, known: dict[bytes, int]) -> int:
    if not text:
        return _MISSING
    if text not in known:
        try:
            text.decode()
        except UnicodeDecodeError:
            return _NO_TEXT
    return known.setdefault(text, len(known))


def timelines(kept: Kept, rules: dict[str, ActivityRules]) -> Any:  # noqa: ANN401
    """The answer out of what was kept."""
    parks, devices, statuses = (list(known) for known in kept.codes)
    assert max(len(parks) >> _PARK_BITS, len(statuses) >> _STATUS_BITS) == 0, "too many to be ranked in these bits"
    ranks = _ranks(parks)[:, None] << _STATUS_BITS | _ranks(statuses)
    by_state = np.zeros((1 << _PARK_BITS, 1 << _STATUS_BITS), np.uint64)
    by_state[: len(parks), : len(statuses)] = ranks
    parks, statuses = sorted(parks), sorted(statuses)
    silence = np.zeros(1 << _STATE_BITS, np.int64)
    active = np.zeros(1 << _STATE_BITS, np.bool_)
    for place, park in enumerate(parks):
        if rule := rules.get(park.decode()):
            states = slice(place << _STATUS_BITS, (place + 1) << _STATUS_BITS)
            seconds = rule.max_silence_seconds
            silence[states] = NO_LIMIT if seconds is None else seconds * MICROS
            active[states][: len(statuses)] = [status.decode() in rule.active_statuses for status in statuses]
    found: list[tuple[bytes, bytes]] = []
    seconds_found = [np.zeros((0, DAYS), np.int64)]
    for number in range(len(kept.buckets)):
        some, kept.buckets[number] = kept.buckets[number], []
        device, park_rank, days = _bucket(np.concatenate(some), by_state.ravel(), silence, active)
        names = devices[number << _DEVICE_BITS : (number + 1) << _DEVICE_BITS]
        found += [(parks[p], names[d]) for d, p in zip(device.tolist(), park_rank.tolist(), strict=True)]
        seconds_found.append(days // MICROS)
    order = sorted(range(len(found)), key=found.__getitem__)
    bad = dict(zip(BAD_ROW_REASONS, kept.bad.tolist(), strict=True))
    return answer([found[line] for line in order], np.concatenate(seconds_found)[order], kept.rows, bad)


def _ranks(texts: list[bytes]) -> Ints:
    """The place of each text in bytewise order."""
    return np.argsort(np.argsort(np.array(texts, object)))


def _bucket(keys: Keys, ranks: Keys, silence: Ints, active: npt.NDArray[np.bool_]) -> tuple[Ints, Ints, Ints]:
    """Device, rank of the park and microseconds per day of each line of a bucket."""
    states = np.uint64((1 << _STATE_BITS) - 1)
    keys = (keys & ~states) | ranks[keys & states]
    keys.sort()
    state = (keys & states).view(np.int64)
    device = (keys >> np.uint64(64 - _DEVICE_BITS)).view(np.int64)
    at = ((keys >> np.uint64(_STATE_BITS)) & np.uint64((1 << _TIME_BITS) - 1)).view(np.int64) + WINDOW_START
    until = np.append(at[1:], PERIOD_END)
    until[:-1][device[1:] != device[:-1]] = PERIOD_END
    np.minimum(until, at + silence[state], out=until)
    np.maximum(at, PERIOD_START, out=at)
    left = np.flatnonzero(until > at)
    at, until, state, device = at[left], until[left], state[left], device[left]
    owner = device << _PARK_BITS | state >> _STATUS_BITS
    new = np.append(True, owner[1:] != owner[:-1])
    days = _by_day(at, until, active[state], np.cumsum(new) - 1, int(new.sum()))
    lines, place = np.unique(owner[new], return_inverse=True)
    together = np.zeros((len(lines), DAYS), np.int64)
    np.add.at(together, place, days)
    return lines >> _PARK_BITS, lines & ((1 << _PARK_BITS) - 1), together


def _by_day(at: Ints, until: Ints, active: npt.NDArray[np.bool_], line: Ints, lines: int) -> Ints:
    """Active microseconds by line and day; an interval that goes on over midnights is taken a day at a time."""
    at, until, line = at[active], until[active], line[active]
    total = np.zeros(lines * DAYS, np.int64)
    ends = np.array(MIDNIGHTS[1:])
    while len(at):
        day = np.searchsorted(ends, at, side="right")
        stop = np.minimum(until, ends[day])
        # Sums of whole numbers below 2^53 are exact as floats.
        total += np.bincount(line * DAYS + day, stop - at, lines * DAYS).astype(np.int64)
        on = stop < until
        at, until, line = stop[on], until[on], line[on]
    return total.reshape(lines, DAYS)
