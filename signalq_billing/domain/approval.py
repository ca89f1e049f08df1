"""An approval that a run asks a person for: what it is about, what is said to that person, and how long it waits."""

from __future__ import annotations

import datetime as dt
import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from urllib.parse import urlencode

from signalq_billing.domain.money import money_text
from signalq_billing.domain.period import Cadence
from signalq_billing.domain.progress import PayoutProgress
from signalq_billing.domain.record import OrderAttempt

APPROVE, KEEP = "Approve", "Keep on hold"

_MARKUP = re.compile(r"([\\`*_\[\]<>|~&])")


@dataclass(frozen=True, slots=True)
class Asked:
    """The one hold that an approval is about: `hold_key` changes with the payout's figures, the reason it is held for,
    and when it was held."""

    payout_id: int
    park_id: str
    digest: str
    hold_key: str


class Standing(StrEnum):
    """What became of the hold that somebody was asked about."""

    HELD = "held"  # as it was asked
    RELEASED = "released"
    SETTLED = "settled"  # created, marked as created, or retired
    CHANGED = "changed"  # computed anew, or held anew for something else: an approval would be void
    GONE = "gone"  # taken back: the park is not paid for this period any more


def asked_about(payout: PayoutProgress) -> Asked:
    """What an approval of this held payout is bound to."""
    return Asked(payout.payout_id, payout.park_id, payout.digest, _hold_key(payout))


def standing(asked: Asked, payouts: Sequence[PayoutProgress]) -> Standing:
    """Where the hold that was asked about stands, among the payouts of its park and period."""
    payout = next((each for each in payouts if each.payout_id == asked.payout_id), None)
    if payout is None:
        return Standing.GONE
    if payout.settled:
        return Standing.SETTLED
    if payout.hold_reason is None:
        return Standing.RELEASED
    return Standing.HELD if asked_about(payout) == asked else Standing.CHANGED


def _hold_key(payout: PayoutProgress) -> str:
    since = payout.hold.since.isoformat() if payout.hold else ""
    return hashlib.sha256("\0".join((payout.digest, payout.hold_reason or "", since)).encode()).hexdigest()[:16]


def held_by_guards(payout: PayoutProgress, held_by: str, service: str, attempts: Sequence[OrderAttempt]) -> bool:
    """Whether approving may let the payout go: `service` (the beginning of its actors' names) held it, so a guard or a
    rejection did, and billing-orders rejected nothing of it. What a person holds, that person releases."""
    rejected = any(attempt.outcome == "rejected" for attempt in attempts)
    return payout.hold_reason is not None and not payout.settled and held_by.startswith(service) and not rejected


def waits_until(payout: PayoutProgress, cadence: Cadence) -> dt.datetime:
    """When an approval gives up: the hold expires, or the cadence's next period ends and its run is due."""
    next_due = cadence.following(cadence.starting(payout.period_name)).end
    return min(payout.hold.expires_at, next_due) if payout.hold else next_due


def subject(payout: PayoutProgress) -> str:
    """The question in one line."""
    return f"Pay {payout.park_id} {_amount(payout)}, {payout.cadence} {payout.period_name}?"


def body(payout: PayoutProgress, until: dt.datetime, airflow_url: str) -> str:
    """What somebody has to know to decide, in Markdown; `airflow_url` is where Airflow's UI is."""
    park = payout.park_id if re.fullmatch(r"[\w.-]+", payout.park_id) else "PARK"
    command = f"signalq-billing release --cadence {payout.cadence} --period {payout.period_name} --park {park}"
    rows = [
        ("Park", payout.park_id),
        ("Period", f"{payout.cadence} {payout.period_name}"),
        ("Total", f"{_amount(payout)} for {payout.devices} device{'s' if payout.devices != 1 else ''}"),
        *_carried(payout),
        ("Held because", f"{payout.hold_reason}{_outdated(payout)}"),
    ]
    return "\n".join(
        [
            "A guard holds this payout. The other parks of the run are paid without it.",
            "",
            "| | |",
            "|---|---|",
            *(f"| {name} | {escaped(value)} |" for name, value in rows),
            "",
            f"- **{APPROVE}**: {escaped(_due(payout))} go to billing-orders at once, and the history says that you let "
            f"them go. An order that was created cannot be called back.",
            f"- **{KEEP}**: nothing is sent, and this question is closed. Release it later on the page, or with "
            f"`{command} --by NAME --note WHY`.",
            f"- No answer until {until:%Y-%m-%d %H:%M} UTC, or another run of this DAG has to wait: kept on hold.",
            "",
            f"[Lines, limits, earlier periods]({park_page(payout, airflow_url)}) of the park on the Payouts page",
            "",
            f"Approval counts for these figures alone (digest {payout.digest[:12]}, hold {_hold_key(payout)}): "
            f"computed anew, the payout stays held.",
        ]
    )


def park_page(payout: PayoutProgress, airflow_url: str) -> str:
    """The address of the payout on the Payouts page."""
    query = {"cadence": payout.cadence, "period": payout.period_name.isoformat(), "park": payout.park_id}
    return f"{airflow_url.rstrip('/')}/signalq/park?{urlencode(query)}"


def is_about(shown: str, asked: Asked) -> bool:
    """Whether a question that is shown is the one about this hold."""
    return f"hold {asked.hold_key})" in shown


def escaped(text: str) -> str:
    """Any text in one line of Markdown, shown as it is."""
    return _MARKUP.sub(r"\\\1", " ".join(text.split()))


def _amount(payout: PayoutProgress) -> str:
    return f"{money_text(payout.total, payout.currency)} {payout.currency}"


def _outdated(payout: PayoutProgress) -> str:
    return " (so it was before it was computed anew)" if payout.hold and payout.hold.outdated else ""


def _due(payout: PayoutProgress) -> str:
    return f"{money_text(payout.due, payout.currency)} {payout.currency}"


def _carried(payout: PayoutProgress) -> list[tuple[str, str]]:
    if payout.carried == Decimal(0):
        return []
    carried = f"{money_text(payout.carried, payout.currency)} {payout.currency}"
    return [("Owed by the park", f"{carried} from adjustments, so {_due(payout)} are sent")]
