"""What an operator may do on the page: see first what an action does in money, confirm it, and see what came of it."""

from __future__ import annotations

from typing import Annotated
from urllib.parse import quote

from fastapi import APIRouter, Depends, HTTPException, Request
from starlette.datastructures import FormData
from starlette.responses import RedirectResponse, Response

from signalq_billing.adapters.registers import FORMATS
from signalq_billing.domain.action import Action, Plan, plan
from signalq_billing.errors import UsageError
from signalq_billing.services.export import export
from signalq_billing.services.holding import stored_payouts
from signalq_billing.services.selecting import cadence_named, parse_date, period_named
from signalq_billing.web.access import Access, CurrentAccess, payouts_dag
from signalq_billing.web.acting import Acting, Sent, act, result, told_share
from signalq_billing.web.desk import CurrentDesk, Desk
from signalq_billing.web.rendering import address, render


def acted_on(access: CurrentAccess, cadence: str) -> str:
    """The cadence in the address. Raises HTTPException 403 for a person who may not act on it."""
    dag = payouts_dag(cadence)
    if not access.may_act_on(dag):
        what = f"{access.name} may look at payouts of {cadence}, not act on them"
        raise HTTPException(403, f"{what}: that takes the right to edit the DAG {dag} in Airflow. Nothing was done")
    return cadence


ActedOn = Annotated[str, Depends(acted_on)]
router = APIRouter(dependencies=[Depends(acted_on)])

_MOST_FIELDS = 100_000  # a selection may name every park there is
_XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
_TYPES = {"csv": "text/csv; charset=utf-8", "xlsx": _XLSX}


async def sent_form(request: Request) -> FormData:
    """The form of a request, however many payouts it names."""
    return await request.form(max_fields=_MOST_FIELDS)


SentForm = Annotated[FormData, Depends(sent_form)]


@router.get("/confirm")
def confirm_named(request: Request, access: CurrentAccess, desk: CurrentDesk, cadence: ActedOn) -> Response:
    """What an action on the parks named in the address would do; on all parks only where it says `all`."""
    given = request.query_params
    if "action" not in given or not (given.getlist("park") or given.get("all")):
        return _back(request, cadence)
    return _confirm(request, access, desk, cadence, FormData([(name, value) for name, value in given.multi_items()]))


@router.post("/confirm")
def confirm_selected(
    request: Request, access: CurrentAccess, desk: CurrentDesk, cadence: ActedOn, form: SentForm
) -> Response:
    """The same for a selection too long for an address. Changes nothing."""
    if not form.getlist("park") and not form.get("all"):
        raise UsageError("no park is selected: tick the parks first, then choose what to do with them")
    return _confirm(request, access, desk, cadence, form)


@router.get("/do")
def nothing_to_do(request: Request, cadence: ActedOn) -> Response:
    """What reloading Airflow's page around a form that was refused asks for."""
    return _back(request, cadence)


@router.post("/do")
def do(request: Request, access: CurrentAccess, desk: CurrentDesk, cadence: ActedOn, form: SentForm) -> Response:
    """Do what was confirmed, once, and show what came of it under an address that can be reloaded."""
    acting = desk.acting()
    token = acting.tokens().read(_text(form, "token"), access.name, cadence)
    shown = dict(_payout(each) for each in _texts(form, "payout"))
    sent = Sent(token, access.name, shown, _texts(form, "park"), _text(form, "why").strip())
    if token.action is Action.DOWNLOAD:
        return _download(acting, desk, sent, _text(form, "format"))
    done = act(acting, sent, desk.now())
    return RedirectResponse(address(request, "/done", {"cadence": cadence, "form": done.form_id}), status_code=303)


@router.get("/done")
def done(request: Request, access: CurrentAccess, desk: CurrentDesk, cadence: ActedOn, form: str) -> Response:
    """What came of a form; loading it again does nothing."""
    found = desk.acting().journal.find(form)
    if found is None or found.cadence != cadence:
        raise HTTPException(404, f"nothing of {cadence} was done with this form in the last days")
    return render(request, "done.html", access=access, done=found, title=_TITLES[found.action])


def _confirm(request: Request, access: Access, desk: Desk, cadence: str, form: FormData) -> Response:
    action, period = _action(form), _text(form, "period")
    parks = tuple(dict.fromkeys(_texts(form, "park")))
    planned = _plan(desk, action, cadence, period, parks)
    return render(
        request,
        "confirm.html",
        access=access,
        plan=planned,
        title=_TITLES[action],
        cadence=cadence,
        period=period,
        parks=parks,
        possible=action is Action.DRY_RUN or bool(planned.touched),
        token=desk.acting().tokens().new(access.name, action, cadence, period),
    )


def _plan(desk: Desk, action: Action, cadence: str, period: str, parks: tuple[str, ...]) -> Plan:
    """What the action would do. A dry run needs a period that is over, everything else payouts that are stored."""
    store = desk.acting().payouts()
    if action is Action.DRY_RUN:
        named = period_named(cadence_named(desk.cadences(), cadence), parse_date(period), desk.now())
        return plan(action, store.payouts(cadence, named.name, list(parks) or None), desk.now())
    return plan(action, stored_payouts(store, cadence, period, list(parks) or None), desk.now())


def _download(acting: Acting, desk: Desk, sent: Sent, format_: str) -> Response:
    if format_ not in _TYPES:
        raise UsageError(f"a register is written as {' or '.join(_TYPES)}, not as {format_!r}")
    cadence, period = sent.token.cadence, sent.token.period
    register = export(acting.payouts(), cadence, parse_date(period), sent.parks)
    content = FORMATS[format_](register)
    payouts = stored_payouts(acting.payouts(), cadence, period, sent.parks)
    told = [told_share(share) for share in plan(Action.DOWNLOAD, payouts, desk.now()).touched]
    acting.journal.keep(result(sent, desk.now(), told))
    name = quote(f"payouts {cadence} {period}.{format_}")
    return Response(
        content, media_type=_TYPES[format_], headers={"Content-Disposition": f"attachment; filename*=UTF-8''{name}"}
    )


def _back(request: Request, cadence: str) -> Response:
    """To the period the address names, else to the overview."""
    period = request.query_params.get("period")
    where = address(request, "/period", {"cadence": cadence, "period": period}) if period else address(request, "/")
    return RedirectResponse(where, status_code=303)


def _action(form: FormData) -> Action:
    try:
        return Action(_text(form, "action"))
    except ValueError as error:
        raise UsageError(f"the page has no action {_text(form, 'action')!r}") from error


def _payout(text: str) -> tuple[int, str]:
    number, _, digest = text.partition(":")
    if not number.isdecimal() or not digest:
        raise UsageError(f"the form names a payout {text!r}, which is none: open it again")
    return int(number), digest


def _text(form: FormData, name: str) -> str:
    value = form.get(name, "")
    return value if isinstance(value, str) else ""


def _texts(form: FormData, name: str) -> tuple[str, ...]:
    return tuple(each for each in form.getlist(name) if isinstance(each, str))


_TITLES = {
    Action.HOLD: "Hold",
    Action.RELEASE: "Release",
    Action.RESUBMIT: "Resubmit",
    Action.DRY_RUN: "Dry run",
    Action.DOWNLOAD: "Download the register",
}
