"""Claim, take over, record: what each does to an order, its lines and its payout (SPEC section 7)."""

import datetime as dt

import pytest

from signalq_billing.domain.config import OrderPer
from signalq_billing.domain.order import Created, Misconfigured, NotFound, Outcome, Rejected, Unavailable, Unknown
from signalq_billing.domain.progress import Claim, ClaimRefusal, PaymentProgress
from signalq_billing.errors import IdempotencyConflict, UsageError
from tests.integration.postgres.factories import LEASE, World, payout

NO_TIME = dt.timedelta(0)
NOT_CREATED, IN_PROGRESS, CREATED = PaymentProgress


def stale(world: World, order_id: int) -> Claim:
    taken = world.payouts.claim_stale(order_id, "reconcile", LEASE)
    assert isinstance(taken, Claim), taken
    return taken


def stored_order(world: World) -> dict[str, object]:
    (row,) = world.rows("SELECT * FROM payout_order")
    return row


def test_a_claim_commits_in_progress_with_a_lease_by_the_databases_clock_and_freezes(world: World) -> None:
    world.store(payout(amounts={"cam-1": "1.00", "zero": "0.00"}))
    before = world.rows("SELECT clock_timestamp() AS now")[0]["now"]
    claim = world.claim(worker="worker-7", lease=dt.timedelta(seconds=100))
    after = world.rows("SELECT clock_timestamp() AS now")[0]["now"]
    assert before <= claim.claimed_until - dt.timedelta(seconds=100) <= after
    order = world.order()
    assert (order.payment_progress, order.attempts, order.claimed_until) == (IN_PROGRESS, 1, claim.claimed_until)
    assert world.rows("SELECT frozen_at FROM payout")[0]["frozen_at"] is not None
    assert world.line_progress() == {"cam-1": "in_progress", "zero": "not_created"}
    assert stored_order(world)["claimed_by"] == "worker-7"
    assert world.actions() == ["stored", "claimed"]


def test_a_claimed_order_is_not_claimed_again_even_when_its_lease_has_run_out(world: World) -> None:
    world.store(payout())
    claim = world.claim(lease=NO_TIME)
    assert world.payouts.claim(claim.order_id, "other", LEASE) is ClaimRefusal.IN_PROGRESS


def test_only_a_lease_that_has_run_out_is_taken_over_and_that_is_no_attempt(world: World) -> None:
    world.store(payout())
    order_id = world.order().order_id
    assert world.payouts.claim_stale(order_id, "other", LEASE) is ClaimRefusal.NOT_STALE
    live = world.claim(lease=LEASE)
    assert world.payouts.claim_stale(order_id, "other", LEASE) is ClaimRefusal.NOT_STALE
    world.rows("UPDATE payout_order SET claimed_until = clock_timestamp()")
    taken = stale(world, order_id)
    assert (taken.fencing, taken.body, taken.payload_hash) == (live.fencing + 1, live.body, live.payload_hash)
    assert (world.order().attempts, world.order().payment_progress) == (1, IN_PROGRESS)
    assert stored_order(world)["ambiguous"] is True
    assert world.payouts.claim_stale(order_id, "third", LEASE) is ClaimRefusal.NOT_STALE


def test_created_is_recorded_with_its_doc_id_and_stays(world: World) -> None:
    world.store(payout())
    claim = world.claim()
    assert world.payouts.record(claim, Created("doc-1"), "worker-1") is True
    order = world.order()
    assert (order.payment_progress, order.doc_id, order.last_error) == (CREATED, "doc-1", None)
    assert world.progress().settled
    assert set(world.line_progress().values()) == {"created"}
    assert world.payouts.claim(claim.order_id, "other", LEASE) is ClaimRefusal.CREATED
    assert world.payouts.claim_stale(claim.order_id, "other", LEASE) is ClaimRefusal.CREATED
    assert world.payouts.record(claim, Unknown("late"), "worker-1") is False
    assert world.order().payment_progress is CREATED
    assert world.actions() == ["stored", "claimed", "created", "fenced"]


def test_rejected_goes_back_and_is_held_with_the_reason(world: World) -> None:
    world.store(payout())
    claim = world.claim()
    assert world.payouts.record(claim, Rejected(422, "no such park"), "worker-1")
    order = world.order()
    assert (order.payment_progress, order.last_error) == (NOT_CREATED, "422: no such park")
    assert world.progress().hold_reason == "billing-orders rejected the order: 422: no such park"
    assert set(world.line_progress().values()) == {"not_created"}
    assert world.payouts.claim(claim.order_id, "other", LEASE) is ClaimRefusal.HELD
    assert world.payouts.unfinished(10) == []
    (held,) = world.rows("SELECT hold_payload_hash = digest AS same, hold_expires_at > held_at AS later FROM payout")
    assert held == {"same": True, "later": True}
    assert world.actions() == ["stored", "claimed", "rejected", "held"]


