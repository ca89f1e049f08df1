"""What went wrong, as a page for the one who has to mend it: what it means, and which page of the runbook helps."""

import logging

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import Response

from signalq_billing.errors import (
    BillingUnavailable,
    ConfigInvalid,
    MigrationsMissing,
    Refused,
    SignalqBillingError,
    SourceUnavailable,
    StorageUnavailable,
    UsageError,
)
from signalq_billing.web.missing import NotThere
from signalq_billing.web.rendering import render

_log = logging.getLogger(__name__)

# What is told of an error: the answer's status, a headline, and the runbook's page.
_TOLD: list[tuple[type[SignalqBillingError], int, str, str]] = [
    (StorageUnavailable, 503, "PostgreSQL cannot be reached: nothing is known and nothing is paid", "postgresql-down"),
    (MigrationsMissing, 503, "The database is not at the version this code needs", "migrations-missing"),
    (SourceUnavailable, 503, "YTsaurus cannot be reached", "yt-down"),
    (BillingUnavailable, 503, "billing-orders cannot be reached", "billing-orders-down"),
    (ConfigInvalid, 503, "The configs have problems", "config-invalid"),
    (UsageError, 400, "That cannot be done", "usage-error"),
    (Refused, 409, "That is not possible now", ""),
    (SignalqBillingError, 500, "Something went wrong", ""),
]
_STATUS_WORDS = {
    401: "You are not logged in",
    403: "You may not see this",
    404: "There is no such page",
    405: "This address takes no such request",
}


def install(app: FastAPI) -> None:
    """Have errors shown as pages."""
    app.add_exception_handler(SignalqBillingError, _ours)
    app.add_exception_handler(NotThere, _not_there)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(RequestValidationError, _incomplete)


def _ours(request: Request, error: Exception) -> Response:
    status, title, runbook = next(each[1:] for each in _TOLD if isinstance(error, each[0]))
    if status >= 500:
        _log.warning("%s: %s", request.url.path, error)
    return _page(request, status, title, str(error), runbook)


def _not_there(request: Request, error: Exception) -> Response:
    assert isinstance(error, NotThere)
    return render(request, "missing.html", 404, missing=error)


def _http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    title = _STATUS_WORDS.get(error.status_code, "That did not work")
    response = _page(request, error.status_code, title, str(error.detail))
    response.headers.update(error.headers or {})
    return response


def _incomplete(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    names = sorted({str(each["loc"][-1]) for each in error.errors()})
    return _page(request, 404, "This address is not complete", f"It lacks, or cannot use: {', '.join(names)}.")


def _page(request: Request, status: int, title: str, message: str, runbook: str = "") -> Response:
    return render(request, "failure.html", status, title=title, message=message, runbook=runbook)
