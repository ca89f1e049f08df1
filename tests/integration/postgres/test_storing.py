"""Storing computed payouts: lines, orders and payloads as SPEC sections 7 and 8 say, replaced only while unclaimed."""

import datetime as dt
import json
import re
from decimal import Decimal
from fractions import Fraction
from itertools import count

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from signalq_billing.domain.config import OrderPer
from signalq_billing.domain.order import Rejected, external_ref, payload_hash
from signalq_billing.domain.payout import Payout, PayoutLine
from signalq_billing.domain.period import Period
from signalq_billing.domain.progress import ClaimRefusal, PaymentProgress, StoreResult
from signalq_billing.errors import UsageError
from tests.integration.postgres.factories import LEASE, WEEK, World, config, payout


def test_a_park_gets_one_order_of_its_total_with_its_paid_lines(world: World) -> None:
    assert world.store(payout(amounts={"cam-2": "20.50", "cam-1": "10.00", "cam-3": "0.00"})) == [StoreResult.STORED]
    found = world.progress()
    assert (found.total, found.currency, found.devices) == (Decimal("30.50"), "RUB", 3)
    assert found.payment_progress is PaymentProgress.NOT_CREATED
    claim = world.claim()
    assert claim.external_ref == external_ref("park-1", WEEK, 1) == "weekly_msk:2026-11-16:park-1:r1"
    assert (claim.amount, claim.payload_hash) == (Decimal("30.50"), payload_hash(claim.body))
    assert json.loads(claim.body) == {
        "external_ref": "weekly_msk:2026-11-16:park-1:r1",
        "kind": "signalq_camera_payout",
        "park_id": "park-1",
        "cadence": "weekly_msk",
        "period": {
            "name": "2026-11-16",
            "start": "2026-11-15T21:00:00Z",
            "end": "2026-11-22T21:00:00Z",
            "timezone": "Europe/Moscow",
        },
        "revision": 1,
        "currency": "RUB",
        "amount": "30.50",
        "carried": "0.00",
        "lines": [{"device_id": "cam-1", "amount": "10.00"}, {"device_id": "cam-2", "amount": "20.50"}],
        "event_at": "2026-11-22T21:00:00Z",
    }


def test_order_per_device_makes_one_order_per_paid_device(world: World) -> None:
    world.store(payout(amounts={"b": "1.00", "a": "2.00", "zero": "0.00"}, order_per=OrderPer.DEVICE))
    orders = world.progress().orders
    assert [(each.device_id, each.amount) for each in orders] == [("a", Decimal("2.00")), ("b", Decimal("1.00"))]
    assert [each.external_ref for each in orders] == [external_ref("park-1", WEEK, 1, device) for device in "ab"]
    body = json.loads(world.claim(orders[1].order_id).body)
    assert (body["amount"], body["lines"]) == ("1.00", [{"device_id": "b", "amount": "1.00"}])


@pytest.mark.parametrize("order_per", list(OrderPer))
def test_a_payout_of_zero_is_kept_with_its_reasons_and_has_nothing_to_send(world: World, order_per: OrderPer) -> None:
    world.store(payout(amounts={"cam-1": "0.00"}, order_per=order_per))
    found = world.progress()
    assert (found.total, found.reason, found.orders) == (0, "no_activity", ())
    assert [each.reason for each in world.payouts.lines(found.payout_id)] == ["below_min_active_days"]
    assert world.payouts.unfinished(10) == []


def test_lines_come_back_as_they_were_stored(world: World) -> None:
    computed = payout(amounts={})
    lines = (
        PayoutLine("a", 10**15, 7, Fraction(86_399, 3600), Decimal("0.10"), None),
        PayoutLine("b", 0, 0, Fraction(0), Decimal("0.00"), "no_units"),
    )
    world.store(Payout(computed.config, WEEK, "RUB", lines, Decimal("0.10"), None))
    assert tuple(world.payouts.lines(world.progress().payout_id)) == lines
    (row, _) = world.rows("SELECT * FROM payout_line ORDER BY line_no")
    assert (row["units"], row["units_exact"]) == (Decimal("23.999722"), "86399/3600")
    assert (row["park_id"], row["period_name"], row["revision"]) == ("park-1", WEEK.name, 1)


