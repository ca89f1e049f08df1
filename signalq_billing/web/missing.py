"""What was asked for and is not there: an answer 404 that says what there is instead."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from signalq_billing.domain.glance import PeriodGlance
from signalq_billing.domain.near_miss import suggestion
from signalq_billing.domain.period import Period
from signalq_billing.domain.readable import name_text
from signalq_billing.ports import PayoutPages
from signalq_billing.services.selecting import parse_date

_TOLD = 12


@dataclass(frozen=True, slots=True)
class Instead:
    """A page that there is."""

    text: str
    path: str
    query: dict[str, str]


class NotThere(Exception):
    """Nothing is stored under this address; `instead` is what there is."""

    def __init__(self, title: str, message: str, instead: Sequence[Instead] = ()) -> None:
        super().__init__(message)
        self.title, self.message, self.instead = title, message, tuple(instead)


def stored_period(pages: PayoutPages, cadence: str, name: str) -> Period:
    """The stored period of an address. Raises NotThere, and UsageError for what is no date."""
    day = parse_date(name)
    found = pages.period(cadence, day)
    if found is None:
        raise _no_period(pages, cadence, day)
    return found


def _no_period(pages: PayoutPages, cadence: str, day: dt.date) -> NotThere:
    stored = pages.periods(_TOLD)
    title = f"No payouts for {name_text(cadence)} {day}"
    if own := [each for each in stored if each.cadence == cadence]:
        return NotThere(title, "Nothing is stored for this period: no run has computed it yet.", _periods(own))
    known = {each.cadence for each in stored}
    if not known:
        return NotThere(title, "No payouts are stored at all: no run has computed a period yet.")
    newest = [next(each for each in stored if each.cadence == name) for name in sorted(known)]
    message = f"No payouts of a cadence of this name are stored; {suggestion(cadence, known)}."
    return NotThere(title, message, _periods(newest))


def _periods(stored: Sequence[PeriodGlance]) -> list[Instead]:
    return [
        Instead(f"{each.cadence} {each.name}", "/period", {"cadence": each.cadence, "period": each.name.isoformat()})
        for each in stored
    ]
