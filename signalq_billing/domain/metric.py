"""The catalogue of metrics: every name the service emits, with its type, unit, tags and meaning (SPEC section 12).

Names stand without the prefix `signalq_billing.`. A test holds the catalogue against the code, both ways round.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

PREFIX = "signalq_billing"


class MetricType(StrEnum):
    """How a metric is added up: counters grow, gauges are the last value, timers are distributions."""

    COUNTER = "counter"
    GAUGE = "gauge"
    TIMER = "timer"


@dataclass(frozen=True, slots=True)
class Metric:
    """One metric. `unit` is what its number counts; a timer's is milliseconds on the wire."""

    name: str
    type: MetricType
    unit: str
    tags: tuple[str, ...]
    meaning: str


def _counter(name: str, unit: str, *tags: str, is_: str) -> Metric:
    return Metric(name, MetricType.COUNTER, unit, tags, is_)


def _gauge(name: str, unit: str, *tags: str, is_: str) -> Metric:
    return Metric(name, MetricType.GAUGE, unit, tags, is_)


def _timer(name: str, *tags: str, is_: str) -> Metric:
    return Metric(name, MetricType.TIMER, "ms", tags, is_)


_ALL = (
    _counter("payouts.created", "payouts", "cadence", is_="payouts whose last order became created"),
    _counter("orders.created", "orders", "cadence", is_="orders that became created, made now or found made before"),
    _counter(
        *("orders.minor_units", "minor units", "cadence", "currency"),
        is_="money of the orders that became created, in kopecks, cents, ...",
    ),
    _counter(
        *("orders.not_created", "orders", "cadence", "outcome"),
        is_="orders tried and not created: `rejected`, `unknown`, `unavailable`, `misconfigured`, `notfound`, another "
        "worker's (`in_progress`, `not_stale`), not allowed (`held`, `retired`), not tried any more (`not_tried`), or "
        "the name of an error",
    ),
    _counter("payouts.held", "payouts", "cadence", "by", is_="payouts put on hold: by a `guard` or a `rejection`"),
    _counter("payouts.adjusted", "payouts", "cadence", "step", is_="parks gone through by adjust, by what came of it"),
    _gauge(
        *("payouts.fallen_to_zero", "payouts", "cadence"),
        is_="parks that the last whole run pays nothing though the settled period before paid them",
    ),
    _gauge(
        *("payouts.open", "payouts", "cadence", "currency"),
        is_="payouts of any period with an order that is not created, held ones left out",
    ),
    _gauge("payouts.open_minor_units", "minor units", "cadence", "currency", is_="money of those orders"),
    _gauge("payouts.on_hold", "payouts", "cadence", "currency", is_="payouts that are held and not settled"),
    _gauge("payouts.on_hold_minor_units", "minor units", "cadence", "currency", is_="money of their open orders"),
    _gauge("payouts.hold_expired", "payouts", "cadence", is_="held longer than somebody should have looked"),
    _gauge(
        *("payouts.oldest_not_created_seconds", "seconds", "cadence", "held"),
        is_="since when the oldest payout that is not created was formed; 0 without any. `held`: yes or no",
    ),
    _gauge(
        *("orders.unknown", "orders", "cadence"),
        is_="orders that may or may not exist: in_progress, with a lease that has run out",
    ),
    _gauge(
        *("orders.oldest_unknown_seconds", "seconds", "cadence"),
        is_="since when the oldest of them was claimed for the first time; 0 without any",
    ),
    _counter("standing.measured", "times", is_="how often the gauges above were measured: by every reconcile"),
    _gauge(
        *("dependencies.up", "1 or 0", "dependency"),
        is_="whether `ytsaurus`, `postgresql`, `billing_orders` answered the last reconcile and would serve it",
    ),
    _gauge("alerts.open", "situations", "kind", is_="what the last look of `watch` found wrong, by kind of alert"),
    _timer("extract.duration", "cadence", is_="time that YTsaurus took for the activity of a period"),
    _gauge("extract.rows_read", "rows", "cadence", is_="rows of status_history read by the last run's extraction"),
    _gauge("extract.bad_rows", "rows", "cadence", "reason", is_="rows that it left out"),
    _gauge("extract.bad_row_share", "share", "cadence", is_="their share, 0 to 1, held against `bad_row_share`"),
    _gauge(
        *("watermark.lag_seconds", "seconds", "cadence"),
        is_="how far status_history is behind the clock, at each look of a run that waits for it or reads it",
    ),
    _timer("run.duration", "cadence", is_="time of a whole `signalq-billing run`; of a DAG run Airflow tells itself"),
    _gauge("discrepancies", "orders", "kind", is_="orders on which billing-orders and our database differ"),
    _gauge("discrepancies.minor_units", "minor units", "kind", "currency", is_="money in those differences"),
    _gauge("discrepancies.not_compared", "periods", is_="periods that could not be compared"),
)

CATALOGUE: Mapping[str, Metric] = {metric.name: metric for metric in _ALL}
