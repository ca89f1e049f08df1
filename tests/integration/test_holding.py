"""Holding and releasing on a real database: what is held is not sent, what was released is, and only as it stood."""

import datetime as dt
import json
from decimal import Decimal

import pytest
from sqlalchemy import Engine

from signalq_billing.adapters.postgres.config_store import PostgresConfigStore
from signalq_billing.adapters.postgres.payout_store import PostgresPayoutStore
from signalq_billing.devstack.billing_orders.process import BillingOrdersProcess
from signalq_billing.domain.activity import ActivitySnapshot, BadRows
from signalq_billing.domain.compute import compute_payout
from signalq_billing.domain.config import OrderPer
from signalq_billing.domain.guards import Guards
from signalq_billing.errors import Held
from signalq_billing.services import holding
from tests.integration.payments import computed, money_accepted, progress, submitter
from tests.integration.registers import PERIOD, Desk, Row, everything, history_of, rows
from tests.unit.domain.builders import config, device, period

BY_ANN = ("--by", "Ann Lee", "--note", "looked at it")
CAPPED = Guards(park_max={"RUB": Decimal("79.99")})


def recomputed(engine: Engine, days: int) -> None:
    """park-1 as it is after late data: one camera of so many days."""
    store = PostgresPayoutStore(engine)
    PostgresConfigStore(engine).apply([config()], "test")
    snapshot = ActivitySnapshot(period(), "//result", period().end, 10, BadRows(), period().end)
    store.store(
        [compute_payout(config(), period(), [device(days=days)])], store.save_snapshot(snapshot, "test"), "test"
    )


def test_what_is_held_is_not_sent_until_somebody_releases_it(
    engine: Engine, billing: BillingOrdersProcess, desk: Desk
) -> None:
    computed(engine, ["park-1", "park-2"])
    done = desk.does("hold", *PERIOD, "--park", "park-1", "--reason", "asked by the park")
    assert "held: 1 payout, 80.00 RUB" in done.out
    assert "will be sent" not in done.out
    report = submitter(engine, billing).submit(progress(engine))
    assert (report.created, report.held) == (1, 1)
    done = desk.does("release", *PERIOD, *BY_ANN)
    assert "released: 1 payout, 80.00 RUB" in done.out
    assert "settled already: 1 payout, 80.00 RUB" in done.out
    assert "will be sent: 1 order, 80.00 RUB" in done.out
    submitter(engine, billing).submit(progress(engine))
    assert money_accepted(billing) == Decimal("160.00")


def test_a_release_is_in_the_history_with_who_and_why(engine: Engine, desk: Desk) -> None:
    computed(engine)
    desk.does("hold", *PERIOD, "--reason", "asked by the park")
    desk.does("release", *PERIOD, *BY_ANN)
    (entry,) = history_of(engine, "released")
    assert (entry["actor"], entry["why"]) == ("Ann Lee", "looked at it")
    assert entry["data"]["held_for"] == "asked by the park"
    (record,) = PostgresPayoutStore(engine).records("weekly_msk", period().name)
    assert (record.released_by, record.release_note, record.progress.hold_reason) == ("Ann Lee", "looked at it", None)


def test_a_hold_of_a_guard_keeps_its_reason(engine: Engine, billing: BillingOrdersProcess, desk: Desk) -> None:
    submitter(engine, billing, guards=CAPPED).submit(computed(engine))
    done = desk.does("hold", *PERIOD, "--reason", "asked by the park", "--json")
    (told,) = json.loads(done.out)["payouts"]
    assert (told["result"], told["total"], "park_max" in told["reason"]) == ("held_before", "80.00", True)
    assert "park_max" in (progress(engine)[0].hold_reason or "")


def test_what_a_person_released_is_not_held_for_its_size_again(
    engine: Engine, billing: BillingOrdersProcess, desk: Desk
) -> None:
    submitter(engine, billing, guards=CAPPED).submit(computed(engine))
    desk.does("release", *PERIOD, *BY_ANN)
    assert progress(engine)[0].approved
    report = submitter(engine, billing, guards=CAPPED).submit(progress(engine))
    assert (report.created, report.held) == (1, 0)


