"""Measures how everything stands: what is open, held and unknown, and whether the three services answer (SPEC section
12).

Every tag value that can be there is told each time, zeros too: a gauge that is not told keeps its last value for ever.
"""

from __future__ import annotations

import datetime as dt
import logging
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

from signalq_billing.domain.alert import Alert, AlertKind
from signalq_billing.domain.money import minor_digits
from signalq_billing.domain.standing import OpenPayouts, Standing
from signalq_billing.errors import SignalqBillingError
from signalq_billing.ports import ActivitySource, BillingOrders, Metrics, PayoutStore, Standings

log = logging.getLogger(__name__)


def measure(
    standings: Standings,
    cadences: Iterable[str],
    metrics: Metrics,
    *,
    activity: ActivitySource,
    payouts: PayoutStore,
    billing: BillingOrders,
) -> None:
    """Set every gauge of state. Never raises for what is down: that is among what it tells."""
    probes = {"ytsaurus": activity.ping, "postgresql": payouts.ping, "billing_orders": billing.ping}
    _dependencies(probes, metrics)
    try:
        standing = standings.standing()
    except SignalqBillingError as error:
        log.warning("what is open and held was not measured: %s", error)
        return
    _payouts(standing, set(cadences), metrics)
    _unknown(standing, set(cadences), metrics)
    _counters(standing, set(cadences), metrics)
    metrics.count("standing.measured")


def measure_alerts(alerts: Sequence[Alert], metrics: Metrics) -> None:
    """Set what a whole look found, every kind there is."""
    for kind in AlertKind:
        metrics.gauge("alerts.open", sum(alert.kind is kind for alert in alerts), kind=kind.value)


def _dependencies(probes: Mapping[str, Callable[[], None]], metrics: Metrics) -> None:
    for name, ping in probes.items():
        try:
            ping()
        except SignalqBillingError as error:
            log.warning("%s does not serve us: %s", name, error)
            metrics.gauge("dependencies.up", 0, dependency=name)
        else:
            metrics.gauge("dependencies.up", 1, dependency=name)


def _payouts(standing: Standing, cadences: set[str], metrics: Metrics) -> None:
    found = {(each.cadence, each.currency, each.held): each for each in standing.open}
    for cadence, currency in sorted(standing.known | {(each.cadence, each.currency) for each in standing.open}):
        waiting, held = found.get((cadence, currency, False)), found.get((cadence, currency, True))
        metrics.gauge("payouts.open", _count(waiting), cadence=cadence, currency=currency)
        metrics.gauge("payouts.open_minor_units", _minor(waiting), cadence=cadence, currency=currency)
        metrics.gauge("payouts.on_hold", _count(held), cadence=cadence, currency=currency)
        metrics.gauge("payouts.on_hold_minor_units", _minor(held), cadence=cadence, currency=currency)
    for cadence in sorted(_told(standing, cadences)):
        of_cadence = [each for each in standing.open if each.cadence == cadence]
        metrics.gauge("payouts.hold_expired", sum(each.expired for each in of_cadence), cadence=cadence)
        for held_or_not in (False, True):
            age = _age(standing.at, (each.oldest for each in of_cadence if each.held is held_or_not))
            told = "yes" if held_or_not else "no"
            metrics.gauge("payouts.oldest_not_created_seconds", age, cadence=cadence, held=told)


def _unknown(standing: Standing, cadences: set[str], metrics: Metrics) -> None:
    for cadence in sorted(_told(standing, cadences)):
        of_cadence = [each for each in standing.unknown if each.cadence == cadence]
        metrics.gauge("orders.unknown", sum(each.orders for each in of_cadence), cadence=cadence)
        age = _age(standing.at, (each.oldest for each in of_cadence))
        metrics.gauge("orders.oldest_unknown_seconds", age, cadence=cadence)


def _counters(standing: Standing, cadences: set[str], metrics: Metrics) -> None:
    """Nothing is added to them: a counter that is there before it grows shows its first growth too."""
    for cadence in sorted(_told(standing, cadences)):
        metrics.count("payouts.created", 0, cadence=cadence)
        metrics.count("orders.created", 0, cadence=cadence)
        for outcome in ("rejected", "unknown", "unavailable"):
            metrics.count("orders.not_created", 0, cadence=cadence, outcome=outcome)
        for by in ("guard", "rejection"):
            metrics.count("payouts.held", 0, cadence=cadence, by=by)
    for cadence, currency in sorted(standing.known):
        metrics.count("orders.minor_units", 0, cadence=cadence, currency=currency)


def _told(standing: Standing, cadences: set[str]) -> set[str]:
    stored = {cadence for cadence, _ in standing.known} | {each.cadence for each in standing.open}
    return cadences | stored | {each.cadence for each in standing.unknown}


def _count(found: OpenPayouts | None) -> int:
    return found.payouts if found else 0


def _minor(found: OpenPayouts | None) -> int:
    return int(found.amount.scaleb(minor_digits(found.currency))) if found else 0


def _age(now: dt.datetime, instants: Iterator[dt.datetime]) -> float:
    oldest = min(instants, default=now)
    return max((now - oldest).total_seconds(), 0.0)
