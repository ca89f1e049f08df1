"""What guards ask about a park's past, on a real database: which periods count, and which are left out."""

import datetime as dt
from decimal import Decimal

from signalq_billing.domain.order import Created
from signalq_billing.domain.payment_history import PastPeriod, PaymentHistory
from signalq_billing.domain.period import Period
from signalq_billing.domain.progress import PaymentProgress
from tests.integration.postgres.factories import WEEK, World, config, payout

MOSCOW = "Europe/Moscow"
ID = 'park "é"\x00\\'


def week(before: int) -> Period:
    """The week that begins so many weeks before WEEK."""
    name = WEEK.name - dt.timedelta(days=7 * before)
    return Period("weekly_msk", name, name + dt.timedelta(days=7), MOSCOW)


def pay(world: World) -> None:
    """Create every order that is stored."""
    for each in world.payouts.payouts():
        for order in each.orders:
            if order.payment_progress is PaymentProgress.NOT_CREATED and not each.retired:
                world.payouts.record(world.claim(order.order_id), Created(f"doc-{order.order_id}"), "worker-1")


def history(world: World, park_id: str = "park-1", period: Period = WEEK, periods: int = 3) -> PaymentHistory:
    stored = [each for each in world.payouts.payouts(period.cadence, period.name, [park_id]) if not each.retired]
    (found,) = world.payouts.payment_histories([each.payout_id for each in stored], periods)
    return found


def past(found: PaymentHistory) -> list[tuple[int, str]]:
    """(how many weeks before WEEK, total) of each past period."""
    return [((WEEK.name - each.period_name).days // 7, format(each.total, "f")) for each in found.past]


def test_the_latest_settled_periods_before_a_payout_are_told_latest_first(world: World) -> None:
    world.store(*(payout(ID, {"cam": f"{before}.00"}, period=week(before)) for before in (5, 4, 3, 2, 1)))
    pay(world)
    world.store(payout(ID), payout("other"))
    assert past(history(world, ID)) == [(1, "1.00"), (2, "2.00"), (3, "3.00")]
    assert past(history(world, ID, week(3), periods=9)) == [(4, "4.00"), (5, "5.00")]


def test_a_past_period_is_told_with_what_a_guard_compares(world: World) -> None:
    world.store(payout(amounts={"a": "1.00", "b": "2.00", "c": "0.00"}, period=week(1)))
    pay(world)
    world.store(payout(amounts={"a": "7.00"}))
    found = history(world)
    assert found.past == (
        PastPeriod("weekly_msk", week(1).name, "RUB", Decimal("3.00"), paid_devices=2, version_id=found.version_id),
    )
    assert (found.total, found.paid_devices, found.last_paid) == (Decimal("7.00"), 1, found.past[0])


def test_a_period_with_an_open_order_does_not_count_yet(world: World) -> None:
    world.store(payout("held", period=week(1)), payout("sent", period=week(1)))
    world.claim(world.order("sent").order_id)
    world.store(payout("held"), payout("sent"))
    assert (history(world, "held").past, history(world, "sent").past) == ((), ())
    assert (history(world, "held").last_paid, history(world, "sent").last_paid) == (None, None)


def test_a_period_that_paid_nothing_counts_and_was_not_paid(world: World) -> None:
    world.store(payout(amounts={"a": "5.00"}, period=week(2)), payout(amounts={"a": "0.00"}, period=week(1)))
    pay(world)
    world.store(payout())
    found = history(world)
    assert past(found) == [(1, "0.00"), (2, "5.00")]
    assert found.last_paid == found.past[1]


def test_a_period_is_the_sum_of_its_revisions_with_the_config_of_the_last(world: World) -> None:
    newer = config(effective_from=dt.date(2026, 11, 2))
    world.store(payout(amounts={"a": "1.00", "b": "2.00"}, period=week(1)))
    pay(world)
    world.store(payout(amounts={"b": "0.25"}, period=week(1), of=newer, revision=2))
    pay(world)
    world.store(payout(of=newer))
    (found,) = history(world).past
    assert (found.total, found.paid_devices) == (Decimal("3.25"), 2)
    assert world.payouts.config_versions([found.version_id]) == {found.version_id: newer}


def test_a_retired_revision_is_nothing_and_the_next_one_is_the_payout(world: World) -> None:
    world.store(payout(period=week(1), amounts={"a": "9.00"}))
    world.rows("UPDATE payout SET retired_at = now()")
    world.store(payout(period=week(1), amounts={"a": "4.00"}, revision=2))
    pay(world)
    world.store(payout())
    world.rows("UPDATE payout SET retired_at = now() WHERE period_name = %s", WEEK.name)
    world.store(payout(revision=2))
    found = history(world)
    assert (past(found), found.total) == ([(1, "4.00")], Decimal("30.50"))


def test_an_adjustment_is_a_difference_and_has_no_past(world: World) -> None:
    world.store(payout())
    pay(world)
    world.store(payout(amounts={"a": "1.00"}, revision=2))
    stored = world.payouts.payouts(WEEK.cadence, WEEK.name)
    assert [each.payout_id for each in world.payouts.payment_histories([each.payout_id for each in stored], 3)] == [
        stored[0].payout_id
    ]


def test_a_park_that_changed_its_cadence_was_paid_before_all_the_same(world: World) -> None:
    month = Period("monthly", dt.date(2026, 10, 1), dt.date(2026, 11, 1), MOSCOW)
    world.store(payout(period=month))
    pay(world)
    world.store(payout(of=config(effective_from=dt.date(2026, 11, 2))))
    found = history(world)
    assert (found.past, found.last_paid and found.last_paid.cadence) == ((), "monthly")


def test_what_was_paid_longer_ago_than_was_asked_for_is_found_too(world: World) -> None:
    world.store(payout(period=week(5)), *(payout(amounts={"a": "0.00"}, period=week(n)) for n in (4, 3, 2, 1)))
    pay(world)
    world.store(payout())
    found = history(world, periods=2)
    assert past(found) == [(1, "0.00"), (2, "0.00")]
    assert found.last_paid is not None
    assert found.last_paid.period_name == week(5).name


def test_totals_of_a_period_are_by_park_and_currency_over_what_stands(world: World) -> None:
    world.store(payout("a"), payout("b", {"x": "1.00"}), payout("c", {"x": "4.00"}), payout("a", period=week(1)))
    pay(world)
    world.rows("UPDATE payout SET retired_at = now() WHERE park_id = 'b'")
    world.store(payout("c", {"x": "0.50"}, revision=2))
    assert world.payouts.period_totals(WEEK.cadence, WEEK.name) == {
        ("a", "RUB"): Decimal("30.50"),
        ("c", "RUB"): Decimal("4.50"),
    }


def test_nothing_is_asked_about_nobody(world: World) -> None:
    assert world.payouts.payment_histories([], 3) == []
    assert world.payouts.payment_histories([404], 3) == []
    assert world.payouts.config_versions([]) == {}
    assert world.payouts.held() == []
