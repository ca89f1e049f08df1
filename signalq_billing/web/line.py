"""The page at `/line`."""

from fastapi import APIRouter, Request
from starlette.responses import Response

from signalq_billing.web.access import CurrentAccess
from signalq_billing.web.rendering import render

router = APIRouter()


@router.get("/line")
def page(request: Request, access: CurrentAccess) -> Response:
    return render(request, "line.html", access=access)
