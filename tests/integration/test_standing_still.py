"""A worker that stands still between its claim and its call, as a stopped process or a paused machine does: it looks at
its lease before it sends, for a person may have paid by hand meanwhile."""

import datetime as dt
from collections.abc import Callable

import pytest
from sqlalchemy import Engine

from signalq_billing.adapters.clock import SystemClock
from signalq_billing.adapters.postgres.payout_store import PostgresPayoutStore
from signalq_billing.devstack.billing_orders.process import BillingOrdersProcess
from signalq_billing.domain.progress import ClaimRefusal, PaymentProgress
from signalq_billing.domain.submit_policy import SubmitPolicy
from signalq_billing.services.sending import Breaker, Sender
from tests.integration.payments import ImpatientClock, computed, money_accepted, progress, submitter
from tests.integration.registers import Desk, rows

LEASE = dt.timedelta(seconds=100)


class StoppingClock(ImpatientClock):
    """Its worker stands still after the first look, which is the one before a claim, for so many seconds."""

    def __init__(self, seconds: float, meanwhile: Callable[[], object] = lambda: None) -> None:
        super().__init__()
        self._seconds, self._meanwhile, self._looks = seconds, meanwhile, 0

    def elapsed(self) -> float:
        self._looks += 1
        if self._looks == 2:
            self._meanwhile()
        return 0.0 if self._looks == 1 else self._seconds


def stopping(engine: Engine, billing: BillingOrdersProcess, clock: ImpatientClock, call: float = 0) -> Sender:
    return submitter(engine, billing, clock=clock, lease=LEASE, call=dt.timedelta(seconds=call)).sender


def time_passes(engine: Engine) -> None:
    """Leases run out, and attempts are an hour older than they were."""
    rows(engine, "UPDATE payout_order SET claimed_until = claimed_until - interval '1 hour'")
    rows(engine, "ALTER TABLE order_attempt DISABLE TRIGGER USER")
    rows(engine, "UPDATE order_attempt SET claimed_at = claimed_at - interval '1 hour', "
                 "recorded_at = recorded_at - interval '1 hour'")  # fmt: skip


def test_a_worker_that_wakes_after_its_lease_sends_nothing_and_the_order_is_asked_about_first(
    engine: Engine, billing: BillingOrdersProcess
) -> None:
    (payout,) = computed(engine)
    sender = stopping(engine, billing, StoppingClock(101.0))
    assert sender.bring_forward(payout.orders[0].order_id, Breaker(5)) is ClaimRefusal.LATE
    assert billing.books()["orders"] == []
    assert progress(engine)[0].payment_progress is PaymentProgress.IN_PROGRESS
    assert [each.payout_id for each in PostgresPayoutStore(engine).unfinished(10)] == [payout.payout_id]
    submitter(engine, billing).submit(progress(engine))
    asked = [each["purpose"] for each in rows(engine, "SELECT purpose FROM order_attempt ORDER BY fencing")]
    assert (asked, money_accepted(billing)) == (["pay", "ask", "pay"], payout.total)


def test_what_a_person_paid_by_hand_while_a_worker_stood_still_is_not_paid_again(
    engine: Engine, billing: BillingOrdersProcess, desk: Desk
) -> None:
    (payout,) = computed(engine)
    file = desk.paid("PP-1")

    def a_person_pays() -> None:
        time_passes(engine)
        desk.does("mark-created", file)

    stopping(engine, billing, StoppingClock(3600.0, a_person_pays)).bring_forward(payout.orders[0].order_id, Breaker(5))
    assert progress(engine)[0].orders[0].doc_id == "PP-1"
    assert billing.books()["orders"] == []


@pytest.mark.parametrize(("stood_still", "sent"), [(69.9, True), (70.1, False)])
def test_a_call_that_might_outlive_its_lease_is_not_begun(
    engine: Engine, billing: BillingOrdersProcess, stood_still: float, sent: bool
) -> None:
    (payout,) = computed(engine)
    stopping(engine, billing, StoppingClock(stood_still), call=30).bring_forward(payout.orders[0].order_id, Breaker(5))
    assert bool(billing.books()["orders"]) is sent


def test_a_lease_too_short_for_a_call_still_lets_orders_be_sent() -> None:
    policy = SubmitPolicy(lease=dt.timedelta(seconds=10), call=dt.timedelta(seconds=30))
    assert policy.time_to_send == 5.0


def test_elapsed_time_goes_on_and_is_not_the_clock_of_the_wall(monkeypatch: pytest.MonkeyPatch) -> None:
    first = SystemClock().elapsed()
    monkeypatch.setattr("time.time", lambda: 0.0)
    assert 0 < first <= SystemClock().elapsed() < first + 60
