"""The first page: what waits for somebody, then what every cadence paid over its last periods."""

import datetime as dt
from collections.abc import Iterable
from itertools import groupby

from fastapi import APIRouter, Request
from starlette.responses import Response

from signalq_billing.domain.glance import PayoutState, PeriodGlance
from signalq_billing.web.access import CurrentAccess
from signalq_billing.web.charts import money_charts, parks_chart
from signalq_billing.web.desk import CurrentDesk
from signalq_billing.web.missing import NotThere
from signalq_billing.web.paging import Paging
from signalq_billing.web.rendering import render

router = APIRouter()

# The states in which a payout waits for somebody, and how long one may be merely unfinished.
WAITING = (PayoutState.HELD, PayoutState.UNKNOWN, PayoutState.FAILED, PayoutState.NOT_CREATED)
IDLE = dt.timedelta(hours=1)
_SHOWN, _AT_ONCE, _PERIODS = 8, 100, 12


@router.get("/")
def overview(request: Request, access: CurrentAccess, desk: CurrentDesk) -> Response:
    """What is held or stuck, then the periods of every cadence."""
    pages = desk.pages()
    sums = pages.waiting_sums(IDLE)
    cadences = [
        (name, found, money_charts(found), parks_chart(found)) for name, found in _by_cadence(pages.periods(_PERIODS))
    ]
    return render(
        request,
        "overview.html",
        access=access,
        states=WAITING,
        sums=sums,
        waiting=pages.waiting_heads(IDLE, _SHOWN),
        cadences=cadences,
        shown=_SHOWN,
    )


@router.get("/waiting")
def waiting(request: Request, access: CurrentAccess, desk: CurrentDesk, state: str, page: int = 1) -> Response:
    """All payouts that wait in one state, of whatever period."""
    wanted = next((each for each in WAITING if each.value == state), None)
    if wanted is None:
        raise NotThere(f"No list of payouts that are {state}", "Payouts wait while held, unknown, failed, not_created.")
    number = Paging.number(page)
    found = desk.pages().waiting(wanted, IDLE, (number - 1) * _AT_ONCE, _AT_ONCE)
    paging = Paging(number, found.found, _AT_ONCE)
    return render(request, "waiting.html", access=access, state=wanted, page=found, paging=paging)


def _by_cadence(periods: Iterable[PeriodGlance]) -> list[tuple[str, list[PeriodGlance]]]:
    return [(name, list(found)) for name, found in groupby(periods, key=lambda each: each.cadence)]
