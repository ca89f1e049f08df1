"""The composition root of alerts under Airflow: a watcher and a teller with this deployment's services and people."""

from __future__ import annotations

import datetime as dt
import logging
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from signalq_billing.domain.alert_text import Places, alert_text
from signalq_billing.domain.period import Period
from signalq_billing.errors import BadRowsExceeded, NotTold, PayoutsUnfinished, SignalqBillingError
from signalq_billing.orchestration import bootstrap, notifiers
from signalq_billing.orchestration.connections import from_airflow
from signalq_billing.orchestration.failures import told_to_airflow
from signalq_billing.services.comparing import Comparison
from signalq_billing.services.measuring import measure_alerts
from signalq_billing.services.telling import Delivery, Teller
from signalq_billing.services.watching import Findings, Plan, Stored, Watcher
from signalq_billing.settings import settings

log = logging.getLogger(__name__)

_PATIENCE_SECONDS = 120  # in the triggerer everything is imported first, and nobody watches


@told_to_airflow
def watch() -> int:
    """Look at everything and tell what is due. Returns how many situations there are.

    Raises NotTold if nobody could be told of one, and PayoutsUnfinished if something is wrong and the settings name
    nobody: then a red task is all there is.
    """
    findings = watcher().look(bootstrap.now())
    measure_alerts(findings.alerts, bootstrap.AirflowMetrics())
    for alert in findings.alerts:
        log.warning("%s", alert_text(alert, bootstrap.now(), places()))
    _check(tell(findings))
    if findings.alerts and not notifiers.anybody(settings()):
        raise PayoutsUnfinished(
            f"{len(findings.alerts)} situations need a person, see above; nobody is told: set "
            f"SIGNALQ_BILLING_NOTIFIER_WEBHOOK, _EMAIL or _AIRFLOW"
        )
    log.info("%d situations need a person", len(findings.alerts))
    return len(findings.alerts)


def tell_late(cadence: str, run: Mapping[str, Any]) -> None:
    """Tell that the run of a period missed its deadline, with what is known of why. Nothing if its payouts stand."""
    forget_connections()
    now = bootstrap.now()
    told = f"its run {run.get('dag_run_id') or run.get('run_id')} in Airflow is {run.get('state')}"
    patient = replace(watcher(), limits=replace(settings().limits, seconds=_PATIENCE_SECONDS))
    findings = patient.late(cadence, period_start=_instant(run.get("data_interval_start")), now=now, runs=(told,))
    if not findings.alerts:
        log.info("%s: the deadline passed and all payouts stand", cadence)
    _check(tell(findings))


def tell_compared(comparison: Comparison) -> None:
    """Tell what a comparison with billing-orders found, or that it is over. What cannot be told now is stored, and
    `watch` goes on with it; the caller ends with its own error."""
    from signalq_billing.services.watching.discrepancies import discrepancies

    try:
        _check(tell(discrepancies(comparison, stored().tellings.open(), bootstrap.now())))
    except SignalqBillingError as error:
        log.error("%s", error)


def tell_bad_rows(period: Period, error: BadRowsExceeded) -> None:
    """Tell that a run stopped because too many rows are bad; the same goes for what cannot be told."""
    from signalq_billing.services.watching.source import stopped_by_bad_rows

    try:
        _check(tell(Findings((stopped_by_bad_rows(period, error, bootstrap.now()),))))
    except SignalqBillingError as untold:
        log.error("%s", untold)


def tell(findings: Findings) -> list[Delivery]:
    """Tell what is due of some findings; claims make sure that of all machines one does."""
    return teller().tell(findings)


def watcher() -> Watcher:
    """Looks at the services and the database of this deployment."""
    return Watcher(
        services={
            "PostgreSQL": lambda: bootstrap.payout_store().ping(),
            "YTsaurus": lambda: bootstrap.activity_source().ping(),
            "billing-orders": lambda: bootstrap.billing_orders().ping(),
        },
        watermark=lambda now: bootstrap.activity_source().watermark(now),
        plan=_plan,
        stored=stored,
        limits=settings().limits,
        begun=_begun,
    )


def teller() -> Teller:
    """Tells everybody the settings name."""
    from signalq_billing.adapters.told_file import ToldFile

    return Teller(
        stored=lambda: stored().tellings,
        local=ToldFile(notifiers.told_file(), bootstrap.now),
        notifiers=notifiers.notifiers(settings(), from_airflow),
        places=places(),
        patience=settings().patience,
        now=bootstrap.now,
    )


def places() -> Places:
    """Where messages link to: the settings, else Airflow's own `[api] base_url`."""
    from airflow.sdk.configuration import conf

    known = notifiers.places(settings())
    return Places(known.airflow or conf.get("api", "base_url", fallback="") or "", known.runbook)


def stored() -> Stored:
    """All that is stored, in the database of connection `signalq_billing_db`."""
    from signalq_billing.adapters.postgres.tellings import PostgresTellings
    from signalq_billing.adapters.postgres.watching import PostgresStoredWork

    engine = bootstrap._engine()
    return Stored(
        PostgresStoredWork(engine), bootstrap.payout_store(), bootstrap.config_store(), PostgresTellings(engine)
    )


def forget_connections() -> None:
    """Have connections and configs read anew: the triggerer lives for weeks."""
    for made in (bootstrap.config, bootstrap.payout_store, bootstrap.config_store, bootstrap.order_books):
        made.cache_clear()
    bootstrap._engine.cache_clear()
    bootstrap.activity_source.cache_clear()
    bootstrap.billing_orders.cache_clear()


def _plan() -> Plan:
    config = bootstrap.config()
    return Plan(config.cadences, config.source)


def _begun(period: Period) -> bool:
    """Whether Airflow has a run of the period; False where that cannot be asked."""
    try:
        from airflow.sdk.execution_time.task_runner import RuntimeTaskInstance

        return RuntimeTaskInstance.get_dr_count(f"signalq_payouts_{period.cadence}", logical_dates=[period.start]) > 0
    except Exception:
        log.info("Airflow could not be asked for runs of %s", period, exc_info=True)
        return False


def _instant(text: object) -> dt.datetime | None:
    return dt.datetime.fromisoformat(str(text)) if text else None


def _check(deliveries: Sequence[Delivery]) -> None:
    """Raises NotTold if a message reached nobody."""
    for each in deliveries:
        log.info("told %s: %s", " and ".join(each.told) or "nobody", each.message.subject)
    lost = [each for each in deliveries if not each.told]
    if lost:
        raise NotTold(f"{len(lost)} alerts reached nobody: {'; '.join(lost[0].failed)}. The next look tries again")
