"""Period by period, what we call created against what billing-orders has. Reads only: nothing is sent, nothing is
repaired (SPEC section 7, Reconcile)."""

from __future__ import annotations

import datetime as dt
import logging
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import islice, product

from signalq_billing.domain.discrepancy import (
    ComparedPeriod,
    Discrepancy,
    DiscrepancyKind,
    MoneyOff,
    OwnOrder,
    by_external_ref,
    missing_there,
    money_off,
    of_listed,
)
from signalq_billing.domain.money import minor_digits
from signalq_billing.domain.order import BillingOrder, NotFound, key_prefix
from signalq_billing.domain.period import Cadence
from signalq_billing.domain.progress import PaymentProgress
from signalq_billing.errors import BillingUnavailable, UsageError
from signalq_billing.ports import BillingOrders, Metrics, OrderBooks

log = logging.getLogger(__name__)

PeriodKey = tuple[str, dt.date]  # cadence and name
_FAILURES_IN_A_ROW = 3
_MOST_ASKED = 1000
_BEYOND_OURS = 100_000


@dataclass(frozen=True, slots=True)
class Comparison:
    """What came of comparing some periods, in their order."""

    periods: tuple[ComparedPeriod, ...]

    @property
    def discrepancies(self) -> list[Discrepancy]:
        return [each for period in self.periods for each in period.discrepancies]

    @property
    def money(self) -> list[MoneyOff]:
        return money_off(self.discrepancies)

    @property
    def not_compared(self) -> list[ComparedPeriod]:
        return [period for period in self.periods if period.not_compared]

    @property
    def clean(self) -> bool:
        """Everything was compared, and both sides say the same."""
        return not self.discrepancies and not self.not_compared


def periods_to_compare(
    orders: OrderBooks, cadences: Mapping[str, Cadence], window: dt.timedelta, now: dt.datetime
) -> list[PeriodKey]:
    """The periods touched within `window`, and those of `cadences` that lie in it, for billing-orders may have orders
    of a period of which nothing is stored; the newest first."""
    found = set(orders.periods_touched(window))
    for cadence in cadences.values():
        found.update((cadence.name, name) for name in _lying_in(cadence, now - window, now))
    return sorted(sorted(found), key=lambda key: key[1], reverse=True)


def _lying_in(cadence: Cadence, since: dt.datetime, until: dt.datetime) -> Iterator[dt.date]:
    try:
        period = cadence.containing_instant(until)
    except UsageError:  # its first period lies ahead
        return
    while period.end > since:
        yield period.name
        before = cadence.preceding(period)
        if before is None:
            return
        period = before


def compare(
    periods: Iterable[PeriodKey],
    *,
    orders: OrderBooks,
    billing: BillingOrders,
    metrics: Metrics,
    announce: Callable[[str], None] = lambda _: None,
) -> Comparison:
    """Compare each period. One that billing-orders does not list is told as not compared; after three in a row the
    rest is not even asked for. Raises BillingMisconfigured when billing-orders refuses us as such."""
    compared: list[ComparedPeriod] = []
    in_a_row = 0
    for cadence, name in periods:
        if in_a_row >= _FAILURES_IN_A_ROW:
            compared.append(ComparedPeriod(cadence, name, not_compared="not asked for: billing-orders kept failing"))
            continue
        announce(f"comparing {cadence} {name} with billing-orders")
        try:
            compared.append(_compared(cadence, name, orders, billing))
            in_a_row = 0
        except BillingUnavailable as error:
            in_a_row += 1
            compared.append(ComparedPeriod(cadence, name, not_compared=str(error)))
    comparison = Comparison(tuple(compared))
    _measure(comparison, metrics)
    return comparison


