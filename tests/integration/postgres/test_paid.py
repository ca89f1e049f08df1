"""What has been paid, as changes of configs are held against it: periods a version would touch, sums per park."""

import datetime as dt
from decimal import Decimal

from signalq_billing.domain.paid import ConfigSpan, PaidSpan, StoredTotal
from signalq_billing.domain.period import UTC, Period
from signalq_billing.domain.progress import PaymentProgress
from tests.integration.postgres.factories import WEEK, World, config, payout

MOSCOW = "Europe/Moscow"
ID = 'park "é"\x00\\'


def week(first: int) -> Period:
    """The week that starts on that day of November 2026."""
    name = dt.date(2026, 11, first)
    return Period("weekly_msk", name, name + dt.timedelta(days=7), MOSCOW)


def claim_all(world: World) -> None:
    """Claim every order that nobody has claimed yet."""
    for each in world.payouts.payouts():
        for order in each.orders:
            if order.payment_progress is PaymentProgress.NOT_CREATED:
                world.claim(order.order_id)


def test_claimed_periods_are_counted_from_the_one_that_starts_as_the_version_does(world: World) -> None:
    world.store(*(payout(ID, period=week(first)) for first in (2, 9, 16)))
    claim_all(world)
    begins = week(9).start
    spans = [
        ConfigSpan(ID, begins, None),
        ConfigSpan(ID, begins + dt.timedelta(microseconds=1), None),
        ConfigSpan(ID, week(2).start, week(16).start),
        ConfigSpan(ID, week(16).end, None),
        ConfigSpan("nobody", dt.datetime(2000, 1, 1, tzinfo=UTC), None),
    ]
    assert world.configs.paid_within(spans) == [
        PaidSpan(spans[0], dt.date(2026, 11, 9), dt.date(2026, 11, 16), 2),
        PaidSpan(spans[1], dt.date(2026, 11, 16), dt.date(2026, 11, 16), 1),
        PaidSpan(spans[2], dt.date(2026, 11, 2), dt.date(2026, 11, 9), 2),
    ]
    assert world.configs.paid_within([]) == []


def test_a_payout_that_was_never_claimed_has_not_been_paid(world: World) -> None:
    world.store(payout("a"), payout("b", {"cam": "0.00"}))
    spans = [ConfigSpan(park, dt.datetime(2026, 1, 1, tzinfo=UTC), None) for park in ("a", "b")]
    assert world.configs.paid_within(spans) == []


def test_totals_are_sums_over_revisions_with_the_version_of_the_last(world: World) -> None:
    newer = config("a", effective_from=dt.date(2026, 11, 2))
    world.store(payout("a"), payout("b"))
    claim_all(world)
    world.store(payout("a", {"cam-1": "1.25"}, of=newer, revision=2))
    assert world.payouts.stored_totals(WEEK, []) == [
        StoredTotal("a", WEEK.cadence, WEEK.name, WEEK.start, WEEK.end, "RUB", Decimal("31.75"), dt.date(2026, 11, 2)),
        StoredTotal("b", WEEK.cadence, WEEK.name, WEEK.start, WEEK.end, "RUB", Decimal("30.50"), dt.date(2026, 1, 1)),
    ]


def test_a_retired_payout_pays_nothing_its_next_revision_does(world: World) -> None:
    world.store(payout("a"))
    claim_all(world)
    world.rows("UPDATE payout SET retired_at = now()")
    span = ConfigSpan("a", WEEK.start, None)
    assert world.configs.paid_within([span]) == []
    assert world.payouts.stored_totals(WEEK, ["a"]) == []
    world.store(payout("a", {"cam-1": "1.25"}, revision=2))
    claim_all(world)
    assert world.configs.paid_within([span]) == [PaidSpan(span, WEEK.name, WEEK.name, 1)]
    assert [total.total for total in world.payouts.stored_totals(WEEK, ["a"])] == [Decimal("1.25")]


def test_other_payouts_over_the_same_time_are_told_of_the_parks_asked_for(world: World) -> None:
    daily = [Period("daily", day, day + dt.timedelta(days=1), MOSCOW)
             for day in (dt.date(2026, 11, 15), dt.date(2026, 11, 16), dt.date(2026, 11, 23))]  # fmt: skip
    world.store(*(payout(park, period=day) for park in ("asked", "other") for day in daily), payout("weekly"))
    found = world.payouts.stored_totals(WEEK, ["asked"])
    assert [(total.park_id, total.cadence, total.period_name) for total in found] == [
        ("asked", "daily", dt.date(2026, 11, 16)),
        ("weekly", "weekly_msk", WEEK.name),
    ]


def test_superseded_versions_are_told_with_who_applied_and_who_superseded_them(world: World) -> None:
    for amount, actor in (("10.00", "ann"), ("11.00", "bob"), ("12.00", "eve")):
        world.configs.apply([config("a", unit_amount=amount), config("b")], actor)
    found = world.configs.superseded("a")
    assert [(each.version.config, each.version.applied_by, each.superseded_by) for each in found] == [
        (config("a", unit_amount="10.00"), "ann", "bob"),
        (config("a", unit_amount="11.00"), "bob", "eve"),
    ]
    assert all(each.version.applied_at <= each.superseded_at for each in found)
    assert world.configs.superseded("b") == []
