"""`doctor`: is every dependency reachable, how fast, and what is wrong with it; and which settings are in force."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated

import typer

from signalq_billing.cli.bootstrap import Wiring
from signalq_billing.errors import SignalqBillingError


@dataclass(frozen=True, slots=True)
class Finding:
    """One check: what was asked, how long it took in milliseconds, and what was found; `fault` None if all is well."""

    check: str
    milliseconds: int
    detail: str
    fault: str | None = None


def mount(app: typer.Typer) -> None:
    """Add the command to the command line."""
    app.command()(doctor)


def doctor(json: Annotated[bool, typer.Option("--json", help="Print JSON for programs.")] = False) -> None:
    """Check every dependency: reachable, how fast, what is wrong. Exit code 1 if anything is.

    Example: signalq-billing doctor
    """
    from signalq_billing.cli import display

    wiring = Wiring()
    findings = [_examined(check, look) for check, look in _checks(wiring).items()]
    knobs = _settings(wiring)
    if json:
        rows = [{"check": f.check, "ok": f.fault is None, "milliseconds": f.milliseconds,
                 "detail": f.detail, "fault": f.fault} for f in findings]  # fmt: skip
        display.print_json({"checks": rows, "settings": knobs})
    else:
        _show(findings, knobs)
    if any(finding.fault for finding in findings):
        raise typer.Exit(1)


def _checks(wiring: Wiring) -> dict[str, Callable[[], str]]:
    return {
        "settings": lambda: _lease(wiring),
        "config directory": lambda: _config(wiring),
        "PostgreSQL": lambda: _database(wiring),
        "park configs": lambda: _parks(wiring),
        "YTsaurus": lambda: _ytsaurus(wiring),
        "watermark": lambda: _watermark(wiring),
        "billing-orders": lambda: _billing(wiring),
    }


def _examined(check: str, look: Callable[[], str]) -> Finding:
    begun = time.monotonic()
    try:
        detail, fault = look(), None
    except SignalqBillingError as error:
        detail, fault = "", str(error)
    return Finding(check, round((time.monotonic() - begun) * 1000), detail, fault)


def _lease(wiring: Wiring) -> str:
    from signalq_billing.errors import UsageError

    lease, timeout = wiring.settings.lease_seconds, wiring.settings.http_timeout_seconds
    if lease <= timeout:
        raise UsageError(
            f"SIGNALQ_BILLING_LEASE_SECONDS ({lease:g}) must be longer than SIGNALQ_BILLING_HTTP_TIMEOUT_SECONDS "
            f"({timeout:g}): a lease that ends during a call has every call asked about"
        )
    return f"a claim lasts {lease:g} s, a call at most {timeout:g} s"


def _config(wiring: Wiring) -> str:
    cadences = ", ".join(sorted(wiring.config.cadences))
    return f"{wiring.settings.config_directory}: cadences {cadences}"


def _database(wiring: Wiring) -> str:
    wiring.payouts.ping()
    return "answers, migrations are up to date"


def _parks(wiring: Wiring) -> str:
    from signalq_billing.errors import UsageError

    versions = wiring.configs.current()
    named = {version.cadence for version in versions if version.enabled}
    idle = sorted(set(wiring.config.cadences) - named)
    if idle:
        raise UsageError(f"no park is paid by cadence {', '.join(idle)}: `config apply DIR` stores park configs")
    return f"{len({version.park_id for version in versions})} parks, {len(versions)} versions"


def _ytsaurus(wiring: Wiring) -> str:
    wiring.activity.ping()
    return f"{wiring.config.source.table} can be read"


def _watermark(wiring: Wiring) -> str:
    now = wiring.clock.now()
    watermark = wiring.activity.watermark(now)
    if watermark is None:
        return f"{wiring.config.source.table} has no usable row yet"
    return f"{watermark:%Y-%m-%d %H:%M:%S} UTC, {(now - watermark).total_seconds() / 60:.0f} min ago"


def _billing(wiring: Wiring) -> str:
    wiring.billing.ping()
    return "answers"


def _settings(wiring: Wiring) -> dict[str, str]:
    return {f"SIGNALQ_BILLING_{name.upper()}": str(value) for name, value in wiring.settings.model_dump().items()}


def _show(findings: list[Finding], knobs: dict[str, str]) -> None:
    from signalq_billing.cli import display

    made = display.table("check", "", "ms", "what was found", right=("ms",))
    for finding in findings:
        made.add_row(
            finding.check,
            "wrong" if finding.fault else "ok",
            str(finding.milliseconds),
            finding.fault or finding.detail,
            style="red" if finding.fault else None,
        )
    display.print_table(made)
    settings = display.table("setting", "value")
    for name, value in knobs.items():
        settings.add_row(name, value)
    display.print_table(settings)
