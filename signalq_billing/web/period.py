"""One period: its sums by state, and its parks, sorted, searched and paged by the database."""

from dataclasses import replace
from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import Response

from signalq_billing.domain.glance import ParkOrder, ParkPage, ParkSearch, PayoutState
from signalq_billing.web.access import CurrentAccess, payouts_dag
from signalq_billing.web.desk import CurrentDesk
from signalq_billing.web.missing import stored_period
from signalq_billing.web.paging import Paging
from signalq_billing.web.rendering import is_partial, render

router = APIRouter()

_AT_ONCE = 100
_MOST_TEXT = 4000
# Sorted by one of these, the largest is what people look for first.
_LARGEST_FIRST = {ParkOrder.TOTAL, ParkOrder.DEVICES, ParkOrder.REVISION}


@router.get("/period")
def period(request: Request, access: CurrentAccess, desk: CurrentDesk, cadence: str, period: str) -> Response:
    """The parks of a period; only their table when the search box asks."""
    pages = desk.pages()
    found = stored_period(pages, cadence, period)
    search = search_of(request)
    page = pages.parks(cadence, found.name, search)
    known: dict[str, Any] = {
        "access": access,
        "cadence": cadence,
        "period": found,
        "search": search,
        "page": page,
        "paging": paging_of(search, page),
        "orders": [(order, turned(search, order)) for order in ParkOrder],
        "may_act": access.may_act_on(payouts_dag(cadence)),
    }
    if is_partial(request):
        return render(request, "_parks.html", **known)
    before, after = pages.neighbours(cadence, found.name)
    sums = pages.period_sums(cadence, found.name)
    return render(request, "period.html", sums=sums, states=list(PayoutState), before=before, after=after, **known)


def search_of(request: Request) -> ParkSearch:
    """What the address asks for; what it cannot mean is left out, as if it had not been said."""
    given = request.query_params
    order = given.get("sort", "")
    asked = given.get("page", "")
    page = Paging.number(int(asked)) if asked.isascii() and asked.isdigit() and len(asked) < 9 else 1
    state = given.get("state", "")
    return ParkSearch(
        state=PayoutState(state) if state in set(PayoutState) else None,
        text=given.get("q", "")[:_MOST_TEXT],
        order=ParkOrder(order) if order in set(ParkOrder) else ParkOrder.STATE,
        descending=given.get("down") == "yes",
        offset=(page - 1) * _AT_ONCE,
        limit=_AT_ONCE,
    )


def paging_of(search: ParkSearch, page: ParkPage) -> Paging:
    return Paging(search.offset // search.limit + 1, page.found, search.limit)


def turned(search: ParkSearch, order: ParkOrder) -> ParkSearch:
    """The search that a click on the head of a column asks for."""
    descending = not search.descending if search.order is order else order in _LARGEST_FIRST
    return replace(search, order=order, descending=descending, offset=0)
