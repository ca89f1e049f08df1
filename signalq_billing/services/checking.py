"""Whether a run may begin: all three services answer, and the replica has reached the period's end."""

import datetime as dt
import logging

from signalq_billing.domain.period import Period
from signalq_billing.domain.source import Source
from signalq_billing.errors import (
    ActivityIncomplete,
    BillingMisconfigured,
    DependenciesUnavailable,
    MigrationsMissing,
    SignalqBillingError,
    SourceInvalid,
)
from signalq_billing.ports import ActivitySource, BillingOrders, Metrics, PayoutStore

log = logging.getLogger(__name__)


def check_dependencies(activity: ActivitySource, payouts: PayoutStore, billing: BillingOrders | None) -> None:
    """Returns if all three services answer; `billing` None where nothing is going to be sent.

    Raises DependenciesUnavailable that names every one that does not; and at once what waiting does not mend:
    BillingMisconfigured (our credentials), SourceInvalid (the table is not as described), MigrationsMissing.
    """
    down: list[str] = []
    probes = {"YTsaurus": activity.ping, "PostgreSQL": payouts.ping}
    if billing is not None:
        probes["billing-orders"] = billing.ping
    for name, ping in probes.items():
        try:
            ping()
            log.info("%s answers", name)
        except (BillingMisconfigured, MigrationsMissing, SourceInvalid):
            raise
        except SignalqBillingError as error:
            down.append(f"{name}: {error}")
    if down:
        raise DependenciesUnavailable("no payout is created while a service is down.\n" + "\n".join(down))


def ready_at(period: Period, source: Source) -> dt.datetime:
    """The watermark that `period` needs: its end plus the replica's lag allowance (SPEC section 3)."""
    return period.end + source.replica_lag_allowance


def measured_watermark(
    activity: ActivitySource, cadence: str, metrics: Metrics, now: dt.datetime
) -> dt.datetime | None:
    """The watermark; how far it is behind `now` is set as a gauge for the cadence that looks at it."""
    watermark = activity.watermark(now)
    measure_lag(watermark, cadence, metrics, now)
    return watermark


def measure_lag(watermark: dt.datetime | None, cadence: str, metrics: Metrics, now: dt.datetime) -> None:
    """Nothing for a source without a usable row. A watermark ahead of the clock lags by nothing."""
    if watermark is not None:
        metrics.gauge("watermark.lag_seconds", max((now - watermark).total_seconds(), 0.0), cadence=cadence)


def check_watermark(period: Period, watermark: dt.datetime | None, source: Source) -> None:
    """Returns if the replica is complete for `period`. Raises ActivityIncomplete: absence of data is not inactivity."""
    needed = ready_at(period, source)
    if watermark is not None and watermark >= needed:
        return
    seen = f"reaches {watermark:%Y-%m-%d %H:%M:%S} UTC" if watermark else "has no usable row at all"
    raise ActivityIncomplete(
        f"{source.table} {seen}; {period} needs it to reach {needed:%Y-%m-%d %H:%M:%S} UTC "
        f"(the period's end and replica_lag_allowance_seconds). It is not computed before: missing is not idle"
    )
