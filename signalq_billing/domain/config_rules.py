"""Rules that park configs keep among themselves (SPEC section 6): tiers without gaps, limits that leave room, and
versions of a park that follow one another without paying a day twice or never. Pure; for stored versions too."""

import datetime as dt
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache
from itertools import groupby, pairwise, takewhile
from typing import NamedTuple

from signalq_billing.domain.config import Limits, ParkConfig
from signalq_billing.domain.config_body import decimal_text
from signalq_billing.domain.near_miss import suggestion
from signalq_billing.domain.period import Cadence, local_midnight, zone
from signalq_billing.errors import ConfigProblem

_SEARCHED_PERIODS = 1500
_SEARCHED_SPAN = dt.timedelta(days=30 * 366)


class Place(NamedTuple):
    """Where something is written; line 0 where lines mean nothing."""

    file: str
    line: int


STORED = Place("stored in the database", 0)


@dataclass(frozen=True, slots=True)
class PlacedVersion:
    """What the timeline of a park needs to know of one version, and where it says so."""

    park_id: str
    effective_from: dt.date
    cadence: str
    at: Place
    cadence_at: Place


def stored_version(config: ParkConfig) -> PlacedVersion:
    """A version that stands in the database."""
    return PlacedVersion(config.park_id, config.effective_from, config.cadence, STORED, STORED)


def tier_problems(ends: Sequence[Decimal | None]) -> Iterator[tuple[int, str]]:
    """(index, what is wrong with its `up_to`) for tiers that leave gaps, overlap or end before infinity."""
    begin = Decimal(0)
    for index, end in enumerate(ends):
        last = index == len(ends) - 1
        if end is None and not last:
            yield index, "only the last tier has `up_to: null`; write the quantity up to which this tier goes"
        elif end is not None and last:
            yield index, "the last tier must have `up_to: null`, so that every quantity has a price"
        if end is not None and end <= begin:
            yield index, f"{decimal_text(end)} must be above {decimal_text(begin)}, where this tier begins"
        begin = begin if end is None else end


def limit_problems(limits: Limits) -> Iterator[tuple[str, str]]:
    """(field, what is wrong) for a minimum above its maximum."""
    for what in ("device", "park"):
        low, high = getattr(limits, f"{what}_min"), getattr(limits, f"{what}_max")
        if low is not None and high is not None and low > high:
            yield f"{what}_min", f"{decimal_text(low)} is above {what}_max, which is {decimal_text(high)}"


def timeline_problems(
    versions: Iterable[PlacedVersion], cadences: Mapping[str, Cadence], known: Collection[str] | None = None
) -> list[ConfigProblem]:
    """What is wrong between the versions of each park: repeated dates, unknown cadences, untimely cadence changes.

    `known` are names not to be called unknown, if they are others than those of `cadences`.
    """
    names = cadences.keys() if known is None else known
    by_park: dict[str, list[PlacedVersion]] = {}
    for version in versions:
        by_park.setdefault(version.park_id, []).append(version)
    return [problem for of_park in by_park.values() for problem in _park_problems(of_park, cadences, names)]


def inside_period_warnings(
    versions: Iterable[PlacedVersion], cadences: Mapping[str, Cadence], fresh: Collection[tuple[str, dt.date]]
) -> list[ConfigProblem]:
    """A warning per version, of those whose park and date are in `fresh`, that begins inside a period of its cadence:
    a period is paid by the version in force at its start."""
    found: list[ConfigProblem] = []
    ordered = sorted(versions, key=lambda each: (each.park_id, each.effective_from))
    for _, of_park in groupby(ordered, key=lambda each: each.park_id):
        cadence: Cadence | None = None
        for version, following in pairwise((*of_park, None)):
            if version is None:
                continue
            cadence = cadences.get(version.cadence) if version.cadence else cadence
            if cadence and (version.park_id, version.effective_from) in fresh:
                found += _inside_period(version, following, cadence)
    return found


