"""Which cadence, period and parks a run is about: what a person or the scheduler named, checked at once."""

import datetime as dt
import difflib
from collections.abc import Iterable, Mapping, Sequence

from signalq_billing.domain.config import ParkConfig, paid_parks
from signalq_billing.domain.period import Cadence, Period
from signalq_billing.errors import PeriodNotOver, UsageError


def cadence_named(cadences: Mapping[str, Cadence], name: str) -> Cadence:
    """The cadence of that name. Raises UsageError that lists what there is."""
    if name not in cadences:
        known = ", ".join(sorted(cadences)) or "none at all"
        raise UsageError(f"there is no cadence {name!r} in cadences.yaml; it has {known}")
    return cadences[name]


def period_named(cadence: Cadence, name: dt.date | None, now: dt.datetime) -> Period:
    """The period that starts on `name`, or the last complete one for None.

    Raises UsageError for a date that starts no period and PeriodNotOver for a period that is not over.
    """
    if name is None:
        last = cadence.last_complete(now)
        if last is None:
            raise PeriodNotOver(f"no period of cadence {cadence.name} is over yet: its anchor is {cadence.anchor}")
        return last
    period = cadence.starting(name)
    if period.end > now:
        raise PeriodNotOver(
            f"period {period} is not over: it ends at {period.end:%Y-%m-%d %H:%M} UTC and can be paid after that"
        )
    return period


def parse_date(text: str, what: str = "period") -> dt.date:
    """A local date written YYYY-MM-DD. Raises UsageError that names what it was for."""
    try:
        day = dt.datetime.strptime(text, "%Y-%m-%d").replace(tzinfo=dt.UTC).date()
    except ValueError:
        day = None
    if day is None or text != day.isoformat() or not 1970 <= day.year < 2200:
        raise UsageError(f"{what} {text!r} is not a date written YYYY-MM-DD, such as 2026-11-16")
    return day


def configs_for(
    versions: Iterable[ParkConfig], cadences: Mapping[str, Cadence], period: Period, wanted: Sequence[str] = ()
) -> list[ParkConfig]:
    """The configs that `period` is paid by, sorted by park: of all parks, or of the `wanted` ones.

    Raises UsageError for wanted parks that have no config, or none in force for this period.
    """
    known = list(versions)
    paid = paid_parks(known, cadences[period.cadence], period, dict(cadences))
    if not wanted:
        return paid
    by_park = {config.park_id: config for config in paid}
    problems = [_why_not(park_id, known, period) for park_id in dict.fromkeys(wanted) if park_id not in by_park]
    if problems:
        raise UsageError("; ".join(problems))
    return [by_park[park_id] for park_id in sorted(set(wanted), key=str.encode)]


def _why_not(park_id: str, known: Sequence[ParkConfig], period: Period) -> str:
    ids = sorted({config.park_id for config in known})
    if park_id in ids:
        return f"park {park_id!r} has no config in force for {period}: `config show {park_id}` lists its versions"
    near = difflib.get_close_matches(park_id, ids, n=1)
    return f"there is no park {park_id!r}" + (f"; did you mean {near[0]!r}?" if near else "")
