"""What an operator does on the page, on a real database: shown first in money, done once, told, and written down."""

import csv
import datetime as dt
import io
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import Engine

from signalq_billing.adapters.postgres.payout_store import PostgresPayoutStore
from signalq_billing.devstack.billing_orders.process import BillingOrdersProcess
from signalq_billing.domain.config import OrderPer
from signalq_billing.domain.order import Created
from signalq_billing.domain.progress import Claim
from tests.integration.payments import computed, progress, submitter
from tests.integration.registers import everything, history_of, rows
from tests.integration.test_holding import recomputed
from tests.integration.web.counter import CADENCE, PERIOD, Counter, fields, words

DAG = "signalq_payouts_weekly_msk"
LEASE = dt.timedelta(minutes=10)


@pytest.fixture
def counter(engine: Engine) -> Counter:
    return Counter(engine)


def test_a_hold_says_first_what_it_keeps_back_and_what_it_leaves(engine: Engine, counter: Counter) -> None:
    computed(engine, ["park-1", "park-2", "park-3"])
    counter.sits().does("hold", "park-3", why="first")
    shown = words(counter.sits().asks("hold").text)
    assert "2 payouts, 160.00 RUB: kept back: nothing is sent until somebody releases it park-1, park-2" in shown
    assert "1 payout, 80.00 RUB: held already: the reason stays as it is park-3" in shown
    assert "Nothing has been done yet" in shown


def test_looking_at_a_form_changes_nothing(engine: Engine, counter: Counter) -> None:
    computed(engine)
    before = everything(engine)
    for action in ("hold", "release", "resubmit", "dry_run", "download"):
        assert counter.sits().asks(action).status_code == 200
        assert counter.sits().selects(action, ["park-1"]).status_code == 200
    assert everything(engine) == before
    assert (counter.kept, counter.runs) == ([], {})


def test_a_hold_is_in_the_history_under_the_users_name_with_the_reason(engine: Engine, counter: Counter) -> None:
    computed(engine, ["park-1", "park-2"])
    told = counter.sits().does("hold", "park-1", why="asked by the park")
    assert "1 payout, 80.00 RUB: held: nothing is sent until somebody releases it park-1" in told
    (entry,) = history_of(engine, "held")
    assert (entry["actor"], entry["why"]) == ("ui ann", "asked by the park")
    assert {each.park_id: each.hold_reason for each in progress(engine)} == {
        "park-1": "asked by the park",
        "park-2": None,
    }
    (done,) = counter.kept
    assert (done.user, done.action, done.why) == ("ann", "hold", "asked by the park")


def test_a_release_lets_go_what_was_shown_with_note_and_name(
    engine: Engine, billing: BillingOrdersProcess, counter: Counter
) -> None:
    computed(engine, ["park-1", "park-2"])
    counter.sits().does("hold", why="asked by the park")
    shown = counter.sits().asks("release")
    assert "2 payouts, 160.00 RUB: let go: the next run or reconcile sends it" in words(shown.text)
    assert "asked by the park" in words(shown.text)
    assert "released: sent by the next run or reconcile" in counter.sits().sees(
        counter.sits().sends(shown, why="park agreed")
    )
    assert {(e["actor"], e["why"]) for e in history_of(engine, "released")} == {("ui ann", "park agreed")}
    assert submitter(engine, billing).submit(progress(engine)).created == 2


def test_what_was_computed_anew_since_it_was_shown_stays_held(engine: Engine, counter: Counter) -> None:
    computed(engine, ["park-1", "park-2"])
    counter.sits().does("hold", why="too much")
    shown = counter.sits().asks("release")
    recomputed(engine, days=7)
    told = counter.sits().sees(counter.sits().sends(shown, why="looked at it"))
    assert "1 payout, 70.00 RUB: computed anew since you looked: left as they are" in told
    assert "1 payout, 80.00 RUB: released" in told
    assert {each.park_id: each.hold_reason for each in progress(engine)} == {"park-1": "too much", "park-2": None}


