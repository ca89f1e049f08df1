"""The headers of every answer: nothing inline runs, nothing comes from elsewhere, only Airflow's UI may frame it."""

from collections.abc import Awaitable, Callable

from starlette.requests import Request
from starlette.responses import Response

POLICY = "; ".join(
    [
        "default-src 'none'",
        "style-src 'self'",
        "script-src 'self'",
        "img-src 'self'",
        "connect-src 'self'",
        "form-action 'self'",
        "frame-ancestors 'self'",
        "base-uri 'none'",
    ]
)


async def protect(request: Request, call_next: Callable[[Request], Awaitable[Response]]) -> Response:
    """Answer with the policy, and keep pages about money out of every cache."""
    response = await call_next(request)
    response.headers["Content-Security-Policy"] = POLICY
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Referrer-Policy"] = "same-origin"
    kept = "private, max-age=300" if "/static/" in request.url.path else "no-store"
    response.headers.setdefault("Cache-Control", kept)
    return response
