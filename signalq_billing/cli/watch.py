"""`watch`: what is wrong now, seen from outside the scheduler, for cron, a monitor or a person; tells if asked to."""

from __future__ import annotations

import time
from functools import partial
from typing import TYPE_CHECKING, Annotated

import typer

from signalq_billing.cli.bootstrap import Wiring, connection
from signalq_billing.cli.payouts import JsonOption

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Callable, Sequence

    from signalq_billing.domain.alert_text import Places
    from signalq_billing.services.telling import Delivery, Teller
    from signalq_billing.services.watching import Findings, Plan, Stored, Watcher


def mount(app: typer.Typer) -> None:
    """Add the command to the command line."""
    app.command()(watch)


def watch(
    notify: Annotated[bool, typer.Option("--notify", help="Tell whom the settings name, each situation once.")] = False,
    every: Annotated[float | None, typer.Option("--every", min=1, help="Look again every so many seconds.")] = None,
    json: JsonOption = False,
) -> None:
    """What is wrong now: late and forgotten periods, holds, unknown outcomes, discrepancies, a source that lags or is
    dirty, services that are down. It needs no running Airflow, and works while PostgreSQL, YTsaurus or billing-orders
    is down: that is then the first thing it tells.

    Exit code 0: nothing is wrong. 1: something is, or nobody could be told. With --every it ends with Ctrl-C.

    Example, in cron: */5 * * * * signalq-billing watch --notify

    Example, for a monitor: signalq-billing watch --json
    """
    from signalq_billing.errors import UsageError
    from signalq_billing.orchestration.notifiers import anybody

    if notify and not anybody(Wiring().settings):
        raise UsageError(
            "--notify: nobody is named. Set SIGNALQ_BILLING_NOTIFIER_WEBHOOK to a connection id, "
            "SIGNALQ_BILLING_NOTIFIER_EMAIL to addresses, or SIGNALQ_BILLING_NOTIFIER_AIRFLOW to a notifier"
        )
    while True:
        wrong = _look(Wiring(), notify=notify, json=json)
        if every is None:
            raise typer.Exit(1 if wrong else 0)
        time.sleep(every)


def _look(wiring: Wiring, *, notify: bool, json: bool) -> bool:
    """One look; whether something is wrong, or could not be told."""
    from signalq_billing.services.measuring import measure_alerts

    now = wiring.clock.now()
    findings = watcher(wiring).look(now)
    measure_alerts(findings.alerts, wiring.metrics)
    deliveries = teller(wiring).tell(findings) if notify else []
    show = _print_json if json else _print
    show(wiring, findings, deliveries, now)
    return bool(findings.alerts) or any(not each.told for each in deliveries)


def watcher(wiring: Wiring) -> Watcher:
    """Looks at what this command's connections name, and at Airflow if its address is known."""
    from signalq_billing.adapters.airflow_health import check_airflow
    from signalq_billing.services.watching import Watcher

    limits = wiring.settings.limits
    services: dict[str, Callable[[], object]] = {
        name: partial(_ping, wiring, adapter)
        for name, adapter in (("PostgreSQL", "payouts"), ("YTsaurus", "activity"), ("billing-orders", "billing"))
    }
    if airflow := _places(wiring).airflow:
        services["Airflow"] = lambda: check_airflow(airflow, limits.seconds)
    return Watcher(
        services=services,
        watermark=partial(_watermark, wiring),
        plan=partial(_plan, wiring),
        stored=partial(_stored, wiring),
        limits=limits,
    )


def teller(wiring: Wiring) -> Teller:
    """Tells everybody the settings name."""
    from signalq_billing.adapters.told_file import ToldFile
    from signalq_billing.orchestration.notifiers import notifiers, told_file
    from signalq_billing.services.telling import Teller

    return Teller(
        stored=lambda: _stored(wiring).tellings,
        local=ToldFile(told_file(), wiring.clock.now),
        notifiers=notifiers(wiring.settings, connection),
        places=_places(wiring),
        patience=wiring.settings.patience,
        now=wiring.clock.now,
    )


def _ping(wiring: Wiring, adapter: str) -> None:
    getattr(wiring, adapter).ping()


def _watermark(wiring: Wiring, now: dt.datetime) -> dt.datetime | None:
    return wiring.activity.watermark(now)


def _plan(wiring: Wiring) -> Plan:
    from signalq_billing.services.watching import Plan

    return Plan(wiring.config.cadences, wiring.config.source)


def _stored(wiring: Wiring) -> Stored:
    from signalq_billing.adapters.postgres.tellings import PostgresTellings
    from signalq_billing.adapters.postgres.watching import PostgresStoredWork
    from signalq_billing.services.watching import Stored

    work, tellings = PostgresStoredWork(wiring.engine), PostgresTellings(wiring.engine)
    return Stored(work, wiring.payouts, wiring.configs, tellings)


def _places(wiring: Wiring) -> Places:
    from signalq_billing.orchestration.notifiers import places

    return places(wiring.settings)


def _print(wiring: Wiring, findings: Findings, deliveries: Sequence[Delivery], now: dt.datetime) -> None:
    from signalq_billing.domain.alert_text import alert_text, counted, instant

    if not findings.alerts:
        typer.echo(f"{instant(now)}: nothing is wrong")
    for alert in findings.alerts:
        typer.echo(alert_text(alert, now, _places(wiring)) + "\n")
    if findings.alerts:
        typer.echo(f"{instant(now)}: {counted(len(findings.alerts), 'situation')} to look at")
    if not _places(wiring).airflow:
        typer.echo("Airflow was not looked at: SIGNALQ_BILLING_AIRFLOW_URL names its address", err=True)
    for each in deliveries:
        said = f"told {' and '.join(each.told)}" if each.told else f"told nobody: {'; '.join(each.failed)}"
        typer.echo(f"{said}: {each.message.subject}", err=True)


def _print_json(wiring: Wiring, findings: Findings, deliveries: Sequence[Delivery], now: dt.datetime) -> None:
    from signalq_billing.cli import display
    from signalq_billing.domain.alert_document import document

    places = _places(wiring)
    display.print_json(
        {
            "at": now.isoformat(),
            "alerts": [
                {**document(alert), "page": places.page(alert), "runbook": places.runbook_page(alert)}
                for alert in findings.alerts
            ],
            "told": [
                {"subject": each.message.subject, "told": list(each.told), "failed": list(each.failed)}
                for each in deliveries
            ],
        }
    )
