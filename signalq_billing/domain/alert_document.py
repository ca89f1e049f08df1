"""An alert as a document of plain values, for programs and for keeping; money is a decimal string."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from signalq_billing.domain.alert import Alert, AlertKind


def document(alert: Alert) -> dict[str, Any]:
    """All of an alert."""
    return {
        "key": alert.key,
        "kind": alert.kind.value,
        "title": alert.title,
        "since": alert.since.isoformat(),
        "cadence": alert.cadence,
        "period": alert.period_name.isoformat() if alert.period_name else None,
        "park_id": alert.park_id,
        "money": {currency: format(amount, "f") for currency, amount in sorted(alert.money.items())},
        "waiting": list(alert.waiting),
        "why": list(alert.why),
        "do": list(alert.do),
        "members": sorted(alert.members),
        "level": alert.level,
        "once": alert.once,
    }


def alert_of(kept: Mapping[str, Any]) -> Alert:
    """The alert that `document` made it of."""
    return Alert(
        key=kept["key"],
        kind=AlertKind(kept["kind"]),
        title=kept["title"],
        since=dt.datetime.fromisoformat(kept["since"]),
        money={currency: Decimal(amount) for currency, amount in kept["money"].items()},
        waiting=tuple(kept["waiting"]),
        why=tuple(kept["why"]),
        do=tuple(kept["do"]),
        members=frozenset(kept["members"]),
        level=kept["level"],
        once=kept["once"],
        cadence=kept["cadence"],
        period_name=dt.date.fromisoformat(kept["period"]) if kept["period"] else None,
        park_id=kept["park_id"],
    )
