"""What a DAG run was asked to do: its period, its parks, and whether it only rehearses."""

from __future__ import annotations

import datetime as dt
import difflib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from signalq_billing.domain.period import Cadence, Period
from signalq_billing.errors import UsageError
from signalq_billing.services.selecting import parse_date, period_named

FORM_KEYS = ("period", "parks", "dry_run")


@dataclass(frozen=True, slots=True)
class RunRequest:
    """One run's scope. No parks named means all parks of the cadence."""

    period: Period
    park_ids: tuple[str, ...] = ()
    dry_run: bool = False


def read_request(
    cadence: Cadence,
    conf: Mapping[str, Any],
    params: Mapping[str, Any],
    interval_start: dt.datetime | None,
    run_after: dt.datetime,
    now: dt.datetime,
) -> RunRequest:
    """The request of a run: what its form says, else its data interval, else the last period complete at `run_after`.

    Raises UsageError for a key the form does not have, a date or an interval that is no period, a value of the wrong
    kind; PeriodNotOver for a period that is not over.
    """
    reject_unknown(conf, FORM_KEYS)
    period = _period(cadence, params.get("period"), interval_start, run_after, now)
    return RunRequest(period, parks_of(params), dry_run_of(params))


def _period(
    cadence: Cadence, named: object, interval_start: dt.datetime | None, run_after: dt.datetime, now: dt.datetime
) -> Period:
    if named:
        return period_named(cadence, parse_date(str(named)), now)
    if interval_start is None:
        return period_named(cadence, None, min(run_after, now))
    period = cadence.containing_instant(interval_start)
    if period.start != interval_start:
        raise UsageError(
            f"no period of cadence {cadence.name} starts at {interval_start:%Y-%m-%d %H:%M} UTC, where this run's data "
            f"interval does; the period around it is {period.name}: trigger a run with that as `period`"
        )
    return period_named(cadence, period.name, now)


def dry_run_of(params: Mapping[str, Any]) -> bool:
    """Whether the form asks for a rehearsal. Raises UsageError for what is neither yes nor no."""
    dry_run = params.get("dry_run") or False
    if not isinstance(dry_run, bool):
        raise UsageError(f"dry_run is {dry_run!r}: write true or false")
    return dry_run


def parks_of(params: Mapping[str, Any]) -> tuple[str, ...]:
    """The park ids of the form, each once; none means all. Raises UsageError for what is no list of ids."""
    parks = params.get("parks") or ()
    if isinstance(parks, str) or not all(isinstance(park, str) for park in parks):
        raise UsageError(f"parks is {parks!r}: write a list of park ids, or leave it empty for all parks")
    return tuple(dict.fromkeys(park.strip() for park in parks if park.strip()))


def reject_unknown(conf: Mapping[str, Any], keys: Sequence[str]) -> None:
    """Raises UsageError for a key that the form does not have: Airflow lets them pass, and a misspelt one would mean
    another run than was asked for."""
    for key in conf:
        if key not in keys:
            near = difflib.get_close_matches(key, keys, n=1)
            hint = f"; did you mean {near[0]!r}?" if near else "."
            raise UsageError(f"the run's conf has an unknown key {key!r}{hint} The keys are {', '.join(keys)}")
