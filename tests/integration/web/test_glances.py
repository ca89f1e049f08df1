"""What the page reads at a glance, from a real PostgreSQL."""

import datetime as dt
from decimal import Decimal

import pytest
from sqlalchemy import Engine

from signalq_billing.adapters.postgres.payout_pages import PostgresPayoutPages
from signalq_billing.adapters.postgres.payout_store import PostgresPayoutStore
from signalq_billing.domain.glance import ParkOrder, ParkSearch, PayoutState
from tests.integration.web import fleet
from tests.unit.domain.builders import period

STATES = {
    "park-created": fleet.CREATED,
    "park-held": fleet.HELD,
    "park-rejected": fleet.REJECTED,
    "park-unknown": fleet.UNKNOWN,
    "park-failed": fleet.FAILED,
    "park-waiting": fleet.NOT_CREATED,
    "park-sending": fleet.IN_PROGRESS,
    "park-zero": fleet.ZERO,
}
# Parks that were paid for seven days, and for how many of them they were paid anew later, once or twice.
REVISED = {"park-less": [3], "park-nothing": [0], "park-less-again": [5, 4], "park-more-again": [3, 6]}
HOUR = dt.timedelta(hours=1)
CADENCE, NAME = period().cadence, period().name


@pytest.fixture
def pages(engine: Engine) -> PostgresPayoutPages:
    fleet.parks(engine, STATES)
    return PostgresPayoutPages(engine)


def test_every_park_is_in_the_state_that_says_what_to_do(pages: PostgresPayoutPages) -> None:
    found = {row.park_id: row.state for row in pages.parks(CADENCE, NAME, ParkSearch()).rows}
    expected = {
        "park-created": PayoutState.CREATED,
        "park-held": PayoutState.HELD,
        "park-rejected": PayoutState.HELD,
        "park-unknown": PayoutState.UNKNOWN,
        "park-failed": PayoutState.FAILED,
        "park-waiting": PayoutState.NOT_CREATED,
        "park-sending": PayoutState.IN_PROGRESS,
        "park-zero": PayoutState.ZERO,
    }
    assert found == expected


def test_sums_by_state_add_up_to_what_the_period_pays(engine: Engine, pages: PostgresPayoutPages) -> None:
    sums = pages.period_sums(CADENCE, NAME)
    stored = PostgresPayoutStore(engine).payouts(CADENCE, NAME)
    assert sum((each.total for each in sums), Decimal(0)) == sum((each.total for each in stored), Decimal(0)) > 0
    assert sum(each.parks for each in sums) == len(STATES)
    (glance,) = pages.periods(12)
    assert (glance.cadence, glance.name, list(glance.sums)) == (CADENCE, NAME, sums)


def test_sums_count_a_park_once_however_many_payouts_it_has(engine: Engine) -> None:
    fleet.parks(engine, dict.fromkeys(REVISED, fleet.CREATED) | {"park-never": fleet.CREATED, "park-held": fleet.HELD})
    for park, days in REVISED.items():
        for each in days:
            fleet.adjust(engine, park, each)
    fleet.parks(engine, {"park-less": fleet.CREATED, "park-never": fleet.CREATED}, fleet.weeks(period(), 2)[0])
    pages = PostgresPayoutPages(engine)
    rolled_up = pages.parks(CADENCE, NAME, ParkSearch()).rows
    revisions = {row.park_id: row.revision for row in rolled_up if row.revision > 1}
    assert revisions == {park: 1 + len(days) for park, days in REVISED.items()}
    expected: dict[PayoutState, tuple[int, Decimal]] = {}
    for row in rolled_up:
        parks, total = expected.get(row.state, (0, Decimal(0)))
        expected[row.state] = (parks + 1, total + row.total)
    sums = pages.period_sums(CADENCE, NAME)
    assert {each.state: (each.parks, each.total) for each in sums} == expected
    latest, before = pages.periods(12)
    assert (list(latest.sums), latest.parks, before.parks) == (sums, len(REVISED) + 2, 2)


def test_of_many_periods_the_newest_of_every_cadence_are_told(engine: Engine) -> None:
    for week in fleet.weeks(period(), 4):
        fleet.parks(engine, {"park-1": fleet.CREATED, "park-2": fleet.HELD}, week)
    found = PostgresPayoutPages(engine).periods(3)
    assert [each.name for each in found] == [NAME - dt.timedelta(weeks=back) for back in range(3)]
    assert all(each.parks == 2 for each in found)


@pytest.mark.parametrize("order", list(ParkOrder))
@pytest.mark.parametrize("descending", [False, True])
def test_pages_in_any_order_show_every_park_once(
    pages: PostgresPayoutPages, order: ParkOrder, descending: bool
) -> None:
    found = []
    for offset in range(0, len(STATES), 3):
        page = pages.parks(CADENCE, NAME, ParkSearch(order=order, descending=descending, offset=offset, limit=3))
        assert page.found == len(STATES)
        found += [row.park_id for row in page.rows]
    assert sorted(found) == sorted(STATES)