def test_misconfigured_goes_back_and_holds_nothing(world: World) -> None:
    world.store(payout())
    assert world.payouts.record(world.claim(), Misconfigured(401, "who are you"), "worker-1")
    assert (world.order().payment_progress, world.progress().hold_reason) == (NOT_CREATED, None)
    assert isinstance(world.claim(), Claim)


def test_unavailable_goes_back_and_waits_as_long_as_it_was_asked_to(world: World) -> None:
    world.store(payout())
    world.payouts.record(world.claim(), Unavailable("429", definite=True, retry_after=3600.0), "worker-1")
    assert world.order().payment_progress is NOT_CREATED
    assert world.payouts.unfinished(10) == []
    world.rows("UPDATE payout_order SET retry_at = retry_at - interval '1 hour'")
    assert [each.park_id for each in world.payouts.unfinished(10)] == ["park-1"]
    world.payouts.record(world.claim(), Unavailable("503", definite=False), "worker-1")
    assert [each.park_id for each in world.payouts.unfinished(10)] == ["park-1"]
    assert world.order().attempts == 2


@pytest.mark.parametrize("seconds", [-5.0, 1e18, float("inf")])
def test_an_absurd_retry_after_is_bounded(world: World, seconds: float) -> None:
    world.store(payout())
    world.payouts.record(world.claim(), Unavailable("429", definite=True, retry_after=seconds), "worker-1")
    (row,) = world.rows("SELECT retry_at - updated_at AS wait FROM payout_order")
    assert dt.timedelta(0) <= row["wait"] <= dt.timedelta(days=1)


def test_unknown_stays_in_progress_and_may_be_asked_about_at_once(world: World) -> None:
    world.store(payout())
    claim = world.claim()
    assert world.payouts.record(claim, Unknown("cut"), "worker-1")
    assert (world.order().payment_progress, world.order().last_error) == (IN_PROGRESS, "cut")
    assert set(world.line_progress().values()) == {"in_progress"}
    assert [each.park_id for each in world.payouts.unfinished(10)] == ["park-1"]
    taken = stale(world, claim.order_id)
    assert world.payouts.record(taken, NotFound(), "reconcile")
    assert (world.order().payment_progress, world.order().last_error) == (NOT_CREATED, "cut")
    assert world.claim().body == claim.body


AMBIGUITY: list[tuple[Outcome, bool]] = [
    (Misconfigured(403, ""), False),
    (Rejected(400, ""), False),
    (Unavailable("refused", definite=True), False),
    (Unavailable("502 after sending", definite=False), True),
    (Unknown("timeout"), True),
]


@pytest.mark.parametrize(("outcome", "ambiguous"), AMBIGUITY)
def test_whether_every_attempt_had_a_definite_answer_is_kept(world: World, outcome: Outcome, ambiguous: bool) -> None:
    world.store(payout())
    world.payouts.record(world.claim(), outcome, "worker-1")
    assert stored_order(world)["ambiguous"] is ambiguous
    (attempt,) = world.rows("SELECT * FROM order_attempt")
    assert (attempt["purpose"], attempt["fencing"], attempt["definite"]) == ("pay", 1, not ambiguous)


def test_ambiguity_is_never_forgotten(world: World) -> None:
    world.store(payout())
    claim = world.claim(lease=NO_TIME)
    world.payouts.record(stale(world, claim.order_id), NotFound(), "reconcile")
    world.payouts.record(world.claim(), Unavailable("refused", definite=True), "worker-1")
    assert stored_order(world)["ambiguous"] is True


EVERY_OUTCOME = [
    Created("late"),
    Rejected(422, "late"),
    Misconfigured(401, ""),
    Unavailable("", definite=True),
    Unknown(""),
    NotFound(),
]


@pytest.mark.parametrize("outcome", EVERY_OUTCOME)
def test_a_record_with_an_old_fencing_number_changes_nothing_but_is_told(
    world: World, outcome: Outcome | NotFound
) -> None:
    world.store(payout())
    old = world.claim(lease=NO_TIME)
    current = stale(world, old.order_id)
    before = world.rows("SELECT * FROM payout"), stored_order(world), world.line_progress()
    assert world.payouts.record(old, outcome, "worker-1") is False
    assert before == (world.rows("SELECT * FROM payout"), stored_order(world), world.line_progress())
    assert world.actions() == ["stored", "claimed", "taken_over", "fenced"]
    # What the late answer was is evidence all the same.
    assert world.rows("SELECT recorded_at IS NOT NULL AS told FROM order_attempt WHERE fencing = 1") == [{"told": True}]
    assert world.payouts.record(current, Created("doc-1"), "reconcile") is True


