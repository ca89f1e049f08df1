"""An alert as the person reads it whom it wakes: one subject line, then what, what waits, why, what to do, where."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal

from signalq_billing.domain.alert import Alert
from signalq_billing.domain.alert_document import document
from signalq_billing.domain.money import money_text
from signalq_billing.domain.telling import Claim, Occasion
from signalq_billing.errors import UsageError

FIRST_FEW = 5
_RUNBOOK = "docs/runbook/"


@dataclass(frozen=True, slots=True)
class Places:
    """Where readers find more: the address of Airflow's UI and that of the runbook's pages; either may be unknown."""

    airflow: str = ""
    runbook: str = ""

    def page(self, alert: Alert) -> str:
        if not self.airflow:
            return f"{alert.page} in Airflow's UI"
        return f"{self.airflow.rstrip('/')}{alert.page}"

    def runbook_page(self, alert: Alert) -> str:
        return f"{self.runbook.rstrip('/')}/{alert.kind.runbook}" if self.runbook else _RUNBOOK + alert.kind.runbook


@dataclass(frozen=True, slots=True)
class Message:
    """What is sent: one line, a text, and the same as a document for programs."""

    subject: str
    text: str
    document: Mapping[str, object]


def message(claim: Claim, now: dt.datetime, places: Places) -> Message:
    """The message of one telling."""
    alert = claim.alert
    subject = f"signalq-billing: {_prefix(claim.occasion)}{alert.title}"
    text = _over(alert, now, places) if claim.occasion is Occasion.OVER else _body(alert, now, places)
    if claim.occasion is Occasion.STILL and claim.told_at is not None:
        text = f"You were told of this {duration(now - claim.told_at)} ago, and it is not over.\n\n{text}"
    facts = {"occasion": claim.occasion.value, **document(alert), **_where(alert, places)}
    return Message(_line(subject), text, facts)


def alert_text(alert: Alert, now: dt.datetime, places: Places) -> str:
    """Everything about an alert that is not over, its title first."""
    return f"{alert.title}\n{_body(alert, now, places)}"


def _body(alert: Alert, now: dt.datetime, places: Places) -> str:
    parts = [f"Since {instant(alert.since)}, {duration(now - alert.since)} ago."]
    if alert.money or alert.waiting:
        parts += ["", _money_line(alert), *(f"  {line}" for line in alert.waiting)]
    if alert.why:
        parts += ["", "Why:", *(f"  - {line}" for line in alert.why)]
    if alert.do:
        parts += ["", "Do:", *(f"  {number}. {line}" for number, line in enumerate(alert.do, 1))]
    return "\n".join([*parts, "", f"Page:    {places.page(alert)}", f"Runbook: {places.runbook_page(alert)}"])


def _over(alert: Alert, now: dt.datetime, places: Places) -> str:
    lasted = duration(now - alert.since)
    return (
        f"This is over. It began {instant(alert.since)} and lasted {lasted}. Nothing is left to do.\n\n"
        f"Page:    {places.page(alert)}"
    )


def _money_line(alert: Alert) -> str:
    return f"Money in question: {totals_text(alert.money)}" if alert.money else "Details:"


def _prefix(why: Occasion) -> str:
    return "" if why is Occasion.NEW else f"{why.value.upper()}: "


def _where(alert: Alert, places: Places) -> dict[str, object]:
    return {"page": places.page(alert), "runbook": places.runbook_page(alert)}


def totals_text(money: Mapping[str, Decimal]) -> str:
    """Sums by currency: `12,345.00 RUB and 10.00 KZT`; `nothing` without any."""
    return " and ".join(amount_text(amount, currency) for currency, amount in sorted(money.items())) or "nothing"


def amount_text(amount: Decimal, currency: str) -> str:
    """An amount with its thousands told apart."""
    try:
        written = money_text(amount, currency)
    except (UsageError, ValueError):  # a currency that only the other side knows
        written = format(amount, "f")
    return f"{Decimal(written):,f} {currency}"


def first_few(names: Iterable[str], most: int = FIRST_FEW) -> str:
    """The first of some names, and how many more there are."""
    known = list(names)
    more = f" and {len(known) - most:,} more" if len(known) > most else ""
    return ", ".join(known[:most]) + more


def counted(number: int, noun: str) -> str:
    """`1 park`, `1,000 parks`."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def instant(moment: dt.datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M} UTC"


def duration(span: dt.timedelta) -> str:
    """`under a minute`, `12 min`, `2 h 10 min`, `3 d 4 h`; of a clock that went back, `under a minute`."""
    minutes = max(int(span.total_seconds() // 60), 0)
    days, hours, rest = minutes // 1440, minutes // 60 % 24, minutes % 60
    if days:
        return f"{days} d {hours} h" if hours else f"{days} d"
    if hours:
        return f"{hours} h {rest} min" if rest else f"{hours} h"
    return f"{rest} min" if rest else "under a minute"


def _line(text: str) -> str:
    return " ".join("".join(letter if letter.isprintable() else " " for letter in text).split())
