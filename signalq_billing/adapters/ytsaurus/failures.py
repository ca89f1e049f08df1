"""What went wrong at YTsaurus, told apart: what a later try may mend, and what a person has to."""

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.client import HTTPException
from typing import Any

from yt.packages.requests.exceptions import RequestException
from yt.wrapper.errors import YtError, YtRetriableError, YtTokenError

from signalq_billing.adapters.transport_error import innermost
from signalq_billing.errors import SignalqBillingError, SourceInvalid, SourceUnavailable

RESOLVE_ERROR = 500
ACCESS_DENIED = 901
AUTHENTICATION_ERROR = 900

FAILURES = (YtError, YtRetriableError, RequestException, HTTPException, OSError)

_WRONG_SHAPE = re.compile(
    r"UNKNOWN_IDENTIFIER|UNKNOWN_EXPRESSION_IDENTIFIER|NO_SUCH_COLUMN_IN_TABLE|NOT_FOUND_COLUMN_IN_BLOCK"
    r"|Missing columns|ILLEGAL_TYPE_OF_ARGUMENT|TYPE_MISMATCH|NO_COMMON_TYPE|CANNOT_CONVERT_TYPE"
)

_TOO_MANY_STATES = "too many different parks and statuses"  # as activity.sql says it


@contextmanager
def translated(doing: str, missing: str | None = None) -> Iterator[None]:
    """Turns the client's errors into ours: SourceInvalid if what is addressed does not exist (`missing` then says what
    to do about it) or may not be touched, SourceUnavailable for the rest. `doing` begins the message."""
    try:
        yield
    except SignalqBillingError:
        raise
    except FAILURES as error:
        raise source_error(error, doing, missing) from error


def source_error(error: Exception, doing: str, missing: str | None = None) -> SignalqBillingError:
    """Our error for one of the client's."""
    reason = reasons(error)
    if isinstance(error, YtTokenError) or _has_code(error, AUTHENTICATION_ERROR):
        return SourceUnavailable(
            f"{doing}: YTsaurus refuses our token ({reason}); put a valid one into the connection ytsaurus_default"
        )
    if _has_code(error, ACCESS_DENIED):
        return SourceInvalid(f"{doing}: access denied ({reason}); grant our user what it needs there")
    if missing is not None and _has_code(error, RESOLVE_ERROR):
        return SourceInvalid(f"{doing}: {missing} ({reason})")
    return SourceUnavailable(f"{doing}: {reason}")


def query_error(error: object, doing: str) -> SignalqBillingError:
    """Our error for a query that Query Tracker calls failed or aborted; `error` is the error it keeps with it."""
    reason = _flat(error) if isinstance(error, Mapping) else str(error or "no error was given")
    if _WRONG_SHAPE.search(reason):
        return SourceInvalid(
            f"{doing}: the table is not as `table` and `columns` of source.yaml describe it ({reason})"
        )
    if _TOO_MANY_STATES in reason:
        return SourceInvalid(
            f"{doing}: {_TOO_MANY_STATES} for a period and lookback of this length; shorten lookback_days of "
            f"source.yaml, or give some of the parks a cadence of their own ({reason})"
        )
    return SourceUnavailable(f"{doing}: {reason}")


def reasons(error: Exception) -> str:
    """One line with the messages of an error and those inside it."""
    if isinstance(error, YtError):
        return _flat(error.simplify())
    return _shortened(f"{type(error).__name__}: {innermost(error)}")


def _has_code(error: Exception, code: int) -> bool:
    return isinstance(error, YtError) and bool(error.contains_code(code))


def _flat(error: Mapping[str, Any]) -> str:
    parts = [str(error.get("message", ""))]
    for inner in error.get("inner_errors") or ():
        simple = inner.simplify() if isinstance(inner, YtError) else inner
        if isinstance(simple, Mapping):
            parts.append(_flat(simple))
    code = error.get("code")
    head = f"[{code}] " if code not in (None, 1, "1") else ""
    return _shortened(head + ": ".join(part for part in parts if part))


def _shortened(text: str, limit: int = 600) -> str:
    line = " ".join(text.split())
    return line if len(line) <= limit else f"{line[:limit]}..."
