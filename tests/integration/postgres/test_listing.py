"""What is listed some at a time is what is read at once: all of it, in bytewise order, of one state of the database."""

import pytest
from sqlalchemy import Engine

from signalq_billing.adapters.postgres import reading, records
from tests.integration.postgres.factories import WEEK, World, payout

PARKS = ("park", "Park", "парк", "park\\", "park\\0", "park\x00", "park\x00\x01", "\\", "a]", "a[", "\U0001f697")


@pytest.fixture
def world(engine: Engine) -> World:
    made = World(engine)
    made.store(*(payout(park_id, {f"camera-{n}": "10.00" for n in range(3)}) for park_id in PARKS))
    return made


@pytest.mark.parametrize("at_once", [1, 2, 100])
def test_payouts_and_records_come_whole_and_in_bytewise_order(
    world: World, monkeypatch: pytest.MonkeyPatch, at_once: int
) -> None:
    monkeypatch.setattr(reading, "_PAYOUTS_AT_ONCE", at_once)
    monkeypatch.setattr(records, "_PAYOUTS_AT_ONCE", at_once)
    store = world.payouts
    expected = sorted(PARKS, key=str.encode)
    assert [each.park_id for each in store.each_payout()] == expected
    assert list(store.each_payout(WEEK.cadence, WEEK.name)) == store.payouts(WEEK.cadence, WEEK.name)
    assert [each.park_id for each in store.each_record(None, WEEK.name)] == expected
    some = ["park", "парк"]
    assert list(store.each_record(WEEK.cadence, WEEK.name, some)) == store.records(WEEK.cadence, WEEK.name, some)


def test_few_lines_are_in_memory_at_once(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[int] = []
    lines_of = records._lines
    monkeypatch.setattr(records, "_LINES_AT_ONCE", 6)
    monkeypatch.setattr(records, "_lines", lambda connection, ids: asked.append(len(ids)) or lines_of(connection, ids))
    found = list(world.payouts.each_record(WEEK.cadence, WEEK.name))
    assert sum(len(each.lines) for each in found) == 3 * len(PARKS)
    assert asked == [2, 2, 2, 2, 2, 1]


def test_a_payout_stored_meanwhile_is_not_half_in_the_list(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(records, "_PAYOUTS_AT_ONCE", 1)
    found = world.payouts.each_record(WEEK.cadence, WEEK.name)
    first = next(found)
    world.store(*(payout(park_id, {"other": "99.00"}) for park_id in PARKS))
    for each in (first, *found):
        assert (len(each.lines), each.progress.total) == (3, 30)
