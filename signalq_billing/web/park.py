"""One park in one period: its payout and revisions, lines, limits, config, history, orders, trend, debts."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from fastapi import APIRouter, Request
from starlette.responses import Response

from signalq_billing.domain.adjustment import paid_by_device
from signalq_billing.domain.calculation import Calculation
from signalq_billing.domain.compute import recalculate
from signalq_billing.domain.config_body import flat_body
from signalq_billing.domain.payout import PayoutLine
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

_LINES, _ORDERS, _ENTRIES, _TREND = 100, 20, 50, 12
_SORTS = {
    "device": lambda row: row.line.device_id.encode(),
    "seconds": lambda row: row.line.active_seconds,
    "days": lambda row: row.line.active_days,
    "units": lambda row: row.line.units,
    "amount": lambda row: row.paid,
}


@dataclass(frozen=True, slots=True)
class LineRow:
    """A line of the newest revision, and what the device gets over all revisions that stand."""

    line: PayoutLine
    paid: Decimal


@dataclass(frozen=True, slots=True)
class LineList:
    """The lines shown: one page of them, in an order."""

    rows: Sequence[LineRow]
    paging: Paging
    sort: str
    descending: bool
    text: str


@router.get("/park")
def park(request: Request, access: CurrentAccess, desk: CurrentDesk, cadence: str, period: str, park: str) -> Response:
    """A park's payouts of a period; only the lines when their table asks."""
    pages, store = desk.pages(), desk.payouts()
    found, records = _stored(pages, store, cadence, period, park)
    record = newest(records)
    lines = _lines(request, records, record)
    known = {"access": access, "cadence": cadence, "period": found, "park": park, "record": record, "lines": lines}
    if is_partial(request):
        return render(request, "_lines.html", 200, **known)
    ids = [each.progress.payout_id for each in records]
    trend = pages.trend(cadence, park, found.name, _TREND)
    page = Paging.number(_whole(request.query_params.get("history", "")))
    entries = pages.history(ids, (page - 1) * _ENTRIES, _ENTRIES + 1)
    return render(
        request,
        "park.html",
        200,
        **known,
        records=list(reversed(records)),
        total=sum((each.progress.total for each in records if not each.progress.retired), Decimal(0)),
        made=_calculation(record),
        config=flat_body(record.origin.config),
        attempts={each.progress.payout_id: store.attempts(each.progress.payout_id) for each in records},
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


def _stored(
    pages: PayoutPages, store: PayoutStore, cadence: str, period: str, park: str
) -> tuple[Period, list[PayoutRecord]]:
    found = stored_period(pages, cadence, period)
    records = store.records(cadence, found.name, [park])
    if not records:
        raise no_park(pages, found, park)
    return found, records


def _calculation(record: PayoutRecord) -> Calculation | None:
    """What the limits did; None where the config's charge model cannot be had any more."""
    terms = record.origin.config.terms
    try:
        return None if terms is None else recalculate(terms, record.lines)
    except SignalqBillingError:
        return None


def _lines(request: Request, records: Sequence[PayoutRecord], record: PayoutRecord) -> LineList:
    given = request.query_params
    sort = given.get("sort", "device") if given.get("sort", "device") in _SORTS else "device"
    descending, text = given.get("down") == "yes", given.get("q", "")
    paid = paid_by_device([each for each in records if each.retired_at is None or each is record])
    rows = [LineRow(line, paid[line.device_id]) for line in record.lines if text.lower() in line.device_id.lower()]
    rows.sort(key=_SORTS[sort], reverse=descending)
    paging = Paging(Paging.number(_whole(given.get("page", ""))), len(rows), _LINES)
    return LineList(rows[paging.first - 1 : paging.last], paging, sort, descending, text)


def _whole(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 9 else 1