def test_storing_the_same_again_changes_nothing(world: World) -> None:
    world.store(payout())
    before = world.rows("SELECT * FROM payout"), world.rows("SELECT * FROM payout_order"), world.actions()
    assert world.store(payout()) == [StoreResult.UNCHANGED]
    assert before == (world.rows("SELECT * FROM payout"), world.rows("SELECT * FROM payout_order"), world.actions())


def test_before_the_first_claim_a_recompute_replaces_lines_and_orders(world: World) -> None:
    world.store(payout(amounts={"cam-1": "10.00", "cam-2": "5.00"}))
    seen = world.order()
    assert world.store(payout(amounts={"cam-1": "11.00"})) == [StoreResult.REPLACED]
    found = world.progress()
    assert [each.device_id for each in world.payouts.lines(found.payout_id)] == ["cam-1"]
    assert (found.total, world.order().amount) == (Decimal("11.00"), Decimal("11.00"))
    assert world.order().external_ref == seen.external_ref
    # Whoever looked at the old order, and checked guards against its amount, cannot send the new one by its id.
    assert world.payouts.claim(seen.order_id, "late", LEASE) is ClaimRefusal.UNKNOWN_ORDER
    assert world.actions() == ["stored", "replaced"]


def test_from_the_first_claim_on_a_recompute_changes_nothing(world: World) -> None:
    world.store(payout())
    claim = world.claim()
    assert world.store(payout(amounts={"cam-1": "99.00"})) == [StoreResult.FROZEN]
    world.payouts.record(claim, Rejected(422, "no"), "worker-1")
    assert world.store(payout(amounts={"cam-1": "99.00"})) == [StoreResult.FROZEN]
    assert world.store(payout()) == [StoreResult.UNCHANGED]
    assert world.progress().total == Decimal("30.50")
    assert [each.amount for each in world.payouts.lines(claim.payout_id)] == [Decimal("10.00"), Decimal("20.50")]


def test_a_recompute_voids_an_approval(world: World) -> None:
    world.store(payout())
    world.rows("UPDATE payout SET released_at = now(), released_by = 'ann', release_note = 'fine'")
    world.store(payout(amounts={"cam-1": "11.00"}))
    (row,) = world.rows("SELECT released_at, released_by, release_note FROM payout")
    assert set(row.values()) == {None}
    assert world.rows("SELECT data FROM history WHERE action = 'replaced'")[0]["data"]["approval_voided"] is True


def test_a_config_that_was_never_applied_pays_nobody(world: World) -> None:
    with pytest.raises(UsageError, match="park park-1: the config version of 2026-01-01"):
        world.payouts.store([payout()], world.snapshot_id, "run-1")
    assert world.payouts.payouts() == []


def test_a_payout_names_the_version_it_was_computed_with_even_if_that_was_superseded_meanwhile(world: World) -> None:
    old, new = config(unit_amount="10.00"), config(unit_amount="12.00")
    world.configs.apply([old], "ann")
    world.configs.apply([new], "ann")
    world.payouts.store([payout(of=old)], world.snapshot_id, "run-1")
    (row,) = world.rows("SELECT superseded_at FROM config_version JOIN payout ON config_version_id = config_version.id")
    assert row["superseded_at"] is not None


def test_the_same_money_by_another_config_version_is_stored_as_computed_by_that(world: World) -> None:
    old, new = config(unit_amount="10.00"), config(unit_amount="12.00")
    world.configs.apply([old], "ann")
    world.payouts.store([payout(of=old)], world.snapshot_id, "run-1")
    world.configs.apply([new], "ann")
    assert world.store(payout(of=new)) == [StoreResult.REPLACED]
    (row,) = world.rows("SELECT superseded_at FROM config_version JOIN payout ON config_version_id = config_version.id")
    assert row["superseded_at"] is None


