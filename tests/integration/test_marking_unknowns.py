"""Marking what a worker sends, may have sent, or is about to send: refused, or certain that nobody else pays it."""

import datetime as dt
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import Engine

from signalq_billing.adapters.billing_orders import connect
from signalq_billing.adapters.postgres.payout_store import PostgresPayoutStore
from signalq_billing.adapters.registers import read_register
from signalq_billing.devstack.billing_orders.process import BillingOrdersProcess
from signalq_billing.domain.marking import MarkedBy
from signalq_billing.domain.order import BillingOrder, NotFound, Unknown
from signalq_billing.domain.progress import Claim, PaymentProgress
from signalq_billing.errors import RegisterMismatch
from signalq_billing.services.mark_created import Marker
from signalq_billing.settings import settings
from tests.integration.payments import computed, money_accepted, progress, submitter
from tests.integration.registers import Desk, history_of, rows

CREATED, NOT_CREATED, IN_PROGRESS = PaymentProgress.CREATED, PaymentProgress.NOT_CREATED, PaymentProgress.IN_PROGRESS
ANN = MarkedBy("Ann", "by bank", "r.csv", "0" * 64, "cli")


def an_hour_passes(engine: Engine) -> None:
    """Every attempt is an hour older than it was."""
    rows(engine, "ALTER TABLE order_attempt DISABLE TRIGGER USER")
    rows(engine, "UPDATE order_attempt SET claimed_at = claimed_at - interval '1 hour', "
                 "recorded_at = recorded_at - interval '1 hour'")  # fmt: skip


def claimed(engine: Engine, park: int = 0, lease: dt.timedelta = dt.timedelta(hours=1)) -> Claim:
    """What a worker got that is about to send the order."""
    order = progress(engine)[park].orders[0]
    claim = PostgresPayoutStore(engine).claim(order.order_id, "worker", lease)
    assert isinstance(claim, Claim)
    return claim


def lost_answer(engine: Engine) -> Claim:
    """An attempt that nobody knows the outcome of."""
    claim = claimed(engine)
    PostgresPayoutStore(engine).record(claim, Unknown("timeout"), "worker")
    return claim


def test_an_order_that_is_being_sent_is_refused(engine: Engine, desk: Desk) -> None:
    computed(engine)
    file = desk.paid()
    claimed(engine)
    done = desk.types("mark-created", file)
    assert (done.code, "a worker is sending it at this moment" in done.err) == (3, True)


def test_an_order_whose_answer_was_lost_is_refused_when_billing_has_it(
    engine: Engine, billing: BillingOrdersProcess, desk: Desk
) -> None:
    computed(engine)
    file = desk.paid("PP-1")
    billing.faults.cut(when="after")
    submitter(engine, billing, tries=1).submit(progress(engine))
    an_hour_passes(engine)
    done = desk.types("mark-created", file)
    (held,) = billing.books()["orders"]
    assert done.code == 3
    assert f"billing-orders has it as {held['doc_id']} over 80.00 RUB" in done.err
    submitter(engine, billing).submit(progress(engine))
    assert progress(engine)[0].orders[0].doc_id == held["doc_id"]


def test_an_order_whose_answer_was_lost_just_now_may_still_arrive_and_is_refused(engine: Engine, desk: Desk) -> None:
    computed(engine)
    file = desk.paid()
    lost_answer(engine)
    done = desk.types("mark-created", file)
    assert (done.code, "may still arrive at billing-orders" in done.err) == (3, True)


def test_an_order_whose_answer_was_lost_long_ago_is_marked_when_billing_does_not_have_it(
    engine: Engine, desk: Desk
) -> None:
    computed(engine)
    file, claim = desk.paid("PP-1"), lost_answer(engine)
    an_hour_passes(engine)
    desk.does("mark-created", file)
    assert progress(engine)[0].orders[0].doc_id == "PP-1"
    assert rows(engine, "SELECT fencing FROM payout_order")[0]["fencing"] > claim.fencing
    assert PostgresPayoutStore(engine).record(claim, NotFound(), "worker") is False
    assert progress(engine)[0].orders[0].doc_id == "PP-1"
    assert history_of(engine, "fenced") != []


def test_a_worker_that_crashed_may_have_sent_it_so_billing_is_asked(
    engine: Engine, billing: BillingOrdersProcess, desk: Desk
) -> None:
    computed(engine)
    file, claim = desk.paid(), claimed(engine, lease=dt.timedelta(0))
    submitter(engine, billing).sender.billing.create(claim)
    an_hour_passes(engine)
    done = desk.types("mark-created", file)
    assert (done.code, "would be the second one" in done.err) == (3, True)


def test_an_order_that_may_have_been_sent_is_refused_while_billing_cannot_be_asked(
    engine: Engine, billing: BillingOrdersProcess, desk: Desk
) -> None:
    computed(engine)
    file = desk.paid()
    lost_answer(engine)
    an_hour_passes(engine)
    billing.faults.down()
    done = desk.types("mark-created", file)
    assert (done.code, "it may have been sent, and billing-orders could not be asked" in done.err) == (3, True)


def test_an_order_of_a_worker_that_crashed_is_refused_while_billing_cannot_be_asked(
    engine: Engine, billing: BillingOrdersProcess, desk: Desk
) -> None:
    computed(engine)
    file = desk.paid()
    claimed(engine, lease=dt.timedelta(0))
    an_hour_passes(engine)
    billing.stop()
    done = desk.types("mark-created", file)
    assert (done.code, "it may have been sent, and billing-orders could not be asked" in done.err) == (3, True)


