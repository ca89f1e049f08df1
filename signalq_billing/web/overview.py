"""The page at `/`."""

from fastapi import APIRouter, Request
from starlette.responses import Response

from signalq_billing.web.access import CurrentAccess
from signalq_billing.web.rendering import render

router = APIRouter()


@router.get("/")
def page(request: Request, access: CurrentAccess) -> Response:
    return render(request, "overview.html", access=access)