def test_a_recompute_voids_the_approval(engine: Engine, billing: BillingOrdersProcess, desk: Desk) -> None:
    submitter(engine, billing, guards=CAPPED).submit(computed(engine))
    desk.does("release", *PERIOD, *BY_ANN)
    recomputed(engine, days=7)
    tight = Guards(park_max={"RUB": Decimal("69.99")})
    report = submitter(engine, billing, guards=tight).submit(progress(engine))
    assert (report.created, report.held) == (0, 1)
    assert "total 70.00 RUB is above" in (progress(engine)[0].hold_reason or "")


def test_a_recompute_to_the_same_keeps_the_approval(engine: Engine, billing: BillingOrdersProcess, desk: Desk) -> None:
    submitter(engine, billing, guards=CAPPED).submit(computed(engine))
    desk.does("release", *PERIOD, *BY_ANN)
    computed(engine)
    assert submitter(engine, billing, guards=CAPPED).submit(progress(engine)).created == 1


def test_a_new_hold_ends_an_approval(engine: Engine, desk: Desk) -> None:
    computed(engine)
    desk.does("hold", *PERIOD, "--reason", "one")
    desk.does("release", *PERIOD, *BY_ANN)
    desk.does("hold", *PERIOD, "--reason", "two")
    (payout,) = progress(engine)
    assert (payout.approved, payout.hold_reason) == (False, "two")


def test_the_kill_switch_stops_what_was_released_too(engine: Engine, billing: BillingOrdersProcess, desk: Desk) -> None:
    computed(engine)
    desk.does("hold", *PERIOD, "--reason", "asked by the park")
    desk.does("release", *PERIOD, *BY_ANN)
    with pytest.raises(Held, match="kill_switch"):
        submitter(engine, billing, guards=Guards(kill_switch=True)).submit(progress(engine))


def test_holding_and_releasing_again_change_nothing(engine: Engine, desk: Desk) -> None:
    computed(engine)
    desk.does("hold", *PERIOD, "--reason", "one")
    held = everything(engine)
    assert "held before: 1 payout" in desk.does("hold", *PERIOD, "--reason", "two").out
    assert everything(engine) == held
    desk.does("release", *PERIOD, *BY_ANN)
    released = everything(engine)
    assert "not held: 1 payout" in desk.does("release", *PERIOD, *BY_ANN).out
    assert everything(engine) == released


def test_a_digest_releases_what_it_was_shown_for_and_nothing_else(engine: Engine, desk: Desk) -> None:
    shown = computed(engine)[0].digest
    desk.does("hold", *PERIOD, "--reason", "too much")
    recomputed(engine, days=7)
    done = desk.types("release", *PERIOD, *BY_ANN, "--digest", shown[:8])
    assert (done.code, "changed: 1 payout, 70.00 RUB" in done.out) == (3, True)
    (payout,) = progress(engine)
    assert payout.hold is not None
    assert payout.hold.outdated
    assert "released: 1 payout" in desk.does("release", *PERIOD, *BY_ANN, "--digest", payout.digest[:8]).out


@pytest.mark.parametrize(
    ("digest", "said"), [("abc", "write at least 8 characters"), ("0" * 64, "2 payouts are held, name the --park")]
)
def test_a_digest_stands_for_one_payout(engine: Engine, desk: Desk, digest: str, said: str) -> None:
    computed(engine, ["park-1", "park-2"])
    desk.does("hold", *PERIOD, "--reason", "too much")
    parks = ["--park", "park-1"] if digest == "abc" else []
    done = desk.types("release", *PERIOD, *parks, *BY_ANN, "--digest", digest)
    assert (done.code, said in done.err) == (2, True)


def test_what_changes_while_it_is_released_stays_held(engine: Engine, desk: Desk) -> None:
    computed(engine)
    desk.does("hold", *PERIOD, "--reason", "too much")
    seen = progress(engine)
    recomputed(engine, days=7)
    store = PostgresPayoutStore(engine)
    (outcome,) = holding.release(store, seen, "Ann Lee", "looked at it")
    assert outcome.result is holding.HoldResult.CHANGED
    assert progress(engine)[0].hold_reason == "too much"


