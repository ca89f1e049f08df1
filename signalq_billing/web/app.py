"""The Payouts page as one small application: its routes, its files, and what is true of every answer."""

from pathlib import Path

from fastapi import Depends, FastAPI
from starlette.staticfiles import StaticFiles

from signalq_billing.web import actions, failures, headers, line, overview, park, period
from signalq_billing.web.access import current_access
from signalq_billing.web.desk import Desk, current_desk

_STATIC = Path(__file__).parent / "static"


def make_app(desk: Desk) -> FastAPI:
    """The application, to be mounted at `/signalq`. Every route but the style sheet and scripts asks who is there."""
    app = FastAPI(
        title="Payouts",
        openapi_url=None,
        docs_url=None,
        redoc_url=None,
        dependencies=[Depends(current_access)],
    )
    app.dependency_overrides[current_access] = desk.access
    app.dependency_overrides[current_desk] = lambda: desk
    for room in (overview, period, park, line, actions):
        app.include_router(room.router)
    app.mount("/static", StaticFiles(directory=_STATIC), name="static")
    app.middleware("http")(headers.protect)
    failures.install(app)
    return app
