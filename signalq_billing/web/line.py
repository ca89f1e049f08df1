"""One line: why a device earned what it did, in the words of `explain`, and each local day drawn. The days ask
YTsaurus, so they are fetched apart, and the rest of the page stands without them."""

from fastapi import APIRouter, Request
from starlette.responses import Response

from signalq_billing.domain.timeline import local_days, merged
from signalq_billing.domain.timeline_text import left_out_texts, refused_text
from signalq_billing.errors import SignalqBillingError
from signalq_billing.services import explanation, explanation_origin
from signalq_billing.services.explain import Explanation
from signalq_billing.web.access import CurrentAccess
from signalq_billing.web.day_picture import drawn
from signalq_billing.web.desk import CurrentDesk
from signalq_billing.web.missing import no_park, stored_period
from signalq_billing.web.rendering import is_partial, render

router = APIRouter()

_UNASKED = "the page shows it below once YTsaurus has been asked"
_DOWN = "YTsaurus cannot tell now"


@router.get("/line")
def line(
    request: Request,
    access: CurrentAccess,
    desk: CurrentDesk,
    cadence: str,
    period: str,
    park: str,
    device: str,
    intervals: str = "",
) -> Response:
    """A device's part of a payout. `intervals=yes` asks YTsaurus too; asked for by the page's script, only what it says
    is answered."""
    pages = desk.pages()
    found = stored_period(pages, cadence, period)
    if not desk.payouts().payouts(cadence, found.name, [park]):
        raise no_park(pages, found, park)
    asked = intervals == "yes"
    try:
        told = desk.explainer().explain(park, device, found.name, cadence, intervals=asked)
    except SignalqBillingError as error:
        if not is_partial(request):
            raise
        return render(request, "_unanswered.html", problem=str(error))
    where = {"cadence": cadence, "period": found, "park": park, "device": device, "access": access}
    if is_partial(request):
        return render(request, "_intervals.html", 200, **where, told=told, **_intervals(told))
    sections = [*explanation.payout(told), *explanation.line(told), *explanation.charge(told)]
    return render(
        request,
        "line.html",
        200,
        **where,
        told=told,
        answer=list(explanation.answer(told, _DOWN if told.source_problem else _UNASKED)),
        sections=_grouped(sections),
        below=_grouped([*explanation_origin.origin(told), *explanation_origin.orders(told)]),
        asked=asked,
        **(_intervals(told) if asked else {}),
    )


def _intervals(told: Explanation) -> dict[str, object]:
    """What YTsaurus says of the device, day by day."""
    known: dict[str, object] = {"days": [], "why": "", "refused": "", "left_out": []}
    if told.timeline is None or told.history is None:
        return known
    days = local_days(merged(told.timeline.intervals), told.period)
    changed = {day: (then, now) for day, then, now in told.changed_days}
    return known | {
        "days": [drawn(day, told.timeline, changed.get(day.date)) for day in days],
        "why": explanation.why(told, _DOWN) if told.line is None else "",
        "refused": refused_text(told.timeline),
        "left_out": list(left_out_texts(told.timeline, told.history)),
    }


def _grouped(blocks: list[explanation.Block]) -> list[tuple[str, list[tuple[str, explanation.Block]]]]:
    """Blocks under their headings, each with its kind's name."""
    groups: list[tuple[str, list[tuple[str, explanation.Block]]]] = []
    for block in blocks:
        if isinstance(block, explanation.Heading):
            groups.append((block.text, []))
        else:
            groups[-1][1].append((type(block).__name__.lower(), block))
    return groups