def test_a_second_click_shows_what_the_first_one_did(engine: Engine, counter: Counter) -> None:
    computed(engine)
    shown = counter.sits().asks("hold")
    first = counter.sits().sends(shown, why="asked by the park")
    counter.sits().does("release", why="for somebody else, meanwhile")
    after = everything(engine)
    second = counter.sits().sends(shown, why="asked by the park")
    assert second.headers["location"] == first.headers["location"]
    assert counter.sits().sees(second) == counter.sits().sees(first)
    assert everything(engine) == after


def test_two_clicks_at_once_do_one_thing(engine: Engine, counter: Counter) -> None:
    computed(engine)
    counter.sits().does("hold", why="too much")
    shown, clerk = counter.sits().asks("release"), counter.sits()
    with ThreadPoolExecutor(4) as clicks:
        sent = list(clicks.map(lambda _: clerk.sends(shown, why="looked at it"), range(4)))
    assert len({each.headers["location"] for each in sent}) == 1
    assert "released: sent by the next run" in clerk.sees(sent[-1])
    assert len(history_of(engine, "released")) == 1
    assert len(counter.kept) == 2


def test_resubmitting_starts_one_run_of_reconcile_for_what_can_be_sent(engine: Engine, counter: Counter) -> None:
    computed(engine, ["park-1", "park-2", "park-3"])
    counter.sits().does("hold", "park-2", why="too much")
    shown = counter.sits().asks("resubmit")
    assert "2 payouts, 160.00 RUB: sent to billing-orders, under the same key as before" in words(shown.text)
    assert "1 payout, 80.00 RUB: held: release it first park-2" in words(shown.text)
    for _ in range(2):
        told = counter.sits().sees(counter.sits().sends(shown))
    ((run_id, (dag_id, conf, user, note)),) = counter.runs.items()
    assert dag_id == "signalq_reconcile"
    assert conf == {"cadence": CADENCE, "period": PERIOD, "parks": ["park-1", "park-3"]}
    assert (user, "by ann" in note) == ("ann", True)
    assert run_id in told


def test_an_order_on_its_way_is_left_to_the_run_that_sends_it(engine: Engine, counter: Counter) -> None:
    (payout,) = computed(engine)
    PostgresPayoutStore(engine).claim(payout.orders[0].order_id, "worker", LEASE)
    counter.now = dt.datetime.now(dt.UTC)
    assert "being sent by a run at this moment" in words(counter.sits().asks("resubmit").text)
    assert "There is nothing to resubmit here" in words(counter.sits().asks("resubmit").text)
    assert "an order is on its way already: it is not called back" in words(counter.sits().asks("hold").text)


def test_a_dry_run_is_started_once_and_stores_nothing(engine: Engine, counter: Counter) -> None:
    computed(engine, ["park-1", "park-2"])
    before = everything(engine)
    shown = counter.sits().asks("dry_run", "park-1")
    assert "No money moves" in words(shown.text)
    for _ in range(2):
        told = counter.sits().sees(counter.sits().sends(shown))
    ((run_id, (dag_id, conf, *_)),) = counter.runs.items()
    assert (dag_id, conf) == (DAG, {"period": PERIOD, "parks": ["park-1"], "dry_run": True})
    assert f"See the run {run_id}" in told
    assert everything(engine) == before


def test_a_dry_run_of_a_period_nobody_stored_needs_only_that_it_is_over(engine: Engine, counter: Counter) -> None:
    assert counter.sits().asks("dry_run", period="2026-11-09").status_code == 200
    running = counter.sits().asks("dry_run", period="2026-11-23")
    assert (running.status_code, "is not over" in words(running.text)) == (409, True)