def test_parks_are_sorted_by_what_is_asked_for(pages: PostgresPayoutPages) -> None:
    totals = [row.total for row in pages.parks(CADENCE, NAME, ParkSearch(order=ParkOrder.TOTAL, descending=True)).rows]
    assert totals == sorted(totals, reverse=True)
    ids = [row.park_id for row in pages.parks(CADENCE, NAME, ParkSearch(order=ParkOrder.PARK)).rows]
    assert ids == sorted(STATES)


def test_parks_are_found_by_state_and_by_any_part_of_their_id(pages: PostgresPayoutPages) -> None:
    held = pages.parks(CADENCE, NAME, ParkSearch(state=PayoutState.HELD))
    assert {row.park_id for row in held.rows} == {"park-held", "park-rejected"}
    named = pages.parks(CADENCE, NAME, ParkSearch(text="RK-UNK"))
    assert [row.park_id for row in named.rows] == ["park-unknown"]


@pytest.mark.parametrize("odd", ["100%", "a_b", "back\\slash", "nul\x00byte", "quote'\"", "ПАРК"])
def test_a_search_takes_its_text_as_it_is(engine: Engine, odd: str) -> None:
    fleet.parks(engine, {f"park {odd}": fleet.CREATED, "park other": fleet.CREATED})
    found = PostgresPayoutPages(engine).parks(CADENCE, NAME, ParkSearch(text=odd))
    assert [row.park_id for row in found.rows] == [f"park {odd}"]


def test_a_page_beyond_the_last_still_says_how_many_there_are(pages: PostgresPayoutPages) -> None:
    page = pages.parks(CADENCE, NAME, ParkSearch(offset=1000))
    assert (list(page.rows), page.found) == ([], len(STATES))


def test_what_waits_for_somebody_is_found_in_any_period(engine: Engine) -> None:
    for week in fleet.weeks(period(), 2):
        fleet.parks(engine, STATES, week)
    pages = PostgresPayoutPages(engine)
    held = pages.waiting(PayoutState.HELD, HOUR, 0, 10)
    assert held.found == 4
    assert {row.period_name for row in held.rows} == {NAME, NAME - dt.timedelta(weeks=1)}
    assert pages.waiting(PayoutState.UNKNOWN, HOUR, 0, 10).found == 2
    assert pages.waiting(PayoutState.FAILED, HOUR, 0, 1).found == 2


@pytest.mark.parametrize(("idle", "limit"), [(HOUR, 1), (HOUR, 3), (dt.timedelta(0), 10)])
def test_the_heads_of_all_that_waits_are_those_of_each_state(engine: Engine, idle: dt.timedelta, limit: int) -> None:
    for week in fleet.weeks(period(), 2):
        fleet.parks(engine, STATES, week)
    pages = PostgresPayoutPages(engine)
    heads = pages.waiting_heads(idle, limit)
    assert list(heads) == list(dict.fromkeys(each.state for each in pages.waiting_sums(idle)))
    for state, head in heads.items():
        alone = pages.waiting(state, idle, 0, limit)
        assert (list(head.rows), head.found) == (list(alone.rows), alone.found)


def test_the_merely_unfinished_wait_only_once_they_are_idle(pages: PostgresPayoutPages) -> None:
    assert pages.waiting(PayoutState.NOT_CREATED, HOUR, 0, 10).found == 0
    now = pages.waiting(PayoutState.NOT_CREATED, dt.timedelta(0), 0, 10)
    assert [row.park_id for row in now.rows] == ["park-waiting"]
    assert {each.state for each in pages.waiting_sums(HOUR)} == {
        PayoutState.HELD,
        PayoutState.UNKNOWN,
        PayoutState.FAILED,
    }


def test_a_trend_tells_the_periods_up_to_the_one_asked_for(engine: Engine) -> None:
    weeks = fleet.weeks(period(), 5)
    for week in weeks:
        fleet.parks(engine, {"park-1": fleet.CREATED}, week)
    found = PostgresPayoutPages(engine).trend(CADENCE, "park-1", weeks[3].name, 3)
    assert [each.period_name for each in found] == [week.name for week in weeks[1:4]]
    assert {each.state for each in found} == {PayoutState.CREATED}


def test_history_comes_newest_first_with_the_order_it_is_about(engine: Engine) -> None:
    (payout,) = fleet.parks(engine, {"park-1": fleet.CREATED})
    told = PostgresPayoutPages(engine).history([payout.payout_id], 0, 10)
    assert [each.action for each in told] == ["created", "claimed", "stored"]
    assert told[0].external_ref == payout.orders[0].external_ref
    assert told[-1].actor == "airflow compute"
    assert PostgresPayoutPages(engine).history([payout.payout_id], 1, 1) == told[1:2]


def test_neighbours_are_the_stored_periods_around(engine: Engine) -> None:
    first, second, third = fleet.weeks(period(), 3)
    for week in (first, second, third):
        fleet.parks(engine, {"park-1": fleet.CREATED}, week)
    pages = PostgresPayoutPages(engine)
    assert pages.neighbours(CADENCE, second.name) == (first.name, third.name)
    assert pages.neighbours(CADENCE, first.name) == (None, second.name)
