"""Real threads on the real server: of two who want the same, exactly one gets it."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from threading import Barrier
from typing import TypeVar

from signalq_billing.domain.config import OrderPer, ParkConfig
from signalq_billing.domain.order import Created
from signalq_billing.domain.progress import Claim, ClaimRefusal, PaymentProgress, StoreResult
from signalq_billing.errors import ConfigInvalid
from tests.integration.postgres.factories import LEASE, World, config, payout

Result = TypeVar("Result")


def at_once(*calls: Callable[[], Result]) -> list[Result]:
    """Run all calls, each in its thread, started together; returns their results in order."""
    barrier = Barrier(len(calls))

    def run(call: Callable[[], Result]) -> Result:
        barrier.wait()
        return call()

    with ThreadPoolExecutor(len(calls)) as pool:
        return list(pool.map(run, calls))


def test_one_order_is_claimed_by_exactly_one_of_many_workers(world: World) -> None:
    for n in range(5):
        world.store(payout(f"park-{n}"))
        order_id = world.order(f"park-{n}").order_id
        workers = [partial(world.payouts.claim, order_id, f"worker-{i}", LEASE) for i in range(6)]
        results = at_once(*workers)
        assert sum(isinstance(each, Claim) for each in results) == 1
        assert [each for each in results if not isinstance(each, Claim)] == [ClaimRefusal.IN_PROGRESS] * 5
        assert world.order(f"park-{n}").attempts == 1


def test_a_stale_order_is_taken_over_by_exactly_one(world: World) -> None:
    world.store(payout())
    claim = world.claim(lease=LEASE * 0)
    results = at_once(*(lambda i=i: world.payouts.claim_stale(claim.order_id, f"w-{i}", LEASE) for i in range(6)))
    assert sum(isinstance(each, Claim) for each in results) == 1


def test_a_late_record_and_a_take_over_never_both_count(world: World) -> None:
    for n in range(8):
        park_id = f"park-{n}"
        world.store(payout(park_id))
        claim = world.claim(world.order(park_id).order_id, lease=LEASE * 0)
        recorded, taken = at_once(
            lambda claim=claim: world.payouts.record(claim, Created("doc"), "late"),
            lambda claim=claim: world.payouts.claim_stale(claim.order_id, "reconcile", LEASE),
        )
        assert recorded is not isinstance(taken, Claim)
        progress = world.order(park_id).payment_progress
        assert progress is (PaymentProgress.CREATED if recorded else PaymentProgress.IN_PROGRESS)


def test_a_recompute_racing_a_claim_changes_nothing_that_was_claimed(world: World) -> None:
    results = set()
    for n in range(12):
        park_id = f"park-{n}"
        world.store(payout(park_id, {"cam-1": "1.00"}))
        order_id = world.order(park_id).order_id
        claimed, stored = at_once(
            lambda order_id=order_id: world.payouts.claim(order_id, "worker-1", LEASE),
            lambda park_id=park_id: world.store(payout(park_id, {"cam-1": "2.00"})),
        )
        results.add(stored[0])
        if isinstance(claimed, Claim):
            assert stored == [StoreResult.FROZEN]
            assert world.order(park_id).amount == claimed.amount
        else:
            assert (claimed, stored) == (ClaimRefusal.UNKNOWN_ORDER, [StoreResult.REPLACED])
    assert results <= {StoreResult.FROZEN, StoreResult.REPLACED}


def test_a_config_that_is_being_paid_with_is_not_changed_at_that_moment(world: World) -> None:
    for n in range(12):
        park_id = f"park-{n}"
        world.store(payout(park_id))
        order_id = world.order(park_id).order_id
        claimed, applied = at_once(
            partial(world.payouts.claim, order_id, "worker-1", LEASE),
            partial(apply_or_refuse, world, config(park_id, unit_amount="12.00")),
        )
        assert isinstance(claimed, Claim)
        if applied:
            (row,) = world.rows(
                "SELECT frozen_at > superseded_at AS after FROM payout JOIN config_version ON config_version.id ="
                " config_version_id WHERE payout.park_id = %s",
                park_id,
            )
            assert row["after"], "it was changed although it was paid with"


def apply_or_refuse(world: World, changed: ParkConfig) -> bool:
    try:
        return world.configs.apply([changed], "ann")["changed"] == 1
    except ConfigInvalid:
        return False


def test_the_same_run_twice_at_once_stores_each_payout_once(world: World) -> None:
    computed = [payout(f"park-{n}") for n in range(20)]
    world.configs.apply([each.config for each in computed], "ann")
    snapshot_id = world.snapshot_id
    runs = at_once(*(lambda: world.payouts.store(computed, snapshot_id, "run") for _ in range(3)))
    for of_park in zip(*runs, strict=True):
        assert sorted(each.result for each in of_park) == ["stored", "unchanged", "unchanged"]
    assert [row["n"] for row in world.rows("SELECT count(*) AS n FROM payout")] == [20]


def test_orders_of_one_park_are_settled_by_many_workers_at_once(world: World) -> None:
    world.store(payout(amounts={f"cam-{n}": "1.00" for n in range(12)}, order_per=OrderPer.DEVICE))

    def settle(order_id: int) -> bool:
        claim = world.claim(order_id)
        return world.payouts.record(claim, Created(f"doc-{order_id}"), "worker")

    calls = [lambda order_id=order.order_id: settle(order_id) for order in world.progress().orders]
    assert at_once(*calls) == [True] * 12
    assert world.progress().settled
    assert set(world.line_progress().values()) == {"created"}


def test_taking_back_and_claiming_never_leave_half_a_payout(world: World) -> None:
    for n in range(6):
        world.store(payout("park-1"))
        order_id = world.order("park-1").order_id
        gone, claimed = at_once(
            partial(world.payouts.void_missing, payout().period, [], f"run-{n}"),
            partial(world.payouts.claim, order_id, "worker", LEASE),
        )
        if isinstance(claimed, Claim):
            assert gone == []
            break
        assert (gone, world.payouts.payouts()) == (["park-1"], [])
