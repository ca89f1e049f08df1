"""What was asked for and is not there: an answer 404 that says what there is instead."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from signalq_billing.domain.glance import ParkOrder, ParkSearch, PeriodGlance
from signalq_billing.domain.near_miss import near_miss, suggestion
from signalq_billing.domain.period import Period
from signalq_billing.domain.readable import name_text
from signalq_billing.ports import PayoutPages
from signalq_billing.services.selecting import parse_date

_TOLD = 12
_MOST_KNOWN = 2000  # parks that a misspelt id is compared with


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


def no_park(pages: PayoutPages, period: Period, park_id: str) -> NotThere:
    """A park without a payout of that period, with the parks whose ids are like it."""
    page = pages.parks(period.cadence, period.name, ParkSearch(order=ParkOrder.PARK, limit=_MOST_KNOWN))
    near = near_miss(park_id, [each.park_id for each in page.rows])
    where = {"cadence": period.cadence, "period": period.name.isoformat()}
    instead = [Instead(f"all {page.found:,} parks of {period}", "/period", where)]
    if near is not None:
        instead.insert(0, Instead(f"park {near}", "/park", {**where, "park": near}))
    title = f"No payout of park {name_text(park_id)} for {period}"
    return NotThere(title, "The park was not paid by this cadence then, or no run has computed it yet.", instead)