@pytest.mark.parametrize("format_", ["csv", "xlsx"])
def test_a_register_is_downloaded_and_that_is_written_down(engine: Engine, counter: Counter, format_: str) -> None:
    computed(engine, ["park-1", "park-2"])
    before = everything(engine)
    sent = counter.sits().sends(counter.sits().asks("download", "park-1"), format=format_)
    assert sent.headers["content-disposition"].endswith(f"''payouts%20weekly_msk%202026-11-16.{format_}")
    if format_ == "csv":
        parks = {row["park_id"] for row in csv.DictReader(io.StringIO(sent.content.decode("utf-8-sig")))}
        assert parks - {""} == {"park-1"}
    (done,) = counter.kept
    assert (done.user, done.action, done.told[0].money) == ("ann", "download", "80.00 RUB")
    assert everything(engine) == before


def test_a_form_may_name_thousands_of_payouts(engine: Engine, counter: Counter) -> None:
    (payout,) = computed(engine)
    shown = counter.sits().selects("hold", ["park-1"] * 3000)
    assert "1 payout, 80.00 RUB: kept back" in words(shown.text)
    gone = [f"{payout.payout_id + number}:digest" for number in range(1, 3000)]
    filled = {**fields(shown.text), "payout": [*fields(shown.text)["payout"], *gone], "why": "all of them"}
    told = counter.sits().sees(counter.sits().client.post(f"/do?cadence={CADENCE}", data=filled))
    assert "1 payout, 80.00 RUB: held" in told
    assert "2,999 payouts: taken back by a run since you looked" in told


def test_orders_per_device_are_summed_by_what_is_still_to_be_sent(
    engine: Engine, billing: BillingOrdersProcess, counter: Counter
) -> None:
    payouts = computed(engine, ["park-1"], order_per=OrderPer.DEVICE)
    store = PostgresPayoutStore(engine)
    claim = store.claim(payouts[0].orders[0].order_id, "worker", LEASE)
    assert isinstance(claim, Claim)
    store.record(claim, Created("doc-1"), "worker")
    left = payouts[0].orders[1].amount
    assert f"1 payout, {left} RUB: kept back" in words(counter.sits().asks("hold").text)


@pytest.mark.parametrize("action", ["hold", "release"])
def test_without_a_reason_nothing_is_done(engine: Engine, counter: Counter, action: str) -> None:
    computed(engine)
    if action == "release":
        counter.sits().does("hold", why="x")
    before = everything(engine)
    sent = counter.sits().sends(counter.sits().asks(action), why="   ")
    assert (sent.status_code, "say why in words" in words(sent.text)) == (400, True)
    assert everything(engine) == before


def test_a_paused_dag_is_told_and_the_form_can_be_sent_again(engine: Engine, counter: Counter) -> None:
    computed(engine)
    counter.paused, shown = True, counter.sits().asks("resubmit")
    sent = counter.sits().sends(shown)
    assert (sent.status_code, "is paused" in words(sent.text)) == (409, True)
    counter.paused = False
    assert counter.sits().sends(shown).status_code == 303
    assert len(counter.runs) == 1


def test_payouts_taken_back_meanwhile_are_told(engine: Engine, counter: Counter) -> None:
    computed(engine, ["park-1", "park-2"])
    shown = counter.sits().asks("hold")
    rows(engine, "DELETE FROM payout_order WHERE payout_id IN (SELECT id FROM payout WHERE park_id = 'park-2')")
    rows(engine, "DELETE FROM payout_line WHERE payout_id IN (SELECT id FROM payout WHERE park_id = 'park-2')")
    rows(engine, "DELETE FROM payout WHERE park_id = 'park-2'")
    told = counter.sits().sees(counter.sits().sends(shown, why="x"))
    assert "1 payout: taken back by a run since you looked" in told


def test_a_form_names_its_payouts_with_the_digest_shown(engine: Engine, counter: Counter) -> None:
    (payout,) = computed(engine)
    assert fields(counter.sits().asks("hold").text)["payout"] == [f"{payout.payout_id}:{payout.digest}"]
