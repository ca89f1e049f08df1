"""A park with very many cameras and an order for each: the page shows some, and tells of all of them."""

from dataclasses import replace
from decimal import Decimal

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import Engine

from signalq_billing.adapters.postgres.config_store import PostgresConfigStore
from signalq_billing.adapters.postgres.payout_pages import PostgresPayoutPages
from signalq_billing.adapters.postgres.payout_store import PostgresPayoutStore
from signalq_billing.domain.activity import ActivitySnapshot, BadRows
from signalq_billing.domain.adjustment import paid_by_device
from signalq_billing.domain.compute import compute_payout
from signalq_billing.domain.config import Limits, OrderPer
from signalq_billing.domain.glance import LineOrder, LineSearch
from signalq_billing.domain.progress import PayoutProgress
from signalq_billing.web import park
from tests.integration.web import fleet
from tests.integration.web.words import words
from tests.unit.domain.builders import config, period

WHERE = f"cadence=weekly_msk&period={period().name}&park=park-1"


@pytest.fixture
def stored(engine: Engine) -> PayoutProgress:
    """120 cameras; the last order's outcome is unknown, the first three are created."""
    store, made = PostgresPayoutStore(engine), config(limits=Limits(device_max=Decimal(50)))
    assert made.terms is not None
    per_device = replace(made, terms=replace(made.terms, order_per=OrderPer.DEVICE))
    PostgresConfigStore(engine).apply([per_device], "cli anna@desk")
    snapshot = ActivitySnapshot(period(), "//result", period().end, 1, BadRows(), period().end)
    store.store(
        [compute_payout(per_device, period(), fleet.devices(120))], store.save_snapshot(snapshot, "test"), "test"
    )
    (payout,) = store.payouts()
    fleet.bring(store, replace(payout, orders=payout.orders[:3]), fleet.CREATED)
    fleet.bring(store, replace(payout, orders=payout.orders[-1:]), fleet.UNKNOWN)
    return payout


def test_the_page_counts_what_it_does_not_show(stored: PayoutProgress, page: TestClient) -> None:
    told = words(page.get(f"/park?{WHERE}").text)
    assert "120 orders and attempts" in told
    assert "and 100 more orders" in told
    assert "120 devices, 120 paid" in told
    assert "4 attempts" in told
    assert stored.orders[0].external_ref in told
    assert stored.orders[50].external_ref not in told


def test_one_unknown_order_among_many_is_the_state_of_the_payout(stored: PayoutProgress, page: TestClient) -> None:
    assert stored.devices == 120
    assert "The payout outcome unknown" in words(page.get(f"/park?{WHERE}").text)


@pytest.mark.usefixtures("stored")
def test_the_arithmetic_of_very_many_devices_is_worked_out_on_request(
    page: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "device_max 50: applied to" in words(page.get(f"/park?{WHERE}").text)
    monkeypatch.setattr(park, "_RECKONED", 100)
    asked = words(page.get(f"/park?{WHERE}").text)
    assert "120 devices: working out what the limits did takes a moment" in asked
    assert "device_max 50" not in asked
    assert "device_max 50: applied to" in words(page.get(f"/park?{WHERE}&reckoning=yes").text)


@pytest.mark.parametrize("order", LineOrder)
@pytest.mark.parametrize("descending", [False, True])
def test_lines_over_revisions_are_those_of_the_records(engine: Engine, order: LineOrder, descending: bool) -> None:
    fleet.parks(engine, {"park-1": fleet.CREATED})
    fleet.adjust(engine, "park-1", days=3)
    first, second = PostgresPayoutStore(engine).records("weekly_msk", period().name, ["park-1"])
    ids = [each.progress.payout_id for each in (first, second)]
    found = PostgresPayoutPages(engine).lines(ids[1], ids, LineSearch("CAM", order, descending))
    assert {each.line.device_id: each.paid for each in found.rows} == paid_by_device([first, second])
    keys = {
        LineOrder.DEVICE: lambda each: each.line.device_id.encode(),
        LineOrder.SECONDS: lambda each: each.line.active_seconds,
        LineOrder.DAYS: lambda each: each.line.active_days,
        LineOrder.UNITS: lambda each: each.line.units,
        LineOrder.AMOUNT: lambda each: each.paid,
    }
    by_device = sorted(found.rows, key=lambda each: each.line.device_id.encode())
    assert list(found.rows) == sorted(by_device, key=keys[order], reverse=descending)
    assert {each.line for each in found.rows} == set(second.lines)