def test_a_record_after_its_lease_ran_out_counts_while_nobody_took_over(world: World) -> None:
    world.store(payout())
    assert world.payouts.record(world.claim(lease=NO_TIME), Created("doc-1"), "worker-1") is True


def test_orders_per_device_move_on_their_own_and_one_hold_stops_them_all(world: World) -> None:
    world.store(payout(amounts={"a": "1.00", "b": "2.00", "c": "3.00"}, order_per=OrderPer.DEVICE))
    ids = {each.device_id: each.order_id for each in world.progress().orders}
    world.payouts.record(world.claim(ids["a"]), Created("doc-a"), "worker-1")
    unknown = world.claim(ids["b"])
    world.payouts.record(unknown, Unknown("cut"), "worker-1")
    assert world.line_progress() == {"a": "created", "b": "in_progress", "c": "not_created"}
    assert world.progress().payment_progress is IN_PROGRESS
    world.payouts.hold(unknown.payout_id, "looks odd", "ann")
    assert world.payouts.claim(ids["c"], "worker-1", LEASE) is ClaimRefusal.HELD
    # What may be under way is asked about, held or not: that moves no money.
    assert [each.park_id for each in world.payouts.unfinished(10)] == ["park-1"]
    world.payouts.record(stale(world, ids["b"]), NotFound(), "reconcile")
    assert world.payouts.claim(ids["b"], "worker-1", LEASE) is ClaimRefusal.HELD
    assert world.payouts.unfinished(10) == []


def test_a_retired_payout_is_left_alone_but_money_that_moved_is_recorded(world: World) -> None:
    world.store(payout())
    claim = world.claim(lease=NO_TIME)
    world.rows("UPDATE payout SET retired_at = now()")
    assert world.payouts.claim(claim.order_id, "other", LEASE) is ClaimRefusal.RETIRED
    assert world.payouts.claim_stale(claim.order_id, "other", LEASE) is ClaimRefusal.RETIRED
    assert world.payouts.unfinished(10) == []
    assert world.payouts.record(claim, Created("doc-1"), "worker-1") is True


def test_an_order_that_is_not_there_is_refused(world: World) -> None:
    assert world.payouts.claim(404, "worker-1", LEASE) is ClaimRefusal.UNKNOWN_ORDER
    assert world.payouts.claim_stale(404, "worker-1", LEASE) is ClaimRefusal.UNKNOWN_ORDER


def test_a_payload_that_does_not_match_its_hash_is_never_handed_out(world: World) -> None:
    world.store(payout())
    world.rows("SET LOCAL session_replication_role = replica; UPDATE payout_order SET payload = payload || ' '")
    with pytest.raises(IdempotencyConflict, match="weekly_msk:2026-11-16:park-1:r1"):
        world.claim()
    assert world.order().payment_progress is NOT_CREATED


def test_a_hold_is_kept_and_told_once(world: World) -> None:
    world.store(payout())
    payout_id = world.progress().payout_id
    for _ in range(2):
        world.payouts.hold(payout_id, "over the cap", "guard")
    assert world.progress().hold_reason == "over the cap"
    world.payouts.hold(payout_id, "ann looks at it", "ann")
    assert world.progress().hold_reason == "ann looks at it"
    assert world.actions() == ["stored", "held", "held"]
    assert world.store(payout(amounts={"cam-1": "1.00"})) == ["replaced"]
    assert world.progress().hold_reason == "ann looks at it"


def test_what_is_created_cannot_be_held_any_more(world: World) -> None:
    world.store(payout())
    claim = world.claim()
    world.payouts.record(claim, Created("doc-1"), "worker-1")
    world.payouts.hold(claim.payout_id, "too late", "ann")
    assert world.progress().hold_reason is None
    with pytest.raises(UsageError, match="no payout 404"):
        world.payouts.hold(404, "?", "ann")


def test_unfinished_payouts_come_oldest_first_and_no_more_than_asked_for(world: World) -> None:
    from tests.integration.postgres.factories import WEEK, config
    from tests.integration.postgres.test_storing import RIGHT_AFTER

    newer = config("a", effective_from=RIGHT_AFTER.name, cadence=RIGHT_AFTER.cadence)
    world.store(payout("a", period=RIGHT_AFTER, of=newer))
    world.store(payout("b"), payout("c"))
    assert [(each.park_id, each.period_name) for each in world.payouts.unfinished(2)] == [
        ("b", WEEK.name),
        ("c", WEEK.name),
    ]
    world.claim(world.order("b").order_id)
    assert [each.park_id for each in world.payouts.unfinished(10)] == ["c", "a"]