def _inside_period(
    version: PlacedVersion, following: PlacedVersion | None, cadence: Cadence
) -> Iterator[ConfigProblem]:
    day = version.effective_from
    if day < cadence.anchor or cadence.starts_at(day):
        return
    period = cadence.containing(day)
    counts = f"it counts from the period that starts on {period.end_date} on"
    if following and following.effective_from <= period.end_date:
        counts = f"no period is paid by it, for the next version takes effect on {following.effective_from}"
    message = f"{day} lies inside a period of {cadence.name}, which starts on {period.name}: {counts}"
    yield ConfigProblem(*version.at, version.park_id, "effective_from", message, shared=True)


def _park_problems(
    versions: list[PlacedVersion], cadences: Mapping[str, Cadence], names: Collection[str]
) -> Iterator[ConfigProblem]:
    by_date: dict[dt.date, PlacedVersion] = {}
    for version in versions:
        first = by_date.setdefault(version.effective_from, version)
        if first is not version:
            yield _repeated(version, first)
        if version.cadence and version.cadence not in names:
            yield _unknown_cadence(version, names)
    named = [by_date[date] for date in sorted(by_date) if by_date[date].cadence in cadences]
    for earlier, version in pairwise(named):
        old, new = cadences[earlier.cadence], cadences[version.cadence]
        if old.name != new.name and not _both_start(old, new, version.effective_from):
            yield _untimely(earlier, version, old, new)


def _repeated(version: PlacedVersion, first: PlacedVersion) -> ConfigProblem:
    message = (
        f"{version.effective_from} has a version already, at {first.at.file}:{first.at.line}; "
        "a park has one version per date"
    )
    return ConfigProblem(*version.at, version.park_id, "effective_from", message)


def _unknown_cadence(version: PlacedVersion, names: Collection[str]) -> ConfigProblem:
    message = f"there is no cadence {version.cadence!r} in cadences.yaml; {suggestion(version.cadence, names)}"
    if version.at == STORED:
        message = f"version {version.effective_from} needs it: {message}"
    return ConfigProblem(*version.cadence_at, version.park_id, "cadence", message, shared=True)


def _untimely(earlier: PlacedVersion, version: PlacedVersion, old: Cadence, new: Cadence) -> ConfigProblem:
    day = version.effective_from
    instant = local_midnight(day, new.timezone)
    idle = " or ".join(each.name for each in (old, new) if not _starts_at(each, instant))
    dates = [str(each) for each in change_dates(old, new, day, earlier.effective_from) if each]
    remedy = f"the nearest dates that would do: {' and '.join(dates)}" if dates else "no date within years would do"
    message = (
        f"the cadence cannot change from {old.name} to {new.name} on {day}: no period of {idle} starts then, so days "
        f"would be paid twice or never; {remedy}"
    )
    return ConfigProblem(*version.at, version.park_id, "effective_from", message)


def _starts_at(cadence: Cadence, instant: dt.datetime) -> bool:
    day = instant.astimezone(zone(cadence.timezone)).date()
    return local_midnight(day, cadence.timezone) == instant and cadence.starts_at(day)


def _both_start(old: Cadence, new: Cadence, day: dt.date) -> bool:
    """Whether periods of both begin at the instant at which `day` begins in the zone of `new`."""
    return new.starts_at(day) and _starts_at(old, local_midnight(day, new.timezone))


@lru_cache(maxsize=4096)
def change_dates(old: Cadence, new: Cadence, around: dt.date, after: dt.date) -> tuple[dt.date | None, dt.date | None]:
    """The nearest local dates of `new`, later than `after`, on which a park can change from `old` to `new`: the last
    one before `around` and the first one after it. None where there is none within some years."""
    first = max(around, new.anchor)
    later = (period.name for period, _ in zip(new.since(first), range(_SEARCHED_PERIODS), strict=False))
    following = takewhile(lambda day: day - first < _SEARCHED_SPAN, later)
    return (
        next((day for day in _backwards(new, around, after) if _both_start(old, new, day)), None),
        next((day for day in following if day > after and _both_start(old, new, day)), None),
    )


def _backwards(cadence: Cadence, around: dt.date, after: dt.date) -> Iterator[dt.date]:
    if around <= cadence.anchor:
        return
    period = cadence.containing(around - dt.timedelta(days=1))
    for _ in range(_SEARCHED_PERIODS):
        if period.name <= after:
            return
        yield period.name
        preceding = cadence.preceding(period)
        if preceding is None:
            return
        period = preceding
