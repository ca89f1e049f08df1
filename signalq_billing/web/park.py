"""One park in one period: its payout and revisions, lines, limits, config, history, orders, trend, debts."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from fastapi import APIRouter, Request
from starlette.responses import Response

from signalq_billing.domain.calculation import Calculation
from signalq_billing.domain.compute import recalculate
from signalq_billing.domain.config_body import flat_body
from signalq_billing.domain.glance import LineGlance, LineOrder, LineSearch, Revision
from signalq_billing.domain.period import Period
from signalq_billing.domain.record import PayoutRecord
from signalq_billing.errors import SignalqBillingError
from signalq_billing.ports import PayoutPages, PayoutStore
from signalq_billing.web.access import CurrentAccess
from signalq_billing.web.charts import trend_charts
from signalq_billing.web.desk import CurrentDesk
from signalq_billing.web.missing import no_park, stored_period
from signalq_billing.web.paging import Paging
from signalq_billing.web.rendering import is_partial, render
from signalq_billing.web.telling import told_history

router = APIRouter()

_LINES, _ORDERS, _ATTEMPTS, _ENTRIES, _TREND = 100, 20, 100, 50, 12
_RECKONED = 1_000  # devices; beyond that the arithmetic is gone through only if somebody asks for it


@dataclass(frozen=True, slots=True)
class LineList:
    """The lines shown: one page of them, in an order."""

    rows: Sequence[LineGlance]
    paging: Paging
    sort: str
    descending: bool
    text: str


@router.get("/park")
def park(request: Request, access: CurrentAccess, desk: CurrentDesk, cadence: str, period: str, park: str) -> Response:
    """A park's payouts of a period; only the lines when their table asks."""
    pages = desk.pages()
    found, revisions = _stored(pages, cadence, period, park)
    record = newest([each.record for each in revisions])
    lines = _lines(request, pages, revisions, record)
    known = {"access": access, "cadence": cadence, "period": found, "park": park, "record": record, "lines": lines}
    if is_partial(request):
        return render(request, "_lines.html", 200, **known)
    progress = [each.record.progress for each in revisions]
    trend = pages.trend(cadence, park, found.name, _TREND)
    page = Paging.number(_whole(request.query_params.get("history", "")))
    entries = pages.history([each.payout_id for each in progress], (page - 1) * _ENTRIES, _ENTRIES + 1)
    reckoned = record.progress.devices <= _RECKONED or request.query_params.get("reckoning") == "yes"
    return render(
        request,
        "park.html",
        200,
        **known,
        revisions=list(reversed(revisions)),
        total=sum((each.total for each in progress if not each.retired), Decimal(0)),
        reckoned=reckoned,
        made=_calculation(desk.payouts(), record) if reckoned else None,
        config=flat_body(record.origin.config),
        most_orders=_ORDERS,
        trend=trend,
        pictures=trend_charts(trend),
        debts=pages.debts(park),
        history=[told_history(each) for each in entries[:_ENTRIES]],
        history_page=page,
        older=len(entries) > _ENTRIES,
    )


def newest(records: Sequence[PayoutRecord]) -> PayoutRecord:
    """The revision that stands, as `explain` takes it: the last one that is not retired."""
    return next((each for each in reversed(records) if each.retired_at is None), records[-1])


def _stored(pages: PayoutPages, cadence: str, period: str, park: str) -> tuple[Period, list[Revision]]:
    found = stored_period(pages, cadence, period)
    revisions = pages.revisions(cadence, found.name, park, _ORDERS, _ATTEMPTS)
    if not revisions:
        raise no_park(pages, found, park)
    return found, revisions


def _calculation(store: PayoutStore, record: PayoutRecord) -> Calculation | None:
    """What the limits did; None where the config's charge model cannot be had any more."""
    terms = record.origin.config.terms
    try:
        return None if terms is None else recalculate(terms, store.lines(record.progress.payout_id))
    except SignalqBillingError:
        return None


def _lines(request: Request, pages: PayoutPages, revisions: Sequence[Revision], record: PayoutRecord) -> LineList:
    given = request.query_params
    sort = LineOrder(given["sort"]) if given.get("sort") in set(LineOrder) else LineOrder.DEVICE
    descending, text = given.get("down") == "yes", given.get("q", "")
    standing = [each.record for each in revisions if each.record.retired_at is None or each.record is record]
    number = Paging.number(_whole(given.get("page", "")))
    search = LineSearch(text, sort, descending, (number - 1) * _LINES, _LINES)
    found = pages.lines(record.progress.payout_id, [each.progress.payout_id for each in standing], search)
    return LineList(found.rows, Paging(number, found.found, _LINES), sort.value, descending, text)


def _whole(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 9 else 1