def test_orders_that_were_never_sent_are_marked_while_billing_is_down(
    engine: Engine, billing: BillingOrdersProcess, desk: Desk
) -> None:
    computed(engine, ["park-1", "park-2"])
    file = desk.paid()
    billing.stop()
    done = desk.does("mark-created", file)
    assert "warning: billing-orders could not be asked" in done.err
    billing.restart()
    submitter(engine, billing).submit(progress(engine))
    assert money_accepted(billing) == 0


def test_an_order_we_know_nothing_of_is_refused_when_billing_has_it(
    engine: Engine, billing: BillingOrdersProcess, desk: Desk
) -> None:
    """As after a database came back from a backup."""
    computed(engine)
    file, claim = desk.paid(), claimed(engine, lease=dt.timedelta(0))
    submitter(engine, billing).sender.billing.create(claim)
    rows(engine, "ALTER TABLE payout_order DISABLE TRIGGER USER")
    rows(engine, "UPDATE payout_order SET payment_progress = 'not_created', claimed_until = NULL, fencing = 0")
    rows(engine, "ALTER TABLE order_attempt DISABLE TRIGGER USER")
    rows(engine, "DELETE FROM order_attempt")
    done = desk.types("mark-created", file)
    assert (done.code, "billing-orders has it as" in done.err) == (3, True)


def test_a_rejected_order_may_be_paid_by_hand_also_while_billing_is_down(
    engine: Engine, billing: BillingOrdersProcess, desk: Desk
) -> None:
    billing.faults.fail(422)
    submitter(engine, billing).submit(computed(engine))
    file = desk.paid()
    billing.stop()
    desk.does("mark-created", file)
    assert progress(engine)[0].settled


def test_a_retired_order_is_refused(engine: Engine, desk: Desk) -> None:
    computed(engine)
    file = desk.paid()
    rows(engine, "UPDATE payout SET retired_at = now()")
    done = desk.types("mark-created", file)
    assert (done.code, "its key is retired" in done.err) == (3, True)


class Meddling:
    """billing-orders, and something that happens at the very moment it is asked."""

    def __init__(self, engine: Engine, billing: BillingOrdersProcess, meddle: object) -> None:
        self._api, self._engine, self._meddle = connect(billing.base_url, billing.token, 5.0), engine, meddle

    def find(self, external_ref: str) -> object:
        found = self._api.find(external_ref)
        self._meddle(self._engine)  # type: ignore[operator]
        return found


def taken_back(engine: Engine) -> None:
    rows(engine, "DELETE FROM payout_order")


@pytest.mark.parametrize("meddle", [claimed, lost_answer, taken_back])
def test_what_changes_while_the_file_is_checked_is_not_marked(
    engine: Engine, billing: BillingOrdersProcess, desk: Desk, meddle: object
) -> None:
    computed(engine, ["park-1", "park-2"])
    file = read_register(desk.paid())
    asking = Meddling(engine, billing, meddle)
    alone = [row for row in file.rows if row.park_id == "park-1"]
    only_first = type(file)(file.name, file.sha256, tuple(alone), ())
    marker = Marker(PostgresPayoutStore(engine), asking, dt.timedelta(minutes=10))  # type: ignore[arg-type]
    with pytest.raises(RegisterMismatch, match="changed while the file was checked"):
        marker.mark(only_first, ANN)
    assert history_of(engine, "marked_created") == []


def test_racing_with_workers_every_order_is_paid_by_one_of_the_two(
    engine: Engine, billing: BillingOrdersProcess, desk: Desk
) -> None:
    parks = [f"park-{n}" for n in range(8)]
    payouts = computed(engine, parks)
    whole = read_register(desk.paid("PP-1"))
    api = connect(billing.base_url, billing.token, 5.0)
    marker = Marker(PostgresPayoutStore(engine), api, dt.timedelta(minutes=10))

    def mark(park_id: str) -> None:
        of_park = tuple(row for row in whole.rows if row.park_id == park_id)
        try:
            marker.mark(type(whole)(whole.name, whole.sha256, of_park, ()), ANN)
        except RegisterMismatch:
            assert isinstance(api.find(f"weekly_msk:2026-11-16:{park_id}:r1"), BillingOrder | NotFound)

    with ThreadPoolExecutor(4) as pool:
        sending = [pool.submit(submitter(engine, billing, worker=f"w{n}").submit, payouts) for n in range(2)]
        list(pool.map(mark, reversed(parks)))
        for each in sending:
            each.result()
    submitter(engine, billing).submit(progress(engine))
    by_hand = {each.park_id for each in progress(engine) if each.orders[0].doc_id == "PP-1"}
    by_billing = {each["park_id"] for each in billing.books()["orders"]}
    assert by_hand.isdisjoint(by_billing)
    assert by_hand | by_billing == set(parks)


def test_a_lost_call_may_still_arrive_within_two_leases_and_a_call(
    engine: Engine, desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    computed(engine)
    file = desk.paid()
    lost_answer(engine)
    an_hour_passes(engine)
    monkeypatch.setenv("SIGNALQ_BILLING_LEASE_SECONDS", "1798")
    settings.cache_clear()
    done = desk.types("mark-created", file)
    assert (done.code, "may still arrive at billing-orders" in done.err) == (3, True)
    monkeypatch.setenv("SIGNALQ_BILLING_LEASE_SECONDS", "1780")
    settings.cache_clear()
    desk.does("mark-created", file)
    assert progress(engine)[0].settled
