"""An alert: one situation somebody should look at, with its money, its reasons and what to do (SPEC section 12).
One situation is one alert, however many parks it has."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum
from urllib.parse import urlencode


class AlertKind(StrEnum):
    """What is wrong. Each has a page in docs/runbook."""

    LATE = "late"  # payouts that should stand by now do not
    NOT_STARTED = "not_started"  # a period that should be paid by now, and nobody even began with it
    HOLD_EXPIRED = "hold_expired"
    UNKNOWN_OUTCOME = "unknown_outcome"
    DISCREPANCY = "discrepancy"
    BAD_ROWS = "bad_rows"
    WATERMARK_LAG = "watermark_lag"
    DEPENDENCY_DOWN = "dependency_down"

    @property
    def words(self) -> str:
        return self.value.replace("_", " ")

    @property
    def runbook(self) -> str:
        """The page's file below docs/runbook."""
        return f"{self.value.replace('_', '-')}.md"

    @property
    def flaps(self) -> bool:
        """Whether it may come and go within minutes: it is over only when it has stayed away for a while."""
        return self in (AlertKind.DEPENDENCY_DOWN, AlertKind.WATERMARK_LAG)


def late_key(cadence: str) -> str:
    """The situation of a cadence's late periods, whether or not somebody began with them."""
    return f"late:{cadence}"


def key_of(kind: AlertKind, subject: str = "") -> str:
    """The situation's name: the same situation has the same name on every machine."""
    return f"{kind.value}:{subject}" if subject else kind.value


@dataclass(frozen=True, slots=True)
class Alert:
    """One situation. `title` names it in one line, `waiting` lists the first of what waits, `why` the reasons as far
    as they are known, `do` the next steps. `money` by currency is what waits, or is in question.

    `members` are the parks, orders or periods it is about and `level` how bad it is beyond their number; both tell
    whether it got worse. `once`: it tells of something that is done, so it is not told again. `cadence`,
    `period_name` and `park_id` say which page shows it.
    """

    key: str
    kind: AlertKind
    title: str
    since: dt.datetime
    money: Mapping[str, Decimal] = field(default_factory=dict)
    waiting: tuple[str, ...] = ()
    why: tuple[str, ...] = ()
    do: tuple[str, ...] = ()
    members: frozenset[str] = frozenset()
    level: int = 0
    once: bool = False
    cadence: str | None = None
    period_name: dt.date | None = None
    park_id: str | None = None

    @property
    def page(self) -> str:
        """The page of Airflow's UI that shows it, from the root of the server."""
        if self.cadence is None or self.period_name is None:
            return "/signalq/"
        asked = {"cadence": self.cadence, "period": self.period_name.isoformat()}
        if self.park_id is None:
            return f"/signalq/period?{urlencode(asked)}"
        return f"/signalq/park?{urlencode({**asked, 'park': self.park_id})}"