def test_a_hold_that_nobody_looks_at_alerts_until_it_is_released(engine: Engine, desk: Desk) -> None:
    computed(engine, ["park-1", "park-2"])
    desk.does("hold", *PERIOD, "--reason", "asked by the park")
    rows(engine, "UPDATE payout SET hold_expires_at = now() - interval '1 second' WHERE park_id = 'park-2'")
    store, now = PostgresPayoutStore(engine), dt.datetime.now(dt.UTC)
    (told,) = holding.expired_holds(store, now)
    assert told.startswith("park park-2, weekly_msk 2026-11-16: 80.00 RUB held, expired since ")
    assert told.endswith(": asked by the park; look at it, then `release` it or correct what it is held for")
    desk.does("release", *PERIOD, *BY_ANN)
    assert holding.expired_holds(store, now) == []


def test_what_was_held_and_paid_is_on_hold_no_more(engine: Engine, billing: BillingOrdersProcess) -> None:
    submitter(engine, billing).submit(computed(engine))
    rows(engine, "UPDATE payout SET hold_reason = 'x', held_at = now(), hold_expires_at = now()")
    assert PostgresPayoutStore(engine).held() == []


def test_what_is_paid_has_nothing_to_hold(engine: Engine, billing: BillingOrdersProcess, desk: Desk) -> None:
    submitter(engine, billing).submit(computed(engine))
    before = everything(engine)
    assert "nothing to hold: all is created" in desk.does("hold", *PERIOD, "--reason", "too late").out
    assert everything(engine) == before


def test_what_pays_nothing_has_nothing_to_hold(engine: Engine, desk: Desk) -> None:
    recomputed(engine, days=0)
    assert "nothing to hold: it pays nothing" in desk.does("hold", *PERIOD, "--reason", "why not").out


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("hold", *PERIOD, "--park", "park-11", "--reason", "x"), "of park 'park-11': did you mean 'park-1'?"),
        (("hold", *PERIOD, "--reason", "  "), "--reason is empty"),
        (("release", *PERIOD, "--by", "Ann", "--note", ""), "--note is empty"),
        (("release", *PERIOD, "--by", " ", "--note", "x"), "--by is empty"),
        (("hold", "-c", "weekly_msk", "-p", "2026-11-09", "--reason", "x"), "weekly_msk has 2026-11-16"),
        (("hold", "-c", "weekly_mks", "-p", "2026-11-16", "--reason", "x"), "did you mean 'weekly_msk'?"),
        (("hold", "-c", "weekly_msk", "-p", "16.11.2026", "--reason", "x"), "is not a date written YYYY-MM-DD"),
    ],
)
def test_what_there_is_not_is_bad_usage_that_says_what_there_is(
    engine: Engine, desk: Desk, words: tuple[str, ...], said: str
) -> None:
    computed(engine)
    before = everything(engine)
    done = desk.types(*words)
    assert (done.code, said in done.err) == (2, True)
    assert everything(engine) == before


def test_a_release_tells_what_is_settled_apart_and_what_will_be_sent(
    engine: Engine, billing: BillingOrdersProcess, desk: Desk
) -> None:
    computed(engine, ["park-1", "park-2", "park-3"], order_per=OrderPer.DEVICE)
    desk.does("hold", *PERIOD, "--reason", "paid by hand")

    def pay(row: Row) -> None:
        if row["park_id"] == "park-1" or (row["park_id"], row["device_id"]) == ("park-2", "cam-1"):
            row["doc_id"] = "PP-1" if row["row"] == "line" else ""

    desk.does("mark-created", desk.filled(pay))
    done = desk.does("release", *PERIOD, *BY_ANN)
    assert done.out.splitlines()[-3:] == [
        "released: 2 payouts, 160.00 RUB",
        "settled already: 1 payout, 80.00 RUB",
        "will be sent: 3 orders, 130.00 RUB",
    ]
    assert {each.hold_reason for each in progress(engine)} == {None}
    submitter(engine, billing).submit(progress(engine))
    assert money_accepted(billing) == Decimal("130.00")


def test_programs_get_what_a_release_lets_be_sent(engine: Engine, desk: Desk) -> None:
    computed(engine, ["park-1", "park-2"])
    desk.does("hold", *PERIOD, "--reason", "paid by hand")
    desk.does("mark-created", desk.paid(park_id="park-1"))
    told = json.loads(desk.does("release", *PERIOD, *BY_ANN, "--json").out)["payouts"]
    assert [(each["result"], each["total"], each["to_send"]) for each in told] == [
        ("settled_already", "80.00", "0.00"),
        ("released", "80.00", "80.00"),
    ]
