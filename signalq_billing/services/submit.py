"""The one way to billing-orders, for DAGs, command line and reconcile alike: guards first, then each order on its
own (SPEC sections 7 and 11). One held or failing park never blocks another."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from threading import BoundedSemaphore

from signalq_billing.domain.guards import Guards
from signalq_billing.domain.money import minor_digits
from signalq_billing.domain.order import Created, Misconfigured, Rejected, Unavailable, Unknown
from signalq_billing.domain.progress import ClaimRefusal, OrderProgress, PaymentProgress, PayoutProgress
from signalq_billing.errors import BillingMisconfigured, Held, SignalqBillingError, UsageError
from signalq_billing.ports import Metrics, PayoutStore
from signalq_billing.services.guards import KillSwitch, check_kill_switch, reasons_to_hold
from signalq_billing.services.sending import Breaker, Progressed, Sender
from signalq_billing.services.turns import Errand, Turns

log = logging.getLogger(__name__)

Result = Progressed | SignalqBillingError | None  # of one order; None: it was not tried


@dataclass(slots=True)
class SubmitReport:
    """What came of a submit, counted in orders, and in words whatever is not created. `created` now; `found`: created
    by an earlier call that nobody heard the answer of."""

    created: int = 0
    found: int = 0
    already_created: int = 0
    held: int = 0
    pending: int = 0
    problems: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Submitter:
    """Sends the orders of payouts that are not created yet, past the guards."""

    payouts: PayoutStore
    sender: Sender
    guards: Guards
    metrics: Metrics
    kill_switch: Callable[[], bool]  # as guards.yaml has it at this moment

    def submit(self, payouts: Sequence[PayoutProgress]) -> SubmitReport:
        """Bring every order of `payouts` as far as it gets today; safe to repeat, also by several at once.

        Raises Held while the kill switch is on or once it is switched on, BillingMisconfigured when billing-orders
        refuses us as such; what was sent by then is recorded.
        """
        check_kill_switch(self.guards)
        switch = KillSwitch(self.kill_switch, self.sender.clock)
        report, breaker = SubmitReport(), Breaker(self.sender.policy.give_up_after, switch.on)
        reasons = reasons_to_hold(self.guards, payouts, self.payouts)
        due = [(payout, order) for payout in payouts for order in self._due(payout, reasons, report)]
        results = self._sent(due, breaker)
        for (payout, order), result in zip(due, results, strict=True):
            self._tell(payout, order, result, report)
        self._count_payouts(due, results)
        if switch.reason is not None and None in results:
            raise Held(f"{switch.reason} ({report.created} orders were created before, {report.pending} were left)")
        refused = next((result for result in results if isinstance(result, Misconfigured)), None)
        if refused:
            raise BillingMisconfigured(
                f"{refused.message}. Nothing is held; mend the connection `billing_orders` and run again"
            )
        return report

    def _sent(self, due: Sequence[tuple[PayoutProgress, OrderProgress]], breaker: Breaker) -> list[Result]:
        """What came of each order, after all the tries it was worth."""
        errands = [Errand(payout, order) for payout, order in due]
        turns = Turns(errands, self.sender.clock, lambda: breaker.failing)
        results: dict[Errand, Result] = {}
        # There are more threads than calls at once: an answer is recorded while another order is claimed and called.
        policy, calling = self.sender.policy, BoundedSemaphore(self.sender.policy.concurrency)
        with ThreadPoolExecutor(policy.threads, thread_name_prefix="submit") as pool:
            threads = range(min(policy.threads, len(due)))
            list(pool.map(lambda _: self._take_turns(turns, breaker, calling, results), threads))
        return [results[errand] for errand in errands]

    def _take_turns(
        self, turns: Turns, breaker: Breaker, calling: AbstractContextManager[object], results: dict[Errand, Result]
    ) -> None:
        """What one thread does, until no order is left to begin or to try again."""
        while (turn := turns.next()) is not None:
            errand, wait = turn
            if wait:
                self.sender.clock.sleep(wait)
            if errand is None:
                continue
            result = self._safely(errand.order, breaker, errand.tries, calling)
            errand.tries += 1
            trouble = isinstance(result, Unavailable | Unknown)
            if isinstance(result, SignalqBillingError) or (pause := self.sender.pause(result, errand.tries)) is None:
                results[errand] = result
                turns.over(errand, trouble=trouble)
            else:
                turns.again(errand, pause, trouble=trouble)

    def _due(self, payout: PayoutProgress, reasons: Mapping[int, str], report: SubmitReport) -> list[OrderProgress]:
        """The payout's orders still to be made; of a held one, those to be asked about; of a retired one none."""
        if payout.retired:
            return []
        left = [order for order in payout.orders if order.payment_progress is not PaymentProgress.CREATED]
        report.already_created += len(payout.orders) - len(left)
        reason = payout.hold_reason or reasons.get(payout.payout_id)
        if reason is None or not left:
            return left
        if not payout.hold_reason and not self._hold(payout, reason, report):
            return []
        # An order under way may have been sent already: finding out what came of it moves no money.
        under_way = [order for order in left if order.payment_progress is PaymentProgress.IN_PROGRESS]
        report.held += len(left) - len(under_way)
        report.problems.append(f"{_name(payout)}: held: {reason}")
        return under_way

    def _hold(self, payout: PayoutProgress, reason: str, report: SubmitReport) -> bool:
        """False for a payout that was taken back meanwhile: then there is nothing to send either."""
        try:
            self.payouts.hold(payout.payout_id, reason, self.sender.worker)
        except UsageError as gone:
            report.problems.append(f"{_name(payout)}: {gone}")
            return False
        self.metrics.count("payouts.held", cadence=payout.cadence, by="guard")
        return True

    def _safely(
        self, order: OrderProgress, breaker: Breaker, tries: int, calling: AbstractContextManager[object]
    ) -> Result:
        """One order's errors stay its own."""
        try:
            return self.sender.bring_forward(order.order_id, breaker, tries, calling)
        except SignalqBillingError as error:
            # What the tree of errors.py has needs no trace: a store that is down would fill the screen once per order.
            log.warning("order %s: %s", order.external_ref, error, exc_info=log.isEnabledFor(logging.DEBUG))
            return error

    def _tell(
        self,
        payout: PayoutProgress,
        order: OrderProgress,
        result: Result,
        report: SubmitReport,
    ) -> None:
        if isinstance(result, Created):
            report.found += result.found
            report.created += not result.found
            # Found or made, it is counted once: when it becomes `created` here.
            self.metrics.count("orders.created", cadence=payout.cadence)
            minor_units = int(order.amount.scaleb(minor_digits(payout.currency)))
            self.metrics.count("orders.minor_units", minor_units, cadence=payout.cadence, currency=payout.currency)
            return
        if result is ClaimRefusal.CREATED:
            report.already_created += 1
            return
        if isinstance(result, Rejected) or result in (ClaimRefusal.HELD, ClaimRefusal.RETIRED):
            report.held += 1
        else:
            report.pending += 1
        self.metrics.count("orders.not_created", cadence=payout.cadence, outcome=_kind(result))
        report.problems.append(f"{_name(payout)}: order {order.external_ref}: {_words(result)}")

    def _count_payouts(self, due: Sequence[tuple[PayoutProgress, OrderProgress]], results: Sequence[object]) -> None:
        """Each payout once, however many orders it has."""
        of_payout: dict[int, list[object]] = {}
        for (payout, _), result in zip(due, results, strict=True):
            of_payout.setdefault(payout.payout_id, []).append(result)
        for payout in {payout.payout_id: payout for payout, _ in due}.values():
            came_of_it = of_payout[payout.payout_id]
            made = [isinstance(result, Created) for result in came_of_it]
            there = sum(made) + came_of_it.count(ClaimRefusal.CREATED)
            left = sum(order.payment_progress is not PaymentProgress.CREATED for order in payout.orders)
            if any(made) and there == left:
                self.metrics.count("payouts.created", cadence=payout.cadence)
            if any(isinstance(result, Rejected) for result in came_of_it):
                self.metrics.count("payouts.held", cadence=payout.cadence, by="rejection")


def _name(payout: PayoutProgress) -> str:
    return f"park {payout.park_id}, {payout.cadence} {payout.period_name}"


def _kind(result: object) -> str:
    if result is None:
        return "not_tried"
    return result.value if isinstance(result, ClaimRefusal) else type(result).__name__.lower()


def _words(result: Result) -> str:
    if result is None:
        return "not tried: billing-orders failed too often in a row; reconcile goes on with it"
    if isinstance(result, ClaimRefusal):
        return {
            ClaimRefusal.IN_PROGRESS: "another worker is at it",
            ClaimRefusal.NOT_STALE: "another worker is at it; once its lease runs out billing-orders is asked",
            ClaimRefusal.LATE: "not sent: its worker stood still; billing-orders is asked before it is tried again",
            ClaimRefusal.HELD: "held",
            ClaimRefusal.RETIRED: "its key is retired",
        }.get(result, result.value)
    return f"{_kind(result)}: {getattr(result, 'message', result)}"
