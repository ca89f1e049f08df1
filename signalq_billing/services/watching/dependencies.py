"""Services that do not answer: all asked at once, none waited for longer than the others."""

from __future__ import annotations

import datetime as dt
import logging
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from signalq_billing.domain.alert import Alert, AlertKind, key_of
from signalq_billing.domain.alert_text import duration
from signalq_billing.domain.telling import Told
from signalq_billing.errors import SignalqBillingError
from signalq_billing.services.watching.findings import Findings, known_since

log = logging.getLogger(__name__)

_LONGEST = 300
_DO = {
    "PostgreSQL": ("Bring PostgreSQL back; nothing is lost, and nothing is paid until then.",),
    "YTsaurus": ("Ask who runs the cluster; no period is computed until then, and runs go on by themselves.",),
    "billing-orders": (
        "Ask who runs billing-orders; no order is created until then, and runs and reconcile go on by themselves.",
        "Down for long, and parks cannot wait: pay by hand, as docs/runbook/billing-orders-down.md says.",
    ),
    "Airflow": (
        "Start what is not healthy: scheduler, dag-processor, triggerer, api-server.",
        "Until then pay by hand: `signalq-billing run --cadence C --period P`; it is safe beside the DAG.",
    ),
    "configuration": ("Correct the config directory: `signalq-billing config check` names file and line.",),
}


@dataclass(slots=True)
class Asked:
    """What came of asking one service: an answer, or why there is none."""

    answer: object = None
    fault: str | None = None


def ask_all(questions: Mapping[str, Callable[[], object]], seconds: float) -> dict[str, Asked]:
    """Every answer that came within `seconds`. A question that hangs is left behind in its thread."""
    asked = {name: Asked(fault=f"no answer within {seconds:g} s") for name in questions}
    threads = [
        threading.Thread(target=_ask, args=(asked, name, question), daemon=True, name=f"watch {name}")
        for name, question in questions.items()
    ]
    for thread in threads:
        thread.start()
    until = time.monotonic() + seconds
    for thread in threads:
        thread.join(max(until - time.monotonic(), 0))
    return dict(asked)


def _ask(asked: dict[str, Asked], name: str, question: Callable[[], object]) -> None:
    try:
        asked[name] = Asked(answer=question())
    except Exception as error:
        asked[name] = Asked(fault=fault_text(error))


def fault_text(error: Exception) -> str:
    """What went wrong, on one line. A defect of ours is named by its type alone, for its text may hold anything."""
    if not isinstance(error, SignalqBillingError):
        log.info("looking failed", exc_info=error)
        return f"looking failed: {type(error).__name__}"
    line = " ".join(str(error).split())
    return line if len(line) <= _LONGEST else f"{line[: _LONGEST - 1]}…"


def dependencies_down(
    down: Mapping[str, str], asked: Sequence[str], known: Sequence[Told], now: dt.datetime
) -> Findings:
    """An alert per service that is down; covers those that were asked."""
    alerts = tuple(_down(name, fault, known, now, what_to_do(name, down)) for name, fault in sorted(down.items()))
    return Findings(alerts, frozenset(key_of(AlertKind.DEPENDENCY_DOWN, name) for name in asked))


def what_to_do(name: str, down: Mapping[str, str]) -> Sequence[str]:
    """What helps with this service, seeing which others are down."""
    if name == "Airflow" and "PostgreSQL" in down:
        return ("PostgreSQL is down too, see there: bring it back first, for Airflow may keep its own tables there.",)
    return _DO.get(name, ())


def _down(name: str, fault: str, known: Sequence[Told], now: dt.datetime, do: Sequence[str]) -> Alert:
    key = key_of(AlertKind.DEPENDENCY_DOWN, name)
    since = known_since(known, key, now)
    lasting = f" for {duration(now - since)}" if since < now else ""
    what = "cannot be used" if name == "configuration" else "does not work"
    return Alert(
        key=key,
        kind=AlertKind.DEPENDENCY_DOWN,
        title=f"dependency down: {name} {what}{lasting}; nobody is paid meanwhile",
        since=since,
        why=(fault,),
        do=(*do, f"`signalq-billing {_teller(name)}` tells when it works again."),
        members=frozenset([name]),
    )


def _teller(name: str) -> str:
    """The command that sees the service: doctor looks at Airflow only on a host that has one."""
    return "watch" if name == "Airflow" else "doctor"
