"""Keyword factories for tests of alerts: name only what a test is about."""

import datetime as dt
from decimal import Decimal
from typing import Any

from signalq_billing.domain.alert import Alert, AlertKind, key_of

NOON = dt.datetime(2026, 11, 23, 12, 0, tzinfo=dt.UTC)


def alert(kind: AlertKind = AlertKind.HOLD_EXPIRED, **changes: Any) -> Alert:  # noqa: ANN401
    """An alert of two parks over 12,345.60 RUB since an hour before NOON."""
    values: dict[str, Any] = {
        "key": key_of(kind),
        "kind": kind,
        "title": f"{kind.words}: 2 parks, 12,345.60 RUB wait",
        "since": NOON - dt.timedelta(hours=1),
        "money": {"RUB": Decimal("12345.60")},
        "waiting": ("park-1 10,000.00 RUB", "park-2 2,345.60 RUB"),
        "why": ("nobody looked",),
        "do": ("look",),
        "members": frozenset({"park-1", "park-2"}),
    }
    return Alert(**values | changes)
