"""Guards on a real database and billing-orders: what is unlike a park's past is held, in words, and nobody else."""

import datetime as dt
from decimal import Decimal
from fractions import Fraction

import pytest
from sqlalchemy import Engine

from signalq_billing.adapters.no_metrics import NoMetrics
from signalq_billing.devstack.billing_orders.process import BillingOrdersProcess
from signalq_billing.domain.guards import DeviceJump, Guards, TotalDeviation
from signalq_billing.domain.progress import PayoutProgress
from signalq_billing.services.guards import fallen_to_zero
from tests.integration.payments import money_accepted, submitter
from tests.integration.postgres.factories import WEEK, World, config, payout
from tests.integration.postgres.test_past import pay, week

DEVIATION = Guards(total_deviation=TotalDeviation(Fraction(1, 2), min_periods=2))
JUMP = Guards(device_jump=DeviceJump(Fraction(1, 2), min_periods=2))
CHANGES = Guards(hold_config_changes=True)
DEARER = config("park-1", effective_from=WEEK.name, unit_amount="12.50")


@pytest.fixture
def world(engine: Engine) -> World:
    return World(engine)


def paid_before(world: World, *totals: str, park_id: str = "park-1") -> None:
    """The park's last periods, the latest first, one camera each."""
    world.store(*(payout(park_id, {"cam": total}, period=week(n)) for n, total in enumerate(totals, start=1)))
    pay(world)


def now(world: World, park_id: str = "park-1") -> PayoutProgress:
    """This period's first revision that stands."""
    return next(each for each in world.payouts.payouts(WEEK.cadence, WEEK.name, [park_id]) if not each.retired)


def submit(world: World, billing: BillingOrdersProcess, guards: Guards) -> None:
    submitter(world.engine, billing, guards=guards).submit(world.payouts.payouts(WEEK.cadence, WEEK.name))


def test_a_total_unlike_the_last_periods_is_held_and_no_other_park(world: World, billing: BillingOrdersProcess) -> None:
    for park in ("odd", "usual", "new"):
        paid_before(world, *(["100.00", "100.00"] if park != "new" else ["100.00"]), park_id=park)
    world.store(payout("odd", {"cam": "150.01"}), payout("usual", {"cam": "150.00"}), payout("new", {"cam": "9999.00"}))
    submit(world, billing, DEVIATION)
    assert [now(world, park).settled for park in ("odd", "usual", "new")] == [False, True, True]
    assert now(world, "odd").hold_reason == (
        "total 150.01 RUB is 50.01 above 100.00, the median of the 2 periods before: "
        "more than total_deviation 0.5 of guards.yaml allows"
    )
    assert money_accepted(billing) == Decimal("150.00") + Decimal("9999.00")


def test_what_a_person_released_passes_every_guard_of_the_past(world: World, billing: BillingOrdersProcess) -> None:
    paid_before(world, "100.00", "100.00")
    world.store(payout(amounts={"a": "500.00", "b": "500.00"}, of=DEARER))
    every = Guards(
        total_deviation=DEVIATION.total_deviation, device_jump=JUMP.device_jump, hold_config_changes=True,
        hold_first=True, park_max={"RUB": Decimal(1)}, run_max={"RUB": Decimal(1)},
    )  # fmt: skip
    submit(world, billing, every)
    assert money_accepted(billing) == 0
    world.payouts.release(now(world).payout_id, "Ann Lee", "checked")
    submit(world, billing, every)
    assert money_accepted(billing) == Decimal("1000.00")


def test_all_guards_tell_their_reasons_in_one_hold(world: World, billing: BillingOrdersProcess) -> None:
    paid_before(world, "100.00", "100.00")
    world.store(payout(amounts={"a": "500.00", "b": "500.00"}, of=DEARER))
    guards = Guards(
        total_deviation=DEVIATION.total_deviation, device_jump=JUMP.device_jump, hold_config_changes=True,
        park_max={"RUB": Decimal(999)},
    )  # fmt: skip
    submit(world, billing, guards)
    reason = now(world).hold_reason or ""
    assert reason.split("; ")[0] == "total 1000.00 RUB is above guards.yaml park_max 999"
    assert "total 1000.00 RUB is 900.00 above 100.00" in reason
    assert "2 paid devices are 1 more than 1, the median of the 2 periods before" in reason
    assert "version 2026-01-01 -> 2026-11-16 (charge.unit_amount; hold_config_changes of guards.yaml)" in reason
    assert world.actions()[-1] == "held"


def test_a_recompute_voids_the_approval_for_the_guards_of_the_past_too(
    world: World, billing: BillingOrdersProcess
) -> None:
    paid_before(world, "100.00", "100.00")
    world.store(payout(amounts={"cam": "500.00"}))
    submit(world, billing, DEVIATION)
    world.payouts.release(now(world).payout_id, "Ann Lee", "checked")
    world.store(payout(amounts={"cam": "600.00"}))
    submit(world, billing, DEVIATION)
    assert "total 600.00 RUB" in (now(world).hold_reason or "")
    assert money_accepted(billing) == 0