def _compared(cadence: str, name: dt.date, orders: OrderBooks, billing: BillingOrders) -> ComparedPeriod:
    # Ours are read before and after the listing, for workers go on meanwhile: what was created before must be in it,
    # and what is in it must be created, or under way, after.
    before = orders.own_orders(cadence, name)
    most = 10 * len(before) + _BEYOND_OURS
    listed = list(islice(billing.listing(cadence, name), most + 1))
    if len(listed) > most:
        raise BillingUnavailable(f"billing-orders: the listing of {cadence} {name} does not end after {most} orders")
    theirs = by_external_ref(listed)
    ours = {order.external_ref: order for order in orders.own_orders(cadence, name)}
    ours |= {order.external_ref: order for order in orders.own_orders_named(theirs.keys() - ours.keys())}
    naming = key_prefix(cadence, name)
    found = [each for ref in sorted(theirs, key=str.encode) for each in of_listed(theirs[ref], ours.get(ref), naming)]
    not_listed = [order for order in before if order.expected_there and order.external_ref not in theirs]
    missing, warnings = _asked_about(not_listed, billing)
    return ComparedPeriod(
        cadence,
        name,
        here=sum(order.expected_there for order in ours.values()),
        there=sum(len(documents) for documents in theirs.values()),
        under_way=sum(_at_work(ours.get(ref)) for ref in theirs),
        discrepancies=(*found, *missing),
        warnings=tuple(warnings),
        currencies=frozenset([*(order.currency for order in ours.values()), *(order.currency for order in listed)]),
    )


def _at_work(order: OwnOrder | None) -> bool:
    return order is not None and order.under_way and order.payment_progress is PaymentProgress.IN_PROGRESS


def _asked_about(not_listed: Sequence[OwnOrder], billing: BillingOrders) -> tuple[list[Discrepancy], list[str]]:
    """A listing may lag behind: before an order is called missing, billing-orders is asked about it by its key."""
    missing: list[Discrepancy] = []
    warnings: list[str] = []
    for number, order in enumerate(not_listed):
        if number >= _MOST_ASKED:
            missing.append(missing_there(order, "billing-orders does not list it; it was not asked about it by key"))
            continue
        answer = billing.find(order.external_ref)
        if isinstance(answer, BillingOrder):
            warnings.append(f"{order.external_ref}: billing-orders has it and does not list it")
            missing += of_listed([answer], order, "")
        elif isinstance(answer, NotFound):
            missing.append(missing_there(order, "billing-orders says that it has no such order"))
        else:
            said = f"billing-orders does not list it, and asking by key failed: {answer.message}"
            missing.append(missing_there(order, said))
    return missing, warnings


def _measure(comparison: Comparison, metrics: Metrics) -> None:
    """Gauges of every kind there is, zeros too, so that an alert ends when its reason does."""
    found = comparison.discrepancies
    for kind in DiscrepancyKind:
        metrics.gauge("discrepancies", sum(each.kind is kind for each in found), kind=kind.value)
    metrics.gauge("discrepancies.not_compared", len(comparison.not_compared))
    off = {(each.kind, each.currency): each.more + each.less for each in comparison.money}
    currencies = {currency for period in comparison.periods for currency in period.currencies}
    for kind, currency in product(DiscrepancyKind, sorted(currencies)):
        try:
            minor_units = int(off.get((kind, currency), Decimal(0)).scaleb(minor_digits(currency)))
        except UsageError:  # billing-orders' own idea of a currency
            continue
        metrics.gauge("discrepancies.minor_units", minor_units, kind=kind.value, currency=currency)


def log_comparison(comparison: Comparison) -> None:
    """Every discrepancy, and the sums, into the log."""
    for period in comparison.periods:
        for warning in period.warnings:
            log.warning("%s %s: %s", period.cadence, period.period_name, warning)
        if period.not_compared:
            log.error("%s %s: not compared: %s", period.cadence, period.period_name, period.not_compared)
        for each in period.discrepancies:
            log.error(
                "%s %s: %s: %s: %s", period.cadence, period.period_name, each.kind.value, each.external_ref, each.detail
            )
    for off in comparison.money:
        log.error(
            "%s: %d orders, %s %s more and %s %s less in billing-orders than here",
            *(off.kind.value, off.count, off.more, off.currency, off.less, off.currency),
        )
