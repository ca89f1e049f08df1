"""How many calls to billing-orders are under way at once, and what else goes on meanwhile."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from threading import Condition
from typing import Any

import pytest
from sqlalchemy import Engine

from signalq_billing.devstack.billing_orders import process
from signalq_billing.devstack.billing_orders.process import BillingOrdersProcess
from signalq_billing.domain.order import Outcome, Unavailable
from signalq_billing.domain.progress import Claim
from signalq_billing.domain.submit_policy import SubmitPolicy
from signalq_billing.services.submit import SubmitReport, Submitter
from tests.integration.payments import computed, money_accepted, progress, submitter
from tests.integration.registers import rows

AT_ONCE = 4
PATIENCE = 20.0  # seconds, for what must come
NEVER = 0.5  # seconds, for what must not


@pytest.fixture
def billing(tmp_path: Path) -> Iterator[BillingOrdersProcess]:
    running = process.start(tmp_path / "billing", "secret-token")
    yield running
    running.stop()


class Watched:
    """Stands before a port and has `before` done ahead of each call of `name`, `after` behind it."""

    def __init__(self, port: object, name: str, before: Callable[[], None], after: Callable[[], None]) -> None:
        self._port, self._name, self._before, self._after = port, name, before, after

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - whatever the port has
        does = getattr(self._port, name)
        if name != self._name:
            return does

        def watched(*args: object) -> object:
            self._before()
            try:
                return does(*args)
            finally:
                self._after()

        return watched


class Line:
    """How many are between their coming and their going."""

    def __init__(self) -> None:
        self._changed, self.came, self.inside, self.most = Condition(), 0, 0, 0

    def comes(self) -> None:
        with self._changed:
            self.came, self.inside = self.came + 1, self.inside + 1
            self.most = max(self.most, self.inside)
            self._changed.notify_all()

    def goes(self) -> None:
        with self._changed:
            self.inside -= 1

    def waits_for(self, came: int, seconds: float) -> bool:
        with self._changed:
            return self._changed.wait_for(lambda: self.came >= came, seconds)


def nothing() -> None:
    pass


def submits(engine: Engine, sending: Submitter) -> SubmitReport:
    return sending.submit(computed(engine, [f"park-{number}" for number in range(2 * AT_ONCE)]))


def test_no_more_orders_are_claimed_or_called_at_once_than_asked_for(
    engine: Engine, billing: BillingOrdersProcess
) -> None:
    claims, calls = Line(), Line()
    sending = submitter(engine, billing, concurrency=AT_ONCE)

    def stays() -> None:
        claims.waits_for(AT_ONCE + 1, NEVER)
        calls.goes()
        claims.goes()

    sender = replace(
        sending.sender,
        payouts=Watched(sending.payouts, "claim", claims.comes, nothing),  # type: ignore[arg-type]
        billing=Watched(sending.sender.billing, "create", calls.comes, stays),  # type: ignore[arg-type]
    )
    assert submits(engine, replace(sending, sender=sender)).created == 2 * AT_ONCE
    assert (claims.most, calls.most) == (AT_ONCE, AT_ONCE)


def test_while_an_answer_is_recorded_another_order_is_called(engine: Engine, billing: BillingOrdersProcess) -> None:
    calls, in_time = Line(), list[bool]()
    sending = submitter(engine, billing, concurrency=AT_ONCE)

    def all_are_called() -> None:
        in_time.append(calls.waits_for(AT_ONCE, PATIENCE))

    def one_more_is_called() -> None:
        in_time.append(calls.waits_for(AT_ONCE + 1, PATIENCE))

    # As many as may be are called at once; then the first answer waits to be recorded until one more is called.
    sender = replace(
        sending.sender,
        payouts=Watched(sending.payouts, "record", one_more_is_called, nothing),  # type: ignore[arg-type]
        billing=Watched(sending.sender.billing, "create", calls.comes, all_are_called),  # type: ignore[arg-type]
    )
    assert submits(engine, replace(sending, sender=sender)).created == 2 * AT_ONCE
    assert all(in_time)


def test_who_waited_for_a_call_begins_none_once_billing_orders_is_down(
    engine: Engine, billing: BillingOrdersProcess
) -> None:
    calls, called = Line(), set[str]()

    class Down:
        def create(self, claim: Claim) -> Outcome:
            called.add(claim.external_ref)
            calls.comes()
            calls.waits_for(AT_ONCE + 1, NEVER)
            calls.goes()
            return Unavailable("503: maintenance", definite=True, retry_after=None)

    sending = submitter(engine, billing, concurrency=AT_ONCE, give_up_after=1, tries=1)
    sender = replace(sending.sender, billing=Down())  # type: ignore[arg-type]
    assert submits(engine, replace(sending, sender=sender)).pending == 2 * AT_ONCE
    assert len(called) == AT_ONCE


def test_what_another_worker_paid_during_a_call_is_counted_by_that_one_alone(
    engine: Engine, billing: BillingOrdersProcess
) -> None:
    sending, others = submitter(engine, billing), list[SubmitReport]()

    def another_worker_pays() -> None:
        rows(engine, "UPDATE payout_order SET claimed_until = claimed_until - interval '1 hour'")
        others.append(submitter(engine, billing, worker="another").submit(progress(engine)))

    slow = Watched(sending.sender.billing, "create", another_worker_pays, nothing)
    sender = replace(sending.sender, billing=slow)  # type: ignore[arg-type]
    report = replace(sending, sender=sender).submit(computed(engine))
    assert (report.created, report.pending, others[0].created) == (0, 1, 1)
    (payout,) = progress(engine)
    assert money_accepted(billing) == payout.total


@pytest.mark.parametrize(("concurrency", "threads"), [(1, 1), (3, 3), (4, 5), (8, 10), (64, 80)])
def test_one_thread_in_five_records(concurrency: int, threads: int) -> None:
    assert SubmitPolicy(concurrency=concurrency).threads == threads
