"""The Retry-After header: seconds, or a date to be set against the service's own Date where it sends one."""

import datetime as dt
import re
from collections.abc import Mapping
from email.utils import parsedate_to_datetime

_LONGEST = 86_400.0
_SECONDS = re.compile(r"\d{1,12}(\.\d+)?", re.ASCII)


def retry_after(headers: Mapping[str, str], now: dt.datetime) -> float | None:
    """Seconds to wait, from 0 to a day; None if the header is absent or means nothing."""
    text = headers.get("Retry-After", "").strip()
    if _SECONDS.fullmatch(text):
        return min(float(text), _LONGEST)
    until = _instant(text)
    if until is None:
        return None
    seconds = (until - (_instant(headers.get("Date", "")) or now)).total_seconds()
    return min(max(seconds, 0.0), _LONGEST)


def _instant(text: str) -> dt.datetime | None:
    try:
        instant = parsedate_to_datetime(text)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    return instant if instant.tzinfo is not None else instant.replace(tzinfo=dt.UTC)
