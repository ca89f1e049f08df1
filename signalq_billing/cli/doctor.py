"""`doctor`: is every dependency reachable, how fast, and what is wrong with it; and which settings are in force."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

import typer

from signalq_billing.cli.bootstrap import Wiring
from signalq_billing.errors import SignalqBillingError

if TYPE_CHECKING:
    from signalq_billing.cli.doctor_checks import Check
    from signalq_billing.services.run import Announce


OK, LOOK, WRONG, NOT_LOOKED_AT = "ok", "look", "WRONG", "-"
_STYLES = {LOOK: "yellow", WRONG: "red"}


@dataclass(frozen=True, slots=True)
class Finding:
    """One check: what was asked, how long it took in milliseconds, and what was found; `fault` None if all is well.
    `answered`: whatever is wrong, what depends on it can be looked at."""

    check: str
    milliseconds: int
    detail: str
    fault: str | None = None
    answered: bool = True
    state: str = OK


def mount(app: typer.Typer) -> None:
    """Add the command to the command line."""
    app.command()(doctor)


def doctor(json: Annotated[bool, typer.Option("--json", help="Print JSON for programs.")] = False) -> None:
    """Check every dependency: reachable, how fast, what is wrong, what to do. Exit code 1 if anything is wrong.

    "look" marks what is not wrong yet. Airflow is looked at where this machine has one, else asked at
    SIGNALQ_BILLING_AIRFLOW_URL.

    Example: signalq-billing doctor

    Example: signalq-billing doctor --json
    """
    from signalq_billing.cli import display

    wiring = Wiring()
    with display.progress(quiet=json) as announce:
        findings = _examined(wiring, announce)
    knobs = _settings(wiring)
    if json:
        display.print_json({"checks": [_document(finding) for finding in findings], "settings": knobs})
    else:
        _show(findings, knobs)
    if any(finding.fault for finding in findings):
        raise typer.Exit(1)


def _document(finding: Finding) -> dict[str, object]:
    """`ok` is null for what could not be looked at."""
    return {
        "check": finding.check,
        "ok": None if finding.state == NOT_LOOKED_AT else finding.fault is None,
        "state": {WRONG: "wrong", NOT_LOOKED_AT: "not_looked_at"}.get(finding.state, finding.state),
        "milliseconds": finding.milliseconds,
        "detail": finding.detail,
        "fault": finding.fault,
    }


def _examined(wiring: Wiring, announce: Announce) -> list[Finding]:
    """Every check's finding. What needs something that is wrong is not looked at: it would only say so again."""
    from signalq_billing.cli.doctor_checks import checks

    findings: dict[str, Finding] = {}
    for check in checks():
        missing = next((findings[name] for name in check.needs if not findings[name].answered), None)
        if missing is not None:
            first = missing.detail if missing.state == NOT_LOOKED_AT else f"not looked at: see {missing.check}"
            findings[check.name] = Finding(check.name, 0, first, answered=False, state=NOT_LOOKED_AT)
        else:
            announce(f"looking at {check.name}")
            findings[check.name] = _look(check, wiring)
    return list(findings.values())


def _look(check: Check, wiring: Wiring) -> Finding:
    from signalq_billing.cli.doctor_checks import ClockSkew, NotLookedAt, WorthALook

    begun = time.monotonic()
    detail, fault, answered, state = "", None, True, OK
    try:
        detail = check.look(wiring)
    except WorthALook as worry:
        detail, state = str(worry), LOOK
    except NotLookedAt as why:
        detail, state = str(why), NOT_LOOKED_AT
    except SignalqBillingError as error:
        fault, answered, state = str(error), isinstance(error, ClockSkew), WRONG
    except Exception as error:  # a check that fails in a way nobody thought of keeps no other from being made
        fault, answered, state = f"{type(error).__name__}: {error}", False, WRONG
    return Finding(check.name, round((time.monotonic() - begun) * 1000), detail, fault, answered, state)


def _settings(wiring: Wiring) -> dict[str, str]:
    return {f"SIGNALQ_BILLING_{name.upper()}": str(value) for name, value in wiring.settings.model_dump().items()}


def _show(findings: list[Finding], knobs: dict[str, str]) -> None:
    from signalq_billing.cli import display

    made = display.table("check", "", "ms", "what was found", right=("ms",))
    for finding in findings:
        made.add_row(
            finding.check,
            finding.state,
            str(finding.milliseconds),
            finding.fault or finding.detail,
            style=_STYLES.get(finding.state),
        )
    display.print_table(made)
    settings = display.table("setting", "value")
    for name, value in knobs.items():
        settings.add_row(name, value)
    display.print_table(settings)
