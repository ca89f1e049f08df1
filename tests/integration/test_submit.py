"""Submitting against a real PostgreSQL and the billing-orders protocol: whatever answers come, paid once."""

import datetime as dt
import json
import logging
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from decimal import Decimal
from pathlib import Path

import pytest
import requests
from sqlalchemy import Engine

from signalq_billing.adapters.postgres.engine import make_engine
from signalq_billing.adapters.postgres.payout_store import PostgresPayoutStore
from signalq_billing.devstack.billing_orders import process
from signalq_billing.devstack.billing_orders.process import BillingOrdersProcess
from signalq_billing.domain.config import OrderPer
from signalq_billing.domain.guards import Guards
from signalq_billing.domain.progress import Claim, PaymentProgress
from signalq_billing.errors import BillingMisconfigured, Held, StorageUnavailable
from signalq_billing.services.sending import Breaker
from tests.integration.payments import ImpatientClock, computed, money_accepted, progress, submitter

CREATED, NOT_CREATED, IN_PROGRESS = PaymentProgress.CREATED, PaymentProgress.NOT_CREATED, PaymentProgress.IN_PROGRESS


@pytest.fixture
def billing(tmp_path: Path) -> Iterator[BillingOrdersProcess]:
    running = process.start(tmp_path / "billing", "secret-token")
    yield running
    running.stop()


def test_an_order_per_park_is_created_with_the_parks_total(engine: Engine, billing: BillingOrdersProcess) -> None:
    report = submitter(engine, billing).submit(computed(engine))
    (payout,) = progress(engine)
    assert (report.created, report.pending) == (1, 0)
    assert payout.payment_progress is CREATED
    assert payout.orders[0].doc_id
    assert money_accepted(billing) == payout.total == Decimal("80.00")


def test_an_order_per_device_is_created_for_each_paid_device(engine: Engine, billing: BillingOrdersProcess) -> None:
    submitter(engine, billing).submit(computed(engine, order_per=OrderPer.DEVICE))
    assert [order["amount"] for order in billing.books()["orders"]] == ["30.00", "50.00"]


def test_submitting_again_sends_nothing(engine: Engine, billing: BillingOrdersProcess) -> None:
    payouts = computed(engine)
    submitter(engine, billing).submit(payouts)
    report = submitter(engine, billing).submit(payouts)
    assert (report.created, report.already_created) == (0, 1)
    assert billing.books()["orders"][0]["posts"] == 1


def test_a_cut_connection_after_the_commit_is_asked_about_and_not_paid_twice(
    engine: Engine, billing: BillingOrdersProcess
) -> None:
    billing.faults.cut(when="after")
    report = submitter(engine, billing).submit(computed(engine))
    assert (report.created, report.found) == (0, 1)
    assert progress(engine)[0].payment_progress is CREATED
    assert billing.books()["orders"][0]["posts"] == 1


def test_a_cut_connection_before_the_commit_is_asked_about_and_sent_again(
    engine: Engine, billing: BillingOrdersProcess
) -> None:
    billing.faults.cut(when="before")
    submitter(engine, billing).submit(computed(engine))
    (payout,) = progress(engine)
    assert (payout.payment_progress, payout.orders[0].attempts) == (CREATED, 2)
    assert money_accepted(billing) == Decimal("80.00")


@pytest.mark.parametrize(
    "kind", ["not_json", "empty", "not_object", "truncated", "other_ref", "other_amount", "no_doc_id"]
)
def test_an_answer_that_is_not_the_object_is_never_taken_for_success(
    engine: Engine, billing: BillingOrdersProcess, kind: str
) -> None:
    billing.faults.wrong_body(kind)
    payouts = computed(engine)
    submitter(engine, billing, tries=1).submit(payouts)
    assert progress(engine)[0].payment_progress is IN_PROGRESS
    submitter(engine, billing).submit(progress(engine))
    assert progress(engine)[0].payment_progress is CREATED
    assert money_accepted(billing) == Decimal("80.00")


def test_a_5xx_after_the_commit_is_sent_again_under_the_same_key(engine: Engine, billing: BillingOrdersProcess) -> None:
    billing.faults.fail(500, when="after")
    submitter(engine, billing).submit(computed(engine))
    assert progress(engine)[0].payment_progress is CREATED
    assert money_accepted(billing) == Decimal("80.00")


