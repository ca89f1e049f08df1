"""Task bodies of the payouts DAG. Each reads what the run was asked to do, calls a service, and hands on ids."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from airflow.sdk import get_current_context

from signalq_billing.errors import PayoutsUnfinished, StorageUnavailable
from signalq_billing.orchestration import bootstrap
from signalq_billing.orchestration.failures import told_to_airflow
from signalq_billing.orchestration.run_request import RunRequest
from signalq_billing.orchestration.this_run import requested as _request
from signalq_billing.orchestration.this_run import worker as _actor
from signalq_billing.services import selecting

if TYPE_CHECKING:
    from signalq_billing.domain.config import ParkConfig

log = logging.getLogger(__name__)


@told_to_airflow
def check_dependencies(cadence: str) -> str:
    """Check the run's form first, then that YTsaurus, PostgreSQL and billing-orders answer. Returns the period."""
    from signalq_billing.services.checking import check_dependencies as check

    request = _request(cadence)
    bootstrap.config()
    with suppress(StorageUnavailable):  # a wrong park is told at once, not when YTsaurus answers again
        _parks(request)
    check(bootstrap.activity_source(), bootstrap.payout_store(), bootstrap.billing_orders())
    parks = _parks(request)
    log.info("%s: %d parks, %s to %s UTC", request.period, len(parks), request.period.start, request.period.end)
    if not parks:
        log.warning("no park has a config in force for %s: nothing to pay", request.period)
    return request.period.name.isoformat()


@told_to_airflow
def watermark_reached(cadence: str) -> bool:
    """Whether status_history is complete for the period; asked again and again until it is."""
    from signalq_billing.errors import ActivityIncomplete
    from signalq_billing.services.checking import check_watermark, measured_watermark

    request, source = _request(cadence), bootstrap.config().source
    seen = measured_watermark(bootstrap.activity_source(), cadence, bootstrap.AirflowMetrics(), bootstrap.now())
    try:
        check_watermark(request.period, seen, source)
    except ActivityIncomplete as error:
        log.info("%s", error)
        return False
    return True


@told_to_airflow
def extract(cadence: str) -> int:
    """Compute activity in YTsaurus, into a table of its own. Returns the id of what it was made from."""
    from signalq_billing.errors import BadRowsExceeded
    from signalq_billing.orchestration.alerting import tell_bad_rows
    from signalq_billing.services.extract import extract_and_save

    request = _request(cadence)
    try:
        return extract_and_save(
            request.period,
            _parks(request),
            source=bootstrap.config().source,
            activity=bootstrap.activity_source(),
            payouts=bootstrap.payout_store(),
            metrics=bootstrap.AirflowMetrics(),
            now=bootstrap.now(),
            actor=_actor(),
            narrow=bool(request.park_ids),
        )
    except BadRowsExceeded as error:
        tell_bad_rows(request.period, error)
        raise


@told_to_airflow
def compute(cadence: str, snapshot_id: int) -> list[dict[str, Any]]:
    """Work out and store the payouts; what was sent before stays as it is. Returns the batches for `submit`."""
    from signalq_billing.orchestration.tables import log_payouts
    from signalq_billing.services.batching import batches
    from signalq_billing.services.compute import compute_and_store, payouts_of
    from signalq_billing.settings import settings

    request, store, activity = _request(cadence), bootstrap.payout_store(), bootstrap.activity_source()
    parks, snapshot = _parks(request), store.snapshot(snapshot_id)
    if request.dry_run:
        log_payouts(payouts_of(snapshot, parks, activity))
        return []
    stored = compute_and_store(snapshot, snapshot_id, parks, activity=activity, payouts=store, actor=_actor())
    if not request.park_ids:
        store.void_missing(request.period, [config.park_id for config in parks], _actor())
    payable = [(payout.park_id, payout.order_count) for payout in stored if payout.order_count]
    log.info("%d payouts, %d of them with something to pay", len(stored), len(payable))
    cut = batches(payable, settings().submit_tasks)
    return [{"label": batch.label, "park_ids": list(batch.park_ids)} for batch in cut]


@told_to_airflow
def submit(cadence: str, batch: Mapping[str, Any]) -> None:
    """Bring the batch's orders to billing-orders; fails, to be retried, while some of them are not settled."""
    context = get_current_context()
    context["park"] = batch["label"]  # type: ignore[typeddict-unknown-key]
    period = _request(cadence).period
    payouts = bootstrap.payout_store().payouts(cadence, period.name, batch["park_ids"])
    report = bootstrap.submitter(_actor()).submit(payouts)
    for problem in report.problems:
        log.warning("%s", problem)
    log.info("orders: %d created, %d were before, %d held", report.created, report.already_created, report.held)
    if report.pending:
        raise PayoutsUnfinished(f"{report.pending} orders of {batch['label']} are not settled yet; see above for why")


@told_to_airflow
def report(cadence: str) -> None:
    """Show every park's payout and progress, and what was read; fails while one is neither created, held nor zero."""
    from signalq_billing.orchestration.tables import log_progress, log_source
    from signalq_billing.services.guards import fallen_to_zero
    from signalq_billing.services.reporting import open_parks

    request = _request(cadence)
    if request.dry_run:
        log.info("dry run: nothing was stored or sent; the task `compute` shows what would be paid")
        return
    parks = [config.park_id for config in _parks(request)]
    store = bootstrap.payout_store()
    payouts = store.payouts(cadence, request.period.name, parks)
    log_progress(payouts)
    snapshot_id = get_current_context()["ti"].xcom_pull(task_ids="extract")
    if isinstance(snapshot_id, int):  # an extraction that failed or was skipped leaves nothing to show
        log_source(store.snapshot(snapshot_id))
    for each in fallen_to_zero(payouts, store, None if request.park_ids else bootstrap.AirflowMetrics()):
        log.warning("%s", each)
    unfinished = open_parks(request.period, parks, payouts, store)
    for each in unfinished:
        log.error("%s", each)
    if unfinished:
        raise PayoutsUnfinished(
            f"{len(unfinished)} of {len(parks)} parks are not settled for {request.period}, see above"
        )


def _parks(request: RunRequest) -> list[ParkConfig]:
    """Configs of the run's parks, as applied: only in PostgreSQL, never from files."""
    versions = bootstrap.config_store().current(request.park_ids or None)
    if request.park_ids:
        missing = set(request.park_ids) - {version.park_id for version in versions}
        versions = bootstrap.config_store().current() if missing else versions
    return selecting.configs_for(versions, bootstrap.config().cadences, request.period, request.park_ids)