def test_a_config_change_is_held_once_and_its_successors_are_not(world: World, billing: BillingOrdersProcess) -> None:
    paid_before(world, "100.00")
    world.store(payout(of=DEARER), payout("new"))
    submit(world, billing, CHANGES)
    assert now(world).hold_reason == (
        "the config changed since weekly_msk 2026-11-09 was paid: version 2026-01-01 -> 2026-11-16 "
        "(charge.unit_amount; hold_config_changes of guards.yaml)"
    )
    assert now(world, "new").settled
    world.payouts.release(now(world).payout_id, "Ann Lee", "as agreed")
    submit(world, billing, CHANGES)
    world.store(payout(of=DEARER, period=week(-1)))
    after = world.payouts.payouts(WEEK.cadence, week(-1).name)
    assert submitter(world.engine, billing, guards=CHANGES).submit(after).created == 1


def test_a_park_that_moves_to_another_cadence_changed_its_config(world: World, billing: BillingOrdersProcess) -> None:
    daily = WEEK.__class__("daily", WEEK.name - dt.timedelta(days=1), WEEK.name, WEEK.timezone)
    world.store(payout(period=daily))
    pay(world)
    world.store(payout(of=config(effective_from=WEEK.name)))
    submit(world, billing, CHANGES)
    assert "version 2026-01-01 -> 2026-11-16 (cadence; hold_config_changes" in (now(world).hold_reason or "")


def test_the_first_payout_of_a_park_is_held_if_that_is_wanted(world: World, billing: BillingOrdersProcess) -> None:
    paid_before(world, "100.00", park_id="known")
    paid_before(world, "0.00", park_id="idle")
    world.store(payout("known"), payout("idle"), payout("new"))
    submit(world, billing, Guards(hold_first=True))
    assert now(world, "known").settled
    for park in ("idle", "new"):
        assert now(world, park).hold_reason == "it is the park's first payout (hold_first of guards.yaml)"


def test_guards_that_nobody_set_hold_nobody(world: World, billing: BillingOrdersProcess) -> None:
    paid_before(world, "1.00", "1.00", "1.00")
    world.store(payout(amounts={f"cam-{n}": "99999.00" for n in range(20)}, of=DEARER), payout("new"))
    submit(world, billing, Guards())
    assert now(world).settled
    assert now(world, "new").settled


@pytest.mark.parametrize(("cap", "held"), [("1050.00", False), ("1049.99", True)])
def test_an_adjustment_is_judged_by_caps_alone_and_with_what_the_period_paid_before(
    world: World, billing: BillingOrdersProcess, cap: str, held: bool
) -> None:
    paid_before(world, "1.00", "1.00")
    world.store(payout(amounts={"cam": "1000.00"}))
    pay(world)
    world.store(payout(amounts={"cam": "50.00"}, of=DEARER, revision=2))
    guards = Guards(
        total_deviation=DEVIATION.total_deviation, device_jump=JUMP.device_jump, hold_config_changes=True,
        hold_first=True, park_max={"RUB": Decimal(cap)}, run_max={"RUB": Decimal(cap)},
    )  # fmt: skip
    submit(world, billing, guards)
    (_, adjustment) = world.payouts.payouts(WEEK.cadence, WEEK.name)
    assert (adjustment.hold_reason is not None) == held
    if held:
        assert adjustment.hold_reason == (
            "with revision 2 the period pays 1050.00 RUB, above park_max 1049.99; "
            "the run pays 1050.00 RUB in total, above guards.yaml run_max 1049.99"
        )


def test_a_payout_formed_anew_after_a_rejection_is_no_adjustment(world: World, billing: BillingOrdersProcess) -> None:
    paid_before(world, "100.00", "100.00")
    world.store(payout(amounts={"cam": "100.00"}))
    world.rows("UPDATE payout SET retired_at = now() WHERE period_name = %s", WEEK.name)
    world.store(payout(amounts={"cam": "900.00"}, revision=2))
    guards = Guards(total_deviation=DEVIATION.total_deviation, run_max={"RUB": Decimal(950)})
    submit(world, billing, guards)
    assert (now(world).hold_reason or "").startswith("total 900.00 RUB is 800.00 above 100.00")
    assert "run_max" not in (now(world).hold_reason or "")


def test_a_payout_taken_back_while_it_is_judged_stops_nobody(world: World, billing: BillingOrdersProcess) -> None:
    world.store(payout("gone"), payout("stays"))
    payouts = world.payouts.payouts(WEEK.cadence, WEEK.name)
    world.payouts.void_missing(WEEK, ["stays"], "run-2")
    capped = Guards(park_max={"RUB": Decimal(1)})
    report = submitter(world.engine, billing, guards=capped).submit(payouts)
    assert (report.held, len(report.problems)) == (1, 2)
    assert now(world, "stays").hold_reason


def test_parks_that_fall_to_nothing_are_told_once(world: World, billing: BillingOrdersProcess) -> None:
    paid_before(world, "100.00", park_id="fallen")
    paid_before(world, "0.00", "100.00", park_id="idle")
    world.store(payout("fallen", {"cam": "0.00"}), payout("idle", {"cam": "0.00"}), payout("new", {"cam": "0.00"}))
    payouts = world.payouts.payouts(WEEK.cadence, WEEK.name)
    assert fallen_to_zero(payouts, world.payouts, NoMetrics()) == [
        "park fallen, weekly_msk 2026-11-16: pays nothing (no_activity), while 2026-11-09 paid 100.00 RUB for 1 "
        "devices: find out whether its cameras stopped or their rows are missing"
    ]
    assert submitter(world.engine, billing, guards=DEVIATION).submit(payouts).held == 0