def test_retry_after_is_waited_for(engine: Engine, billing: BillingOrdersProcess) -> None:
    clock = ImpatientClock()
    billing.faults.fail(429, retry_after="7")
    submitter(engine, billing, clock=clock).submit(computed(engine))
    assert clock.slept == [7.0]
    assert progress(engine)[0].payment_progress is CREATED


def test_a_retry_after_beyond_patience_leaves_the_order_for_later(
    engine: Engine, billing: BillingOrdersProcess
) -> None:
    billing.faults.fail(429, retry_after="3600")
    report = submitter(engine, billing).submit(computed(engine))
    (order,) = progress(engine)[0].orders
    assert report.pending == 1
    assert order.payment_progress is NOT_CREATED
    assert order.retry_at is not None
    assert PostgresPayoutStore(engine).unfinished(10) == []


def test_a_rejected_order_holds_its_park_and_no_other(engine: Engine, billing: BillingOrdersProcess) -> None:
    billing.faults.fail(422, park_id="park-2", times=None)
    report = submitter(engine, billing).submit(computed(engine, ["park-1", "park-2", "park-3"]))
    by_park = {payout.park_id: payout for payout in progress(engine)}
    assert (report.created, report.held) == (2, 1)
    assert by_park["park-2"].hold_reason
    assert "422" in by_park["park-2"].hold_reason
    assert by_park["park-1"].payment_progress is by_park["park-3"].payment_progress is CREATED
    again = submitter(engine, billing).submit(progress(engine))
    assert (again.created, again.held) == (0, 1)


def test_wrong_credentials_stop_the_run_and_hold_nothing(engine: Engine, billing: BillingOrdersProcess) -> None:
    with pytest.raises(BillingMisconfigured, match="billing_orders"):
        submitter(engine, billing, token="wrong").submit(computed(engine, ["park-1", "park-2"]))
    assert {(payout.payment_progress, payout.hold_reason) for payout in progress(engine)} == {(NOT_CREATED, None)}
    submitter(engine, billing).submit(progress(engine))
    assert money_accepted(billing) == Decimal("160.00")


def test_when_billing_orders_stays_down_new_orders_are_not_even_started(
    engine: Engine, billing: BillingOrdersProcess
) -> None:
    payouts = computed(engine, [f"park-{n:02}" for n in range(20)])
    billing.stop()
    report = submitter(engine, billing, give_up_after=3, concurrency=1, tries=4).submit(payouts)
    attempts = sum(order.attempts for payout in progress(engine) for order in payout.orders)
    assert (report.created, report.pending, attempts) == (0, 20, 4)


def test_a_short_burst_of_refusals_is_waited_out(engine: Engine, billing: BillingOrdersProcess) -> None:
    billing.faults.fail(429, retry_after="1", times=11)
    report = submitter(engine, billing).submit(computed(engine, [f"park-{n:02}" for n in range(20)]))
    assert (report.created, report.pending) == (20, 0)


def test_one_parks_trouble_keeps_no_other_park_from_being_paid(engine: Engine, billing: BillingOrdersProcess) -> None:
    billing.faults.fail(503, park_id="park-0", times=None)
    payouts = computed(engine, [f"park-{n}" for n in range(10)], OrderPer.DEVICE)
    report = submitter(engine, billing, concurrency=2, give_up_after=2).submit(payouts)
    created = {payout.park_id for payout in progress(engine) if payout.payment_progress is CREATED}
    assert created == {f"park-{n}" for n in range(1, 10)}
    assert (report.created, report.pending) == (18, 2)


def test_a_claim_with_a_live_lease_is_left_alone(engine: Engine, billing: BillingOrdersProcess) -> None:
    payouts = computed(engine)
    store = PostgresPayoutStore(engine)
    claim = store.claim(payouts[0].orders[0].order_id, "somebody else", dt.timedelta(hours=1))
    assert isinstance(claim, Claim)
    report = submitter(engine, billing).submit(progress(engine))
    assert (report.created, report.pending) == (0, 1)
    assert billing.books()["orders"] == []


def test_a_claim_whose_lease_ran_out_is_asked_about_and_its_old_owner_is_fenced(
    engine: Engine, billing: BillingOrdersProcess
) -> None:
    payouts = computed(engine)
    store = PostgresPayoutStore(engine)
    old = store.claim(payouts[0].orders[0].order_id, "slow worker", dt.timedelta(0))
    assert isinstance(old, Claim)
    submitter(engine, billing).submit(progress(engine))
    late = submitter(engine, billing).sender.billing.create(old)
    assert store.record(old, late, "slow worker") is False
    assert progress(engine)[0].payment_progress is CREATED
    assert money_accepted(billing) == Decimal("80.00")