OTHER_NAME = Period("fortnightly", dt.date(2026, 11, 16), dt.date(2026, 11, 30), "Europe/Moscow")
LAST_SECOND = Period("daily_utc", dt.date(2026, 11, 22), dt.date(2026, 11, 23), "UTC")
RIGHT_AFTER = Period("weekly_new", dt.date(2026, 11, 23), dt.date(2026, 11, 30), "Europe/Moscow")


@pytest.mark.parametrize("overlapping", [OTHER_NAME, LAST_SECOND])
def test_no_part_of_a_period_is_paid_again_under_another_cadence(world: World, overlapping: Period) -> None:
    world.store(payout("park-1"))
    moved = config("park-1", effective_from=dt.date(2026, 11, 1), cadence=overlapping.cadence)
    refused = world.store(payout("park-1", period=overlapping, of=moved), payout("park-2", period=overlapping))
    assert refused == [StoreResult.OVERLAP, StoreResult.STORED]
    ((park_id, problem),) = world.payouts.overlaps(overlapping, ["park-1", "park-2"])
    assert park_id == "park-1"
    assert re.search(r"park park-1: .* overlaps with weekly_msk 2026-11-16", problem)
    assert [each.park_id for each in world.payouts.payouts(overlapping.cadence)] == ["park-2"]
    assert world.progress("park-1").cadence == "weekly_msk"


def test_periods_that_only_touch_are_both_paid(world: World) -> None:
    world.store(payout())
    moved = config(effective_from=dt.date(2026, 11, 23), cadence=RIGHT_AFTER.cadence)
    assert world.store(payout(period=RIGHT_AFTER, of=moved)) == [StoreResult.STORED]


def test_every_park_that_overlaps_is_named_and_all_others_are_stored(world: World) -> None:
    world.store(payout("a"), payout("c"))
    moved = [config(park, effective_from=dt.date(2026, 11, 1), cadence=OTHER_NAME.cadence) for park in "abc"]
    world.store(*(payout(each.park_id, period=OTHER_NAME, of=each) for each in moved))
    assert [park for park, _ in world.payouts.overlaps(OTHER_NAME, ["a", "b", "c"])] == ["a", "c"]
    assert [each.park_id for each in world.payouts.payouts(OTHER_NAME.cadence)] == ["b"]


def test_a_cadence_redefined_under_its_name_never_passes_for_paid(world: World) -> None:
    world.store(payout("park-1"))
    world.claim(world.order("park-1").order_id)
    longer = Period(WEEK.cadence, WEEK.name, dt.date(2026, 11, 30), WEEK.timezone)
    assert world.store(payout("park-1", period=longer)) == [StoreResult.OVERLAP]
    assert [park for park, _ in world.payouts.overlaps(longer, ["park-1"])] == ["park-1"]
    assert world.payouts.overlaps(WEEK, ["park-1"]) == []


def test_a_payout_that_pays_nothing_and_was_never_sent_gives_way(world: World) -> None:
    world.store(payout("park-1", {}))
    moved = config("park-1", effective_from=dt.date(2026, 11, 1), cadence=OTHER_NAME.cadence)
    assert world.store(payout("park-1", period=OTHER_NAME, of=moved)) == [StoreResult.STORED]
    assert [each.cadence for each in world.payouts.payouts(park_ids=["park-1"])] == ["fortnightly"]
    assert world.actions("park-1") == ["stored", "voided", "stored"]


def test_a_frozen_payout_keeps_the_orders_it_has_whatever_is_computed_later(world: World) -> None:
    world.store(payout("park-1"))
    world.claim(world.order("park-1").order_id)
    (kept,) = world.payouts.store([payout("park-1", {})], world.snapshot_id, "run-2")
    assert (kept.result, kept.order_count) == (StoreResult.FROZEN, 1)


