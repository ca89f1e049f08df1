"""The page at `/period`."""

from fastapi import APIRouter, Request
from starlette.responses import Response

from signalq_billing.web.access import CurrentAccess
from signalq_billing.web.rendering import render

router = APIRouter()


@router.get("/period")
def page(request: Request, access: CurrentAccess) -> Response:
    return render(request, "period.html", access=access)
