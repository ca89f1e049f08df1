"""Numbers instead of texts, which every fast program needs: ranks in bytewise order, and parks' rules by rank."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from benchmarks.activity.bounds import NO_LIMIT
from benchmarks.activity.fleet import MICROS
from signalq_billing.domain.activity import ActivityRules

PARK_BITS, STATUS_BITS, SILENCE_BITS = 10, 3, 6


@dataclass(frozen=True, slots=True)
class Numbering:
    """Good texts in bytewise order, so that a place in them is a rank; `bad` are the bad ones of each.

    Of each park the place of its silence in `silences` (microseconds) and its active statuses as bits, by rank.
    """

    parks: list[bytes]
    devices: list[bytes]
    statuses: list[bytes]
    bad: tuple[list[bytes], ...]
    silences: list[int]
    silence_of_park: list[int]
    active_of_park: list[int]


def numbering(found: Sequence[Iterable[bytes]], rules: Mapping[str, ActivityRules]) -> Numbering:
    """The numbers for the texts found: parks, devices, statuses. A park without rules has a silence of zero: nothing is
    left of its intervals."""
    (parks, bad_parks), (devices, bad_devices), (statuses, bad_statuses) = map(_parted, found)
    of_parks = [rules.get(park.decode()) for park in parks]
    limits = [_limit(rule) for rule in of_parks]
    silences = sorted({0, *limits})
    active = [
        sum(1 << rank for rank, status in enumerate(statuses) if rule and status.decode() in rule.active_statuses)
        for rule in of_parks
    ]
    sizes = len(parks) >> PARK_BITS, len(statuses) >> STATUS_BITS, len(silences) >> SILENCE_BITS
    assert not any(sizes), "too many for the bits they are given"
    bad = (bad_parks, bad_devices, bad_statuses)
    return Numbering(parks, devices, statuses, bad, silences, [silences.index(limit) for limit in limits], active)


def _limit(rule: ActivityRules | None) -> int:
    if rule is None:
        return 0
    return NO_LIMIT if rule.max_silence_seconds is None else rule.max_silence_seconds * MICROS


def _parted(texts: Iterable[bytes]) -> tuple[list[bytes], list[bytes]]:
    """The good ones in order, and the bad ones."""
    good: list[bytes] = []
    bad: list[bytes] = []
    for text in texts:
        (good if _is_good(text) else bad).append(text)
    return sorted(good), bad


def _is_good(text: bytes) -> bool:
    try:
        return bool(text.decode())
    except UnicodeDecodeError:
        return False