def test_payouts_of_parks_that_are_not_paid_any_more_are_taken_back_unless_claimed(world: World) -> None:
    world.store(payout("kept"), payout("gone"), payout("claimed"), payout("other", period=RIGHT_AFTER))
    world.claim(world.order("claimed").order_id)
    assert world.payouts.void_missing(WEEK, ["kept"], "run-2") == ["gone"]
    assert [each.park_id for each in world.payouts.payouts()] == ["claimed", "kept", "other"]
    assert world.actions("gone") == ["stored", "voided"]
    assert world.payouts.void_missing(WEEK, ["kept"], "run-2") == []
    assert world.store(payout("gone")) == [StoreResult.STORED]


def test_payouts_are_listed_bytewise_and_by_what_is_asked_for(world: World) -> None:
    parks = ["b", "B", "a", "é", "\x00z", "\\", "😀", "\ufffd"]
    moved = config("a", effective_from=RIGHT_AFTER.name, cadence=RIGHT_AFTER.cadence)
    world.store(*(payout(park) for park in parks), payout("a", period=RIGHT_AFTER, of=moved))
    listed = [(each.cadence, each.park_id) for each in world.payouts.payouts()]
    by_bytes = sorted(parks, key=str.encode)
    assert listed == [("weekly_msk", park) for park in by_bytes] + [("weekly_new", "a")]
    assert [each.park_id for each in world.payouts.payouts(cadence="weekly_new")] == ["a"]
    assert [each.cadence for each in world.payouts.payouts(period_name=RIGHT_AFTER.name)] == ["weekly_new"]
    assert [each.park_id for each in world.payouts.payouts("weekly_msk", WEEK.name, ["\\", "b", "none"])] == ["\\", "b"]
    assert world.payouts.payouts(park_ids=[]) == []


def test_the_database_refuses_what_code_must_never_do(world: World) -> None:
    world.store(payout())
    world.claim()
    for statement in (
        "UPDATE payout_order SET amount = 1",
        "UPDATE payout_order SET payload = 'x'",
        "UPDATE payout_order SET fencing = 0",
        "UPDATE payout SET total = 1",
        "UPDATE payout SET frozen_at = NULL",
        "DELETE FROM payout_order",
        "INSERT INTO payout_order (payout_id, external_ref, amount, currency, payload, payload_hash, created_at,"
        " updated_at) SELECT payout_id, external_ref, 1, 'RUB', '', '', now(), now() FROM payout_order",
        "UPDATE payout_order SET payment_progress = 'created'",
    ):
        with pytest.raises(Exception, match=r"refused|violates"):
            world.rows(statement)


ANY_ID = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=12)
NUMBERS = count()


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(tail=ANY_ID, devices=st.sets(ANY_ID, min_size=1, max_size=6), order_per=st.sampled_from(OrderPer))
def test_any_utf_8_is_an_id(world: World, tail: str, devices: set[str], order_per: OrderPer) -> None:
    park_id = f"{next(NUMBERS)}{tail}"
    computed = payout(park_id, dict.fromkeys(devices, "1.00"), order_per=order_per)
    world.store(computed)
    found = world.progress(park_id)
    assert tuple(world.payouts.lines(found.payout_id)) == computed.lines
    in_order = sorted(devices, key=str.encode)
    sent = [
        [each["device_id"] for each in json.loads(world.claim(order.order_id).body)["lines"]] for order in found.orders
    ]
    assert sent == ([in_order] if order_per is OrderPer.PARK else [[device] for device in in_order])
    rows = world.rows(
        "SELECT device_id::bytea AS raw, payment_progress FROM payout_line ORDER BY payout_id DESC, line_no"
    )
    assert [row["raw"].decode() for row in rows[: len(devices)]] == in_order
    assert {row["payment_progress"] for row in rows} == {"in_progress"}


def test_ids_of_any_length_are_stored(world: World) -> None:
    long_one, long_two = "x" * 20_000, "x" * 20_000 + "y"
    world.store(payout(amounts={long_one: "1.00", long_two: "2.00"}, order_per=OrderPer.DEVICE))
    world.claim(world.progress().orders[1].order_id)
    assert world.line_progress() == {long_one: "not_created", long_two: "in_progress"}