def test_an_order_that_billing_orders_holds_with_another_amount_is_held_and_never_called_created(
    engine: Engine, billing: BillingOrdersProcess
) -> None:
    payouts = computed(engine)
    ours = PostgresPayoutStore(engine).claim(payouts[0].orders[0].order_id, "lost", dt.timedelta(0))
    assert isinstance(ours, Claim)
    other = {**json.loads(ours.body), "amount": "30.00", "lines": [{"device_id": "cam-1", "amount": "30.00"}]}
    headers = {"Authorization": f"Bearer {billing.token}", "X-Idempotency-Token": ours.external_ref}
    posted = requests.post(f"{billing.base_url}/v1/orders", json=other, headers=headers, timeout=10)
    assert posted.status_code == 200
    report = submitter(engine, billing).submit(progress(engine))
    (payout,) = progress(engine)
    assert (report.created, report.held) == (0, 1)
    assert payout.payment_progress is NOT_CREATED
    assert "over 30.00 RUB, we meant 80.00 RUB" in (payout.hold_reason or "")
    assert money_accepted(billing) == Decimal("30.00")


def test_many_workers_on_the_same_parks_create_each_order_once(engine: Engine, billing: BillingOrdersProcess) -> None:
    payouts = computed(engine, [f"park-{n}" for n in range(6)])
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda n: submitter(engine, billing, worker=f"worker-{n}").submit(payouts), range(4)))
    assert {payout.payment_progress for payout in progress(engine)} == {CREATED}
    assert {order["posts"] for order in billing.books()["orders"]} == {1}


def test_the_kill_switch_stops_everything(engine: Engine, billing: BillingOrdersProcess) -> None:
    with pytest.raises(Held, match="kill_switch"):
        submitter(engine, billing, guards=Guards(kill_switch=True)).submit(computed(engine))
    assert billing.books()["orders"] == []


def test_a_payout_above_the_parks_cap_is_held(engine: Engine, billing: BillingOrdersProcess) -> None:
    guards = Guards(park_max={"RUB": Decimal("79.99")})
    report = submitter(engine, billing, guards=guards).submit(computed(engine))
    assert report.held == 1
    assert "park_max" in (progress(engine)[0].hold_reason or "")
    assert billing.books()["orders"] == []


def test_a_question_that_is_refused_for_one_order_stops_no_other(engine: Engine, billing: BillingOrdersProcess) -> None:
    payouts = computed(engine, ["park-1", "park-2", "park-3"])
    lost = PostgresPayoutStore(engine).claim(payouts[0].orders[0].order_id, "lost", dt.timedelta(0))
    assert isinstance(lost, Claim)
    billing.faults.fail(400, call="find", times=None)
    report = submitter(engine, billing, concurrency=1).submit(progress(engine))
    assert (report.created, report.pending) == (2, 1)
    assert [payout.payment_progress for payout in progress(engine)] == [IN_PROGRESS, CREATED, CREATED]


def test_a_store_that_goes_away_is_told_in_a_line_per_order_and_not_in_traces(
    engine: Engine, billing: BillingOrdersProcess, caplog: pytest.LogCaptureFixture
) -> None:
    (payout,) = computed(engine)
    nowhere = submitter(make_engine("postgresql+psycopg://nobody@127.0.0.1:1/nothing"), billing)
    with caplog.at_level(logging.INFO):
        assert isinstance(nowhere._safely(payout.orders[0], Breaker(5), 0, nullcontext()), StorageUnavailable)
    assert (len(caplog.records), "Traceback" in caplog.text) == (1, False)


def test_payouts_above_the_runs_cap_are_held(engine: Engine, billing: BillingOrdersProcess) -> None:
    guards = Guards(run_max={"RUB": Decimal("159.99")})
    payouts = computed(engine, ["park-1", "park-2"])
    report = submitter(engine, billing, guards=guards).submit(payouts[:1])
    assert report.held == 1
    assert billing.books()["orders"] == []


def test_the_token_is_in_no_error(engine: Engine, billing: BillingOrdersProcess) -> None:
    billing.faults.fail(400, times=None)
    report = submitter(engine, billing).submit(computed(engine))
    assert report.problems
    assert "secret-token" not in repr(report) + repr(progress(engine))
